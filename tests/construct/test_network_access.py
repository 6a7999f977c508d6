"""Functions in a VPC may use its network before they are created, whoever has put them there."""

from typing import Any

import jsii
import pytest
from aws_cdk import App, Aspects, IAspect, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template
from constructs import IConstruct

from cdk_cleanroomsml import AudienceExportProvider
from cdk_cleanroomsml.network_access import ACTIONS
from tests.builders.stacks import declare


@jsii.implements(IAspect)
class PutIntoVpc:
    """What organisations do to every function of an app."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, lambda_.CfnFunction):
            node.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
                subnet_ids=["subnet-1"], security_group_ids=["sg-1"]
            )


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
