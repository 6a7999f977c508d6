"""A customer managed key encrypts what a provider stores, and those who need the key may use it."""

import json
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Match, Template

from cdk_cleanroomsml import AudienceExportProvider, encryption
from tests.builders.arns import ACCOUNT
from tests.builders.stacks import declare

MACHINE = "AWS::StepFunctions::StateMachine"
CONTEXT = "kms:EncryptionContext:aws:states:stateMachineArn"


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


def encrypted(stack: Stack, **settings: Any) -> tuple[Template, dict[str, Any]]:
    """The template of a stack with a key, and how that refers to the key."""
    AudienceExportProvider.configure(stack, encryption_key=kms.Key(stack, "Key"), **settings)
    declare(stack)
    template = Template.from_stack(stack)
    [key] = template.find_resources("AWS::KMS::Key")
    return template, {"Fn::GetAtt": [key, "Arn"]}


def statements_on(template: Template, key: dict[str, Any], part_of_policy: str) -> list[dict[str, Any]]:
    [policy] = [one for name, one in template.find_resources("AWS::IAM::Policy").items() if part_of_policy in name]
    found = policy["Properties"]["PolicyDocument"]["Statement"]
    return [statement for statement in found if statement["Resource"] == key]


def test_executions_and_logs_are_encrypted(stack: Stack) -> None:
    template, key = encrypted(stack, state_machine_logging=sfn.LogOptions())
    encryption = {"Type": "CUSTOMER_MANAGED_KMS_KEY", "KmsKeyId": key, "KmsDataKeyReusePeriodSeconds": 300}
    template.has_resource_properties(MACHINE, {"EncryptionConfiguration": encryption})
    assert len(template.find_resources("AWS::Logs::LogGroup", {"Properties": {"KmsKeyId": key}})) == 2


def test_the_machine_may_use_the_key_before_it_has_a_name(stack: Stack) -> None:
    """Its own name is made at deployment, and it cannot be created before its role may use the key."""
    template, key = encrypted(stack)
    [use] = statements_on(template, key, "StateMachineRole")
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    [pattern] = use["Condition"]["ArnLike"].values()
    assert list(use["Condition"]["ArnLike"]) == [CONTEXT]
    assert pattern["Fn::Join"][1][-1] == ":stateMachine:*"
    [machine] = template.find_resources(MACHINE).values()
    assert any("StateMachineRoleDefaultPolicy" in name for name in machine["DependsOn"])


def test_the_handler_may_start_and_stop_encrypted_executions_of_its_machine(stack: Stack) -> None:
    template, key = encrypted(stack)
    [machine] = template.find_resources(MACHINE)
    [use] = statements_on(template, key, "AudienceExportAccess")
    assert use["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    assert use["Condition"] == {"StringEquals": {CONTEXT: {"Ref": machine}}}


def test_the_key_lets_the_services_use_it_that_write_logs(stack: Stack) -> None:
    template, key = encrypted(stack, state_machine_logging=sfn.LogOptions())
    [policy] = [one["Properties"]["KeyPolicy"] for one in template.find_resources("AWS::KMS::Key").values()]
    services = [json.dumps(one["Principal"]) for one in policy["Statement"] if "Service" in one["Principal"]]
    assert any('"logs."' in service for service in services)
    assert any("delivery.logs.amazonaws.com" in service for service in services)
    assert ["kms:GenerateDataKey"] in [[one["Action"]] for one in statements_on(template, key, "StateMachineRole")]


def test_a_given_log_group_keeps_its_own_key(stack: Stack) -> None:
    template, _ = encrypted(stack, log_group=logs.LogGroup(stack, "Own"))
    template.has_resource_properties("AWS::Logs::LogGroup", {"KmsKeyId": Match.absent()})
    [policy] = [one["Properties"]["KeyPolicy"] for one in template.find_resources("AWS::KMS::Key").values()]
    assert len(policy["Statement"]) == 1, "nobody else needs it"


def test_an_imported_key_is_used_as_it_is(stack: Stack) -> None:
    arn = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-4333-8444-555555555555"
    AudienceExportProvider.configure(stack, encryption_key=kms.Key.from_key_arn(stack, "Key", arn))
    declare(stack)
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::KMS::Key", 0)
    template.has_resource_properties(MACHINE, {"EncryptionConfiguration": Match.object_like({"KmsKeyId": arn})})


def test_without_a_key_aws_owns_it(stack: Stack) -> None:
    declare(stack)
    template = Template.from_stack(stack)
    template.has_resource_properties(MACHINE, {"EncryptionConfiguration": Match.absent()})
    assert "kms:" not in json.dumps(template.to_json())


class TestStatements:
    """Word by word, with literal ARNs: the service compares each of them."""

    @pytest.fixture
    def stack(self) -> Stack:
        app = App(context={"@aws-cdk/core:enablePartitionLiterals": True})
        return Stack(app, "Campaigns", env=Environment(account=ACCOUNT, region="us-east-1"))

    @pytest.fixture
    def key(self, stack: Stack) -> kms.Key:
        return kms.Key(stack, "Key")

    def written(self, stack: Stack, statement: iam.PolicyStatement) -> Any:
        return stack.resolve(statement.to_statement_json())

    def last_of_key_policy(self, stack: Stack) -> Any:
        [key] = Template.from_stack(stack).find_resources("AWS::KMS::Key").values()
        return key["Properties"]["KeyPolicy"]["Statement"][-1]

    def test_the_role_may_use_the_key_for_any_machine_of_the_account(self, stack: Stack, key: kms.Key) -> None:
        assert self.written(stack, encryption.for_machine(key, stack)) == {
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Condition": {"ArnLike": {CONTEXT: f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:*"}},
            "Effect": "Allow",
            "Resource": stack.resolve(key.key_arn),
        }

    def test_the_caller_may_use_the_key_for_one_machine(self, stack: Stack, key: kms.Key) -> None:
        definition = sfn.DefinitionBody.from_chainable(sfn.Succeed(stack, "End"))
        machine = sfn.StateMachine(stack, "Machine", definition_body=definition)
        assert self.written(stack, encryption.for_caller(key, machine)) == {
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Condition": {"StringEquals": {CONTEXT: stack.resolve(machine.state_machine_arn)}},
            "Effect": "Allow",
            "Resource": stack.resolve(key.key_arn),
        }

    def test_the_key_is_for_the_log_groups_of_the_account(self, stack: Stack, key: kms.Key) -> None:
        encryption.let_logs_use(key, stack)
        groups = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:*"
        assert self.last_of_key_policy(stack) == {
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": groups}},
            "Effect": "Allow",
            "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
            "Resource": "*",
        }

    def test_the_delivery_of_a_log_needs_the_key_and_so_does_the_machine(self, stack: Stack, key: kms.Key) -> None:
        of_machine = encryption.let_deliver_logs(key, stack)
        assert self.last_of_key_policy(stack) == {
            "Action": "kms:Decrypt*",
            "Effect": "Allow",
            "Principal": {"Service": "delivery.logs.amazonaws.com"},
            "Resource": "*",
        }
        source = f"arn:aws:logs:us-east-1:{ACCOUNT}:*"
        assert self.written(stack, of_machine) == {
            "Action": "kms:GenerateDataKey",
            "Condition": {"StringEquals": {"kms:EncryptionContext:SourceArn": source}},
            "Effect": "Allow",
            "Resource": stack.resolve(key.key_arn),
        }
