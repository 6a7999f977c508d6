"""A stack that wants events has a follower, and what it needs; one that does not has nothing of it."""

import json
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_events as events
from aws_cdk.assertions import Match, Template

from cdk_cleanroomsml import AudienceExportProvider, follower_states, states
from tests.builders.role_policies import ROLE_BYTES, bytes_of_role, is_every, job_resources, literal, parameter
from tests.builders.stacks import EXPORT, declare, settings_of_every_kind
from tests.builders.templates import waits_for

FOLLOWER = "CleanRoomsMLAudienceExportsFollower40ED8B26"
ACCESS = "CleanRoomsMLAudienceExportsFollowerAccess38802701"
STATE_MACHINE = "CleanRoomsMLAudienceExportsStateMachine2B5E0CD3"


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


def policy(template: Template, name: str) -> dict[str, str]:
    """The actions that a policy allows, and the references of what it allows them on."""
    statements = template.to_json()["Resources"][name]["Properties"]["PolicyDocument"]["Statement"]
    return {str(one["Action"]): json.dumps(one["Resource"]) for one in statements}


def definition_of(template: Template, name: str) -> str:
    return json.dumps(template.to_json()["Resources"][name]["Properties"]["DefinitionString"])


def with_names(template: Template, name: str) -> dict[str, Any]:
    """The definition of a state machine, with the names of what it refers to."""
    parts = template.to_json()["Resources"][name]["Properties"]["DefinitionString"]["Fn::Join"][1]
    return dict(json.loads("".join(part if isinstance(part, str) else f"<{_named(part)}>" for part in parts)))


def _named(reference: dict[str, Any]) -> str:
    return str(reference["Ref"]) if "Ref" in reference else ".".join(reference["Fn::GetAtt"])


def test_without_events_there_is_no_state_permission_or_resource_more(stack: Stack) -> None:
    declare(stack)
    template = Template.from_stack(stack)
    text = json.dumps(template.to_json())
    assert not any(word in text for word in ("Follow?", "Follower", "events:", "DescribeStackResource", "states:::"))
    assert AudienceExportProvider.of(stack).follower is None


def test_the_first_rule_brings_the_follower(stack: Stack) -> None:
    first, second, third = (declare(stack, f"Export{number}") for number in range(3))
    first.on_active("Active")
    second.on_failed("Failed")
    second.on_event("Ended")
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::StepFunctions::StateMachine", 2)
    properties = [one["Properties"] for one in template.find_resources(EXPORT).values()]
    assert [one.get("FollowerArn") for one in properties] == [{"Ref": FOLLOWER}, {"Ref": FOLLOWER}, None]
    assert third.node.path == "Campaigns/Export2"
    assert AudienceExportProvider.of(stack).follower is not None


def test_an_event_bus_is_for_every_export(stack: Stack) -> None:
    bus = events.EventBus(stack, "Bus")
    provider = AudienceExportProvider.configure(stack, event_bus=bus)
    assert provider.event_bus is bus
    declare(stack)
    declare(stack, "Other").on_active("Active")
    template = Template.from_stack(stack)
    assert all("FollowerArn" in one["Properties"] for one in template.find_resources(EXPORT).values())
    template.has_resource_properties("AWS::Events::Rule", {"EventBusName": {"Ref": "BusEA82B648"}})
    assert "BusEA82B648" in definition_of(template, FOLLOWER)
    assert "BusEA82B648" in policy(template, ACCESS)["events:PutEvents"]


def test_without_an_event_bus_the_events_go_to_the_account_s_default_one(stack: Stack) -> None:
    declare(stack).on_active("Active")
    template = Template.from_stack(stack)
    account = [{"Ref": "AWS::Region"}, ":", {"Ref": "AWS::AccountId"}]
    bus = ["arn:", {"Ref": "AWS::Partition"}, ":events:", *account, ":event-bus/default"]
    policies = template.to_json()["Resources"][ACCESS]["Properties"]["PolicyDocument"]["Statement"]
    [publish] = [one for one in policies if one["Action"] == "events:PutEvents"]
    assert publish["Resource"] == {"Fn::Join": ["", bus]}
    entry = with_names(template, FOLLOWER)["States"]["Publish"]["Parameters"]["Entries"][0]
    assert entry["EventBusName"] == "arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:event-bus/default"


def test_both_state_machines_have_the_definitions_of_the_partition(stack: Stack) -> None:
    declare(stack).on_active("Active")
    template = Template.from_stack(stack)
    bus = with_names(template, FOLLOWER)["States"]["Publish"]["Parameters"]["Entries"][0]["EventBusName"]
    handler = "<CleanRoomsMLAudienceExportsHandlerDC88305D.Arn>"
    partition = "<AWS::Partition>"
    follower = follower_states.definition(handler, event_bus_arn=bus, partition=partition)
    assert with_names(template, FOLLOWER) == follower
    starter = states.with_follower(handler, follower_arn=f"<{FOLLOWER}>", partition=partition)
    assert with_names(template, STATE_MACHINE) == starter


def test_the_state_machines_may_start_and_publish_and_nothing_else(stack: Stack) -> None:
    declare(stack).on_active("Active")
    template = Template.from_stack(stack)
    allowed = policy(template, ACCESS)
    assert set(allowed) == {"states:StartExecution", "events:PutEvents"}
    assert FOLLOWER in allowed["states:StartExecution"]
    assert "event-bus/default" in allowed["events:PutEvents"]
    [role] = template.to_json()["Resources"][ACCESS]["Properties"]["Roles"]
    assert role == {"Ref": "CleanRoomsMLAudienceExportsStateMachineRole49C77A58"}


def test_the_handler_may_stop_followers_and_read_resources(stack: Stack) -> None:
    declare(stack).on_active("Active")
    template = Template.from_stack(stack)
    template.has_resource_properties(
        "AWS::IAM::Policy",
        {
            "PolicyDocument": {
                "Statement": Match.array_with(
                    [
                        {"Action": "states:ListExecutions", "Effect": "Allow", "Resource": {"Ref": FOLLOWER}},
                        {
                            "Action": "cloudformation:DescribeStackResource",
                            "Effect": "Allow",
                            "Resource": {"Ref": "AWS::StackId"},
                        },
                    ]
                )
            }
        },
    )


def test_an_export_waits_for_all_that_its_event_needs(stack: Stack) -> None:
    declare(stack).on_active("Active")
    template = Template.from_stack(stack)
    [export] = template.find_resources(EXPORT)
    assert {FOLLOWER, ACCESS} <= waits_for(template.to_json(), export)


def test_nothing_waits_for_itself(stack: Stack) -> None:
    AudienceExportProvider.configure(stack, **settings_of_every_kind_but_log_group(stack))
    declare(stack).on_active("Active")
    resources = Template.from_stack(stack).to_json()
    assert all(name not in waits_for(resources, name) for name in resources["Resources"])


def test_the_settings_hold_for_the_follower_too(stack: Stack) -> None:
    AudienceExportProvider.configure(stack, **settings_of_every_kind_but_log_group(stack))
    declare(stack)
    machines = Template.from_stack(stack).find_resources("AWS::StepFunctions::StateMachine")
    assert len(machines) == 2
    settings = ("EncryptionConfiguration", "LoggingConfiguration", "TracingConfiguration", "RoleArn")
    first, second = ({name: one["Properties"][name] for name in settings} for one in machines.values())
    assert first == second


def test_the_bytes_of_its_permissions_are_counted(stack: Stack) -> None:
    for number in range(90):
        declare(stack, f"Export{number}", audience_generation_job_arn=literal(number)).on_active("Active")
    template = Template.from_stack(stack)
    assert any(map(is_every, job_resources(template)))
    assert bytes_of_role(template) <= ROLE_BYTES


@pytest.mark.parametrize("tokens", [14, 15, 16, 17])
def test_jobs_that_are_known_at_deployment_leave_room_for_events(stack: Stack, tokens: int) -> None:
    """Also if the first rule comes last."""
    arns = [parameter(stack, number) for number in range(tokens)]
    for number, arn in enumerate(arns):
        export = declare(stack, f"Export{number}", audience_generation_job_arn=arn)
    export.on_active("Active")
    assert bytes_of_role(Template.from_stack(stack)) <= ROLE_BYTES


def test_with_every_setting_the_bytes_are_counted_too(stack: Stack) -> None:
    needing_nothing = {"role", "state_machine_role", "log_group"}
    settings = {name: value for name, value in settings_of_every_kind(stack).items() if name not in needing_nothing}
    AudienceExportProvider.configure(stack, **settings)
    for number in range(54):
        declare(stack, f"Export{number}", audience_generation_job_arn=literal(number))
    template = Template.from_stack(stack)
    assert not any(map(is_every, job_resources(template)))
    assert ROLE_BYTES - 300 < bytes_of_role(template) <= ROLE_BYTES


def settings_of_every_kind_but_log_group(stack: Stack) -> dict[str, Any]:
    return {name: value for name, value in settings_of_every_kind(stack).items() if name != "log_group"}
