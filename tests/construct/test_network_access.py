"""Functions in a VPC may use its network before they are created, whoever has put them there."""

from typing import Any

import pytest
from aws_cdk import App, Aspects, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from cdk_cleanroomsml import AudienceExportProvider, network_access
from cdk_cleanroomsml.network_access import ACTIONS
from tests.builders.aspects import PutIntoVpc
from tests.builders.stacks import declare


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


def policies_that_allow(template: Template) -> list[str]:
    return [
        name
        for name, policy in template.find_resources("AWS::IAM::Policy").items()
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == ACTIONS
    ]


def waits_of_functions(template: Template) -> list[Any]:
    return [function["DependsOn"] for function in template.find_resources("AWS::Lambda::Function").values()]


def test_with_a_vpc_both_functions_wait_for_the_permission(stack: Stack) -> None:
    AudienceExportProvider.configure(stack, vpc=ec2.Vpc(stack, "Vpc"))
    template = Template.from_stack(stack)
    [policy] = policies_that_allow(template)
    assert all(policy in waits for waits in waits_of_functions(template))


def test_the_same_if_an_aspect_has_put_them_there(stack: Stack) -> None:
    declare(stack)
    Aspects.of(stack).add(PutIntoVpc())
    template = Template.from_stack(stack)
    [policy] = policies_that_allow(template)
    assert len(waits_of_functions(template)) == 2
    assert all(policy in waits for waits in waits_of_functions(template))


def test_without_a_vpc_nothing_is_allowed(stack: Stack) -> None:
    declare(stack)
    assert policies_that_allow(Template.from_stack(stack)) == []


def test_the_actions_are_those_that_lambda_needs_for_its_network_interfaces() -> None:
    """As in the AWS managed policy AWSLambdaVPCAccessExecutionRole."""
    assert ACTIONS == [
        "ec2:AssignPrivateIpAddresses",
        "ec2:CreateNetworkInterface",
        "ec2:DeleteNetworkInterface",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:UnassignPrivateIpAddresses",
    ]


class Role(iam.Role):
    """A role that keeps what is added to its policy."""

    added: list[iam.PolicyStatement]

    def add_to_principal_policy(self, statement: iam.PolicyStatement) -> iam.AddToPrincipalPolicyResult:
        self.added.append(statement)
        return super().add_to_principal_policy(statement)


@pytest.mark.parametrize("is_in_vpc", [True, False], ids=["in a VPC", "in none"])
def test_the_permission_is_added_once_however_often_the_app_is_synthesised(stack: Stack, is_in_vpc: bool) -> None:
    role = Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    role.added = []
    runtime, code = lambda_.Runtime.PYTHON_3_13, lambda_.Code.from_inline("pass")
    function = lambda_.Function(stack, "Function", runtime=runtime, code=code, handler="index.handler", role=role)
    network_access.allow_if_an_aspect_asks(function, role)
    if is_in_vpc:
        Aspects.of(stack).add(PutIntoVpc())
    app = stack.node.root
    assert isinstance(app, App)
    for _ in range(2):
        app.synth(force=True)
    found = [(one.actions, one.resources) for one in role.added]
    assert found == ([(ACTIONS, ["*"])] if is_in_vpc else [])
