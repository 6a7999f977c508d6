"""The machine in the template is the one that `states` defines, with the role, key, log and tracing of the settings."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Template
from constructs import IConstruct

from cdk_cleanroomsml import AudienceExportProvider, cdk_releases, state_machine, states
from tests.builders.arns import HANDLER
from tests.builders.stacks import EXPORT, declare
from tests.builders.templates import only_one

MACHINE, POLICY, LOG_GROUP = "AWS::StepFunctions::StateMachine", "AWS::IAM::Policy", "AWS::Logs::LogGroup"
NAME = "CleanRoomsMLAudienceExportsStateMachine2B5E0CD3"
ROLE = "CleanRoomsMLAudienceExportsStateMachineRole49C77A58"
HANDLER_ARN = {"Fn::GetAtt": ["CleanRoomsMLAudienceExportsHandlerDC88305D", "Arn"]}
KEY_ARN = {"Fn::GetAtt": ["Key961B73FD", "Arn"]}
CALL = {"Action": "lambda:InvokeFunction", "Effect": "Allow", "Resource": HANDLER_ARN}


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


def configured(stack: Stack, **settings: Any) -> Mapping[str, Any]:
    """The template of a stack whose provider has settings."""
    AudienceExportProvider.configure(stack, **settings)
    return Template.from_stack(stack).to_json()


def properties(template: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of the only state machine."""
    return dict(only_one(template, MACHINE)[1]["Properties"])


def allowed_to(template: Mapping[str, Any], role_id: str) -> list[dict[str, Any]]:
    """The statements of the policies that are attached to a role."""
    policies = [one["Properties"] for one in template["Resources"].values() if one["Type"] == POLICY]
    of_role = [one["PolicyDocument"]["Statement"] for one in policies if {"Ref": role_id} in one["Roles"]]
    return [statement for statements in of_role for statement in statements]


def key_users(template: Mapping[str, Any]) -> list[str]:
    """The services that the only key lets use it."""
    _, key = only_one(template, "AWS::KMS::Key")
    principals = [one["Principal"] for one in key["Properties"]["KeyPolicy"]["Statement"]]
    return [json.dumps(principal["Service"]) for principal in principals if "Service" in principal]


def role_of_app(stack: Stack) -> iam.Role:
    return iam.Role(stack, "Own", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))


def deployed_definition(stack: Stack) -> dict[str, Any]:
    """The definition, with the handler's ARN where the template refers to it."""
    [machine] = Template.from_stack(stack).find_resources(MACHINE).values()
    parts = machine["Properties"]["DefinitionString"]["Fn::Join"][1]
    return dict(json.loads("".join(part if isinstance(part, str) else HANDLER for part in parts)))


def test_the_template_has_the_whole_definition(stack: Stack) -> None:
    """The CDK leaves out what is null, which means something in the Amazon States Language."""
    declare(stack)
    assert deployed_definition(stack) == states.definition(HANDLER)


def test_by_default_it_has_a_role_and_neither_key_log_nor_tracing(stack: Stack) -> None:
    template = configured(stack)
    assert properties(template).keys() == {"DefinitionString", "RoleArn"}
    assert properties(template)["RoleArn"] == {"Fn::GetAtt": [ROLE, "Arn"]}
    assert allowed_to(template, ROLE) == [], "the role that is made has its permission inline"


def test_it_has_the_logical_id_of_the_first_release(stack: Stack) -> None:
    assert only_one(configured(stack), MACHINE)[0] == NAME


def test_cfn_lint_finds_no_redundant_dependency(stack: Stack) -> None:
    _, machine = only_one(configured(stack), MACHINE)
    assert machine["Metadata"]["cfn-lint"] == {"config": {"ignore_checks": ["W3005"]}}


def test_what_the_machine_causes_is_acknowledged_with_a_reason(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[tuple[str, str], str] = {}

    def remember(construct: IConstruct, rule: str, reason: str) -> None:
        found[construct.node.id, rule] = reason

    monkeypatch.setattr(cdk_releases, "acknowledge", remember)
    configured(stack)
    expected = {
        ("StateMachine", "AwsSolutions-SF1"),
        ("StateMachine", "AwsSolutions-SF2"),
        ("StateMachineRole", "AwsSolutions-IAM5[Resource::*]"),
    }
    assert expected <= found.keys()
    assert all(found[one] for one in expected)


class TestTracing:
    def test_active_tracing_of_the_functions_traces_it_too(self, stack: Stack) -> None:
        template = configured(stack, tracing=lambda_.Tracing.ACTIVE)
        assert properties(template)["TracingConfiguration"] == {"Enabled": True}

    def test_any_other_tracing_leaves_it_untraced(self, stack: Stack) -> None:
        """Not even switched off: the property itself would be a change of what is deployed."""
        assert "TracingConfiguration" not in properties(configured(stack, tracing=lambda_.Tracing.PASS_THROUGH))


class TestRole:
    def test_one_of_the_app_may_call_the_handler(self, stack: Stack) -> None:
        role = role_of_app(stack)
        template = configured(stack, state_machine_role=role)
        [role_id] = [name for name in template["Resources"] if name.startswith("Own") and "Policy" not in name]
        assert properties(template)["RoleArn"] == {"Fn::GetAtt": [role_id, "Arn"]}
        assert allowed_to(template, role_id) == [CALL]


class TestKey:
    def test_it_encrypts_the_machine_whose_role_may_use_it(self, stack: Stack) -> None:
        template = configured(stack, encryption_key=kms.Key(stack, "Key"))
        assert properties(template)["EncryptionConfiguration"] == {
            "Type": "CUSTOMER_MANAGED_KMS_KEY",
            "KmsKeyId": KEY_ARN,
            "KmsDataKeyReusePeriodSeconds": 300,
        }
        [use] = allowed_to(template, ROLE)
        assert (use["Action"], use["Resource"]) == (["kms:Decrypt", "kms:GenerateDataKey"], KEY_ARN)

    def test_without_a_log_it_delivers_none(self, stack: Stack) -> None:
        template = configured(stack, encryption_key=kms.Key(stack, "Key"), log_group=logs.LogGroup(stack, "Own"))
        assert key_users(template) == []

    def test_with_a_log_it_lets_that_be_delivered(self, stack: Stack) -> None:
        destination = logs.LogGroup(stack, "Own")
        options = sfn.LogOptions(destination=destination)
        template = configured(
            stack, encryption_key=kms.Key(stack, "Key"), log_group=destination, state_machine_logging=options
        )
        assert key_users(template) == ['"delivery.logs.amazonaws.com"']
        actions = [statement["Action"] for statement in allowed_to(template, ROLE)]
        assert "kms:GenerateDataKey" in actions
        assert ["kms:Decrypt", "kms:GenerateDataKey"] in actions

    def test_a_log_needs_no_key(self, stack: Stack) -> None:
        template = configured(stack, state_machine_logging=sfn.LogOptions())
        assert "kms:" not in json.dumps(template)


class TestLog:
    @staticmethod
    def logging(stack: Stack, options: sfn.LogOptions) -> dict[str, Any]:
        return dict(properties(configured(stack, state_machine_logging=options))["LoggingConfiguration"])

    def test_it_has_the_level_and_the_destination_that_are_given(self, stack: Stack) -> None:
        destination = logs.LogGroup(stack, "Own")
        options = sfn.LogOptions(destination=destination, level=sfn.LogLevel.ALL)
        group = {"CloudWatchLogsLogGroup": {"LogGroupArn": stack.resolve(destination.log_group_arn)}}
        assert self.logging(stack, options) == {
            "Destinations": [group],
            "IncludeExecutionData": False,
            "Level": "ALL",
        }
        Template.from_stack(stack).resource_count_is(LOG_GROUP, 2)

    def test_by_default_it_has_errors_in_a_group_that_is_made(self, stack: Stack) -> None:
        logging = self.logging(stack, sfn.LogOptions())
        assert logging["Level"] == "ERROR"
        [destination] = logging["Destinations"]
        [name, _] = destination["CloudWatchLogsLogGroup"]["LogGroupArn"]["Fn::GetAtt"]
        assert name.startswith("CleanRoomsMLAudienceExportsStateMachineLogs")

    def test_off_is_no_log_and_makes_no_group(self, stack: Stack) -> None:
        template = configured(stack, state_machine_logging=sfn.LogOptions(level=sfn.LogLevel.OFF))
        assert "LoggingConfiguration" not in properties(template)
        assert only_one(template, LOG_GROUP)[0].startswith("CleanRoomsMLAudienceExportsLogs")


def test_it_can_be_given_another_definition_until_synthesis(stack: Stack) -> None:
    machine = AudienceExportProvider.of(stack).state_machine
    other = {"StartAt": "End", "States": {"End": {"Type": "Succeed", "Comment": stack.region}}}
    state_machine.redefine(machine, other)
    written = properties(Template.from_stack(stack).to_json())["DefinitionString"]
    before, after = '{"StartAt":"End","States":{"End":{"Type":"Succeed","Comment":"', '"}}}'
    assert written == {"Fn::Join": ["", [before, {"Ref": "AWS::Region"}, after]]}


def test_its_arn_in_an_export_waits_for_the_delivery_of_events(stack: Stack) -> None:
    declare(stack)
    template = Template.from_stack(stack).to_json()
    _, export = only_one(template, EXPORT)
    delivery, _ = only_one(template, "AWS::Lambda::EventInvokeConfig")
    picked = {"Fn::Select": [0, [{"Fn::GetAtt": [NAME, "Arn"]}, {"Ref": delivery}]]}
    assert export["Properties"]["StateMachineArn"] == picked


def test_its_executions_are_those_of_its_name(stack: Stack) -> None:
    machine = AudienceExportProvider.of(stack).state_machine
    assert stack.resolve(state_machine.executions_of(machine)) == {
        "Fn::Join": [
            "",
            [
                "arn:",
                {"Ref": "AWS::Partition"},
                ":states:",
                {"Ref": "AWS::Region"},
                ":",
                {"Ref": "AWS::AccountId"},
                ":execution:",
                {"Fn::GetAtt": [NAME, "Name"]},
                ":*",
            ],
        ]
    }
