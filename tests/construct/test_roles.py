"""Whose role gets permissions: one that is made here or in the app, and never an imported one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Template

from cdk_cleanroomsml import AudienceExportProvider, roles
from cdk_cleanroomsml.provider_settings import ProviderSettings
from tests.builders.arns import JOB, OTHER_JOB
from tests.builders.stacks import EXPORT, declare

ARN = "arn:aws:iam::111122223333:role/path/exports"


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


def made(stack: Stack) -> ProviderSettings:
    """Roles of the app."""
    service = iam.ServicePrincipal
    return ProviderSettings(
        role=iam.Role(stack, "Role", assumed_by=service("lambda.amazonaws.com")),
        state_machine_role=iam.Role(stack, "OtherRole", assumed_by=service("states.amazonaws.com")),
    )


def imported(stack: Stack) -> ProviderSettings:
    """Imported roles, which the CDK would attach policies to."""
    role, other = (iam.Role.from_role_arn(stack, name, ARN) for name in ("Role", "OtherRole"))
    return ProviderSettings(role=role, state_machine_role=other)


def actions_of(template: Template) -> set[str]:
    found: set[str] = set()
    for policy in template.find_resources("AWS::IAM::Policy").values():
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            found.update([actions] if isinstance(actions, str) else actions)
    return found


def needing_everything(stack: Stack) -> ProviderSettings:
    """The settings that need more permissions."""
    return ProviderSettings(
        vpc=ec2.Vpc(stack, "Vpc"),
        tracing=lambda_.Tracing.ACTIVE,
        encryption_key=kms.Key(stack, "Key"),
        environment_encryption=kms.Key(stack, "EnvironmentKey"),
        state_machine_logging=sfn.LogOptions(),
    )


def test_roles_of_the_app_get_what_the_provider_needs(stack: Stack) -> None:
    given = made(stack)
    provider = AudienceExportProvider.configure(stack, **given)
    declare(stack)
    template = Template.from_stack(stack)
    assert (provider.role, provider.state_machine_role) == (given["role"], given["state_machine_role"])
    template.resource_count_is("AWS::IAM::Role", 2)
    assert {"cleanrooms-ml:StartAudienceExportJob", "states:StartExecution", "lambda:InvokeFunction"} <= actions_of(
        template
    )


def test_the_permissions_are_those_that_a_role_made_here_gets(stack: Stack) -> None:
    found = []
    for roles_of in (made, lambda _: ProviderSettings()):
        one = Stack(App(), "Campaigns")
        settings: dict[str, Any] = {**roles_of(one), **needing_everything(one)}
        AudienceExportProvider.configure(one, **settings)
        declare(one)
        found.append(actions_of(Template.from_stack(one)) | {"lambda:InvokeFunction"})  # inline in a role made here
    assert found[0] == found[1]


def test_nothing_is_added_to_imported_roles(stack: Stack) -> None:
    settings: dict[str, Any] = {**imported(stack), **needing_everything(stack)}
    provider = AudienceExportProvider.configure(stack, **settings)
    provider.add_to_role_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"]))
    declare(stack)
    declare(stack, "Other", audience_generation_job_arn=stack.resolve(OTHER_JOB))
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::IAM::Policy", 0)
    names = {json.dumps(role) for role in template.find_resources("AWS::IAM::Role")}
    assert not {name for name in names if "CleanRoomsML" in name}
    for function in template.find_resources("AWS::Lambda::Function").values():
        assert function["Properties"]["Role"] == ARN
    template.has_resource_properties("AWS::StepFunctions::StateMachine", {"RoleArn": ARN})
    template.resource_count_is(EXPORT, 2)


def test_what_is_added_to_the_role_policy_reaches_the_functions(stack: Stack) -> None:
    provider = AudienceExportProvider.of(stack)
    provider.add_to_role_policy(iam.PolicyStatement(actions=["ssm:GetParameter"], resources=["*"]))
    assert "ssm:GetParameter" in actions_of(Template.from_stack(stack))


def test_the_provider_can_be_granted_something(stack: Stack) -> None:
    s3.Bucket(stack, "Audiences").grant_read(AudienceExportProvider.of(stack))
    assert "s3:GetObject*" in actions_of(Template.from_stack(stack))


def test_a_permissions_boundary_reaches_both_roles(stack: Stack) -> None:
    declare(stack)
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary")
    iam.PermissionsBoundary.of(stack).apply(boundary)
    found = Template.from_stack(stack).find_resources("AWS::IAM::Role")
    assert len(found) == 2
    assert all("PermissionsBoundary" in role["Properties"] for role in found.values())


class TestMadeHere:
    HANDLER = "arn:aws:lambda:us-east-1:111122223333:function:handler"

    def test_the_role_of_the_functions_is_for_lambda_only(self, stack: Stack) -> None:
        role = roles.make_handler_role(stack)
        assert role.node.path == "Campaigns/HandlerRole"
        [found] = Template.from_stack(stack).find_resources("AWS::IAM::Role").values()
        assert found["Properties"] == {
            "AssumeRolePolicyDocument": {
                "Statement": [
                    {
                        "Action": "sts:AssumeRole",
                        "Effect": "Allow",
                        "Principal": {"Service": "lambda.amazonaws.com"},
                    }
                ],
                "Version": "2012-10-17",
            },
            "Description": "Starts and follows the audience exports of one stack",
        }

    def test_the_role_of_the_state_machine_is_for_machines_of_the_account_and_may_call_the_handler(
        self, stack: Stack
    ) -> None:
        """No other account's machine can use it, whoever names it there."""
        role = roles.make_state_machine_role(stack, self.HANDLER)
        assert role.node.path == "Campaigns/StateMachineRole"
        [found] = Template.from_stack(stack).find_resources("AWS::IAM::Role").values()
        [assumed] = found["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        assert assumed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
        assert assumed["Principal"] == {"Service": "states.amazonaws.com"}
        [policy] = found["Properties"]["Policies"]
        assert policy["PolicyName"] == "Handler"
        assert policy["PolicyDocument"]["Statement"] == [
            {"Action": "lambda:InvokeFunction", "Effect": "Allow", "Resource": self.HANDLER}
        ]
        assert found["Properties"]["Description"] == "Calls the handler of audience exports, step by step"


class TestWithoutChanges:
    def test_a_role_of_the_app_is_given_permissions(self, stack: Stack) -> None:
        principal = iam.ServicePrincipal("lambda.amazonaws.com")
        for role in (iam.Role(stack, "Role", assumed_by=principal), iam.LazyRole(stack, "Lazy", assumed_by=principal)):
            assert roles.without_changes(stack, "AsItIs", role) is role

    def test_an_imported_role_stays_as_it_is(self, stack: Stack) -> None:
        found = roles.without_changes(stack, "AsItIs", iam.Role.from_role_arn(stack, "Role", ARN))
        assert (found.role_arn, found.node.path) == (ARN, "Campaigns/AsItIs")
        found.add_to_principal_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"]))
        Template.from_stack(stack).resource_count_is("AWS::IAM::Policy", 0)


class TestCustomizeRoles:
    """An organisation that lets no IAM come from the CDK gets a report of what to make, and makes it."""

    PROVIDER = "Campaigns/CleanRoomsMLAudienceExports"
    NAMES: ClassVar = {f"{PROVIDER}/HandlerRole": "exports", f"{PROVIDER}/StateMachineRole": "exports-machine"}

    @pytest.fixture
    def synthesised(self, tmp_path: Path) -> Callable[..., tuple[Template, dict[str, Any]]]:
        def synthesise(*jobs: str, **settings: Any) -> tuple[Template, dict[str, Any]]:
            app = App(outdir=str(tmp_path))
            stack = Stack(app, "Campaigns")
            iam.Role.customize_roles(stack, use_precreated_roles=self.NAMES)
            if settings:
                AudienceExportProvider.configure(stack, **settings)
            for number, job in enumerate(jobs):
                declare(stack, f"Export{number}", audience_generation_job_arn=job)
            template = Template.from_stack(stack)
            report = json.loads((tmp_path / "iam-policy-report.json").read_text())
            return template, {role["roleConstructPath"].split("/")[-1]: role for role in report["roles"]}

        return synthesise

    def test_no_iam_is_left_in_the_template(self, synthesised: Callable[..., Any]) -> None:
        template, _ = synthesised(JOB, OTHER_JOB, tracing=lambda_.Tracing.ACTIVE)
        types = {resource["Type"] for resource in template.to_json()["Resources"].values()}
        assert not {one for one in types if one.startswith("AWS::IAM")}

    def test_the_report_has_every_permission(self, synthesised: Callable[..., Any]) -> None:
        declared = Stack(App(), "Campaigns")
        for number, job in enumerate((JOB, OTHER_JOB)):
            declare(declared, f"Export{number}", audience_generation_job_arn=job)
        expected = actions_of(Template.from_stack(declared))
        _, report = synthesised(JOB, OTHER_JOB)
        reported = json.dumps(report["HandlerRole"]["identityPolicyStatements"])
        assert all(action in reported for action in expected)
        assert JOB in reported
        assert OTHER_JOB in reported
        assert "lambda:InvokeFunction" in json.dumps(report["StateMachineRole"]["identityPolicyStatements"])
        assert "Token[" not in json.dumps(report)
