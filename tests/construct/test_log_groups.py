"""A log group that the provider makes goes with the stack, and a retained one does not stand in the way of the next."""

from typing import Any

import pytest
from aws_cdk import App, RemovalPolicy, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Match, Template
from constructs import Construct

from cdk_cleanroomsml import log_groups
from cdk_cleanroomsml.provider_settings import ProviderSettings
from tests.builders.arns import STACK_ID
from tests.builders.templates import only_one

GROUP = "AWS::Logs::LogGroup"
# CloudFormation ends the id of a stack with a UUID; the last part of this one is in the name.
OF_STACK = "0a1b2c3d4e5f"
DEPLOYED = {"AWS::StackId": STACK_ID.rpartition("/")[0] + f"/11111111-2222-4333-8444-{OF_STACK}"}
BOTH = [log_groups.make_for_functions, log_groups.make_for_state_machine]
both = pytest.mark.parametrize("make", BOTH, ids=["functions", "state machine"])


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


@pytest.fixture
def scope(stack: Stack) -> Construct:
    return Construct(stack, "Provider")


def at_deployment(value: Any) -> Any:
    """What CloudFormation makes of the functions of a template."""
    match value:
        case {"Ref": name}:
            return DEPLOYED[name]
        case {"Fn::Join": [separator, parts]}:
            return separator.join(at_deployment(part) for part in parts)
        case {"Fn::Split": [separator, text]}:
            return at_deployment(text).split(separator)
        case {"Fn::Select": [index, parts]}:
            return at_deployment(parts)[int(index)]
    return value


@both
def test_it_is_kept_for_a_month_and_deleted_with_the_stack(stack: Stack, scope: Construct, make: Any) -> None:
    group = make(scope, ProviderSettings())
    assert isinstance(group, logs.LogGroup)
    _, found = only_one(Template.from_stack(stack).to_json(), GROUP)
    assert found["DeletionPolicy"] == found["UpdateReplacePolicy"] == "Delete"
    assert found["Properties"]["RetentionInDays"] == 30
    assert "KmsKeyId" not in found["Properties"]


@both
def test_retention_and_fate_are_as_set(stack: Stack, scope: Construct, make: Any) -> None:
    settings = ProviderSettings(log_retention=logs.RetentionDays.ONE_YEAR, log_removal_policy=RemovalPolicy.RETAIN)
    make(scope, settings)
    _, found = only_one(Template.from_stack(stack).to_json(), GROUP)
    assert (found["DeletionPolicy"], found["Properties"]["RetentionInDays"]) == ("Retain", 365)


def test_the_group_of_the_functions_is_named_by_cloudformation(stack: Stack, scope: Construct) -> None:
    """A name that is given would be taken if the group was retained."""
    assert log_groups.make_for_functions(scope, ProviderSettings()).node.path == "Campaigns/Provider/Logs"
    Template.from_stack(stack).has_resource_properties(GROUP, {"LogGroupName": Match.absent()})


def test_the_group_of_the_state_machines_has_a_name_of_step_functions_and_of_the_very_stack(
    stack: Stack, scope: Construct
) -> None:
    log_groups.make_for_state_machine(scope, ProviderSettings())
    _, found = only_one(Template.from_stack(stack).to_json(), GROUP)
    name = at_deployment(found["Properties"]["LogGroupName"])
    assert name == f"/aws/vendedlogs/states/Campaigns-{scope.node.addr[-8:]}-{OF_STACK}"


def test_the_name_fits_with_the_longest_name_of_a_stack() -> None:
    stack = Stack(App(), "Id", stack_name="S" * 128)
    log_groups.make_for_state_machine(Construct(stack, "Provider"), ProviderSettings())
    _, found = only_one(Template.from_stack(stack).to_json(), GROUP)
    assert len(at_deployment(found["Properties"]["LogGroupName"])) <= 512


def test_both_state_machines_have_one_group(stack: Stack, scope: Construct) -> None:
    first = log_groups.make_for_state_machine(scope, ProviderSettings())
    assert first.node.path == "Campaigns/Provider/StateMachineLogs"
    assert log_groups.make_for_state_machine(scope, ProviderSettings()) is first
    Template.from_stack(stack).resource_count_is(GROUP, 1)


@both
def test_a_key_encrypts_it_and_lets_the_service_use_it(stack: Stack, scope: Construct, make: Any) -> None:
    make(scope, ProviderSettings(encryption_key=kms.Key(stack, "Key")))
    template = Template.from_stack(stack).to_json()
    key_id, key = only_one(template, "AWS::KMS::Key")
    _, found = only_one(template, GROUP)
    assert found["Properties"]["KmsKeyId"] == {"Fn::GetAtt": [key_id, "Arn"]}
    actions = [statement["Action"] for statement in key["Properties"]["KeyPolicy"]["Statement"]]
    assert "kms:Encrypt*" in actions[-1]
    assert len(actions) == 2


CONFIGURABLE = "aws:cdk:is-custom-resource-handler-logGroup"


@both
@pytest.mark.parametrize(
    ("settings", "is_marked"),
    [
        ({}, True),
        ({"log_retention": logs.RetentionDays.ONE_DAY}, False),
        ({"log_removal_policy": RemovalPolicy.RETAIN}, False),
    ],
    ids=["nothing set", "retention", "removal policy"],
)
def test_the_app_s_custom_resource_config_finds_one_for_which_nothing_is_set(
    scope: Construct, make: Any, settings: Any, is_marked: bool
) -> None:
    """It would overrule what is set."""
    group = make(scope, settings)
    marks = [(one.type, one.data) for one in group.node.metadata]
    assert ((CONFIGURABLE, True) in marks) == is_marked
