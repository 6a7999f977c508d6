"""Rules for the ends of one export, as users of the CDK know them."""

from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from cdk_cleanroomsml import AudienceExportProvider, InvalidArgumentError
from tests.builders.stacks import EXPORT, declare


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


@pytest.mark.parametrize(
    ("method", "statuses"),
    [("on_active", ["ACTIVE"]), ("on_failed", ["CREATE_FAILED"]), ("on_event", ["ACTIVE", "CREATE_FAILED"])],
)
def test_a_rule_finds_the_ends_of_its_export(stack: Stack, method: str, statuses: list[str]) -> None:
    declare(stack, "Other")
    export = declare(stack)
    queue = sqs.Queue(stack, "Queue")
    rule = getattr(export, method)("Rule", target=targets.SqsQueue(queue), description="of a test", rule_name="mine")
    assert isinstance(rule, events.Rule)
    template = Template.from_stack(stack)
    logical_id = next(name for name in template.find_resources(EXPORT) if name.startswith("Export"))
    [found] = template.find_resources("AWS::Events::Rule").values()
    assert found["Properties"] == {
        "Description": "of a test",
        "Name": "mine",
        "State": "ENABLED",
        "EventPattern": {
            "source": ["cdk-cleanroomsml"],
            "detail-type": ["Audience Export Status Change"],
            "detail": {
                "status": statuses,
                "stackId": [{"Ref": "AWS::StackId"}],
                "logicalResourceId": [logical_id],
            },
        },
        "Targets": [{"Arn": {"Fn::GetAtt": ["Queue4A7E3555", "Arn"]}, "Id": "Target0"}],
    }


def test_a_rule_can_ask_for_more(stack: Stack) -> None:
    declare(stack).on_active("Rule", event_pattern=events.EventPattern(region=["us-east-1"]))
    Template.from_stack(stack).has_resource_properties(
        "AWS::Events::Rule", {"EventPattern": {"region": ["us-east-1"], "detail": {"status": ["ACTIVE"]}}}
    )


def test_a_rule_can_be_in_the_stack_of_its_target() -> None:
    app, env = App(), Environment(account="111122223333", region="us-east-1")
    campaigns, reports = Stack(app, "Campaigns", env=env), Stack(app, "Reports", env=env)
    export = declare(campaigns)
    queue = sqs.Queue(reports, "Queue")
    export.on_active("Rule", target=targets.SqsQueue(queue), cross_stack_scope=reports)
    Template.from_stack(campaigns).resource_count_is("AWS::Events::Rule", 0)
    [rule] = Template.from_stack(reports).find_resources("AWS::Events::Rule").values()
    detail = rule["Properties"]["EventPattern"]["detail"]
    template = Template.from_stack(campaigns)
    assert detail["logicalResourceId"] == list(template.find_resources(EXPORT))
    [stack_id] = detail["stackId"]
    exported = template.to_json().get("Outputs", {}).values()
    assert stack_id["Fn::ImportValue"] in [output["Export"]["Name"] for output in exported], stack_id


def test_an_export_can_wait_for_its_rule(stack: Stack) -> None:
    export = declare(stack)
    export.node.add_dependency(export.on_active("Rule"))
    template = Template.from_stack(stack)
    [rule] = template.find_resources("AWS::Events::Rule")
    [found] = template.find_resources(EXPORT).values()
    assert rule in found["DependsOn"]


@pytest.mark.parametrize(
    "pattern",
    [
        events.EventPattern(source=["aws.s3"]),
        events.EventPattern(detail_type=["other"]),
        events.EventPattern(detail={"status": ["ACTIVE"]}),
    ],
    ids=["source", "type", "status"],
)
def test_a_pattern_that_would_widen_the_rule_is_an_error(stack: Stack, pattern: events.EventPattern) -> None:
    """The CDK adds the values of two patterns up."""
    with pytest.raises(InvalidArgumentError, match="event_pattern must not have source"):
        declare(stack).on_event("Rule", event_pattern=pattern)
    Template.from_stack(stack).resource_count_is("AWS::Events::Rule", 0)


@pytest.mark.parametrize(("account", "region"), [("999999999999", "us-east-1"), ("111122223333", "eu-west-1")])
def test_a_rule_for_a_bus_elsewhere_is_an_error(account: str, region: str) -> None:
    stack = Stack(App(), "Campaigns", env=Environment(account="111122223333", region="us-east-1"))
    arn = f"arn:aws:events:{region}:{account}:event-bus/central"
    AudienceExportProvider.configure(stack, event_bus=events.EventBus.from_event_bus_arn(stack, "Bus", arn))
    with pytest.raises(InvalidArgumentError, match="event_bus must be of the stack's"):
        declare(stack).on_event("Rule")


def test_an_unknown_option_is_an_error(stack: Stack) -> None:
    options: dict[str, Any] = {"targets": []}
    with pytest.raises(TypeError, match="has no option targets; it has cross_stack_scope, description,"):
        declare(stack).on_active("Rule", **options)
    Template.from_stack(stack).resource_count_is("AWS::Events::Rule", 0)
