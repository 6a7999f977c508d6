"""Rules for the ends of one export, as users of the CDK know them."""

from math import nan
from typing import Any

import jsii
import pytest
from aws_cdk import App, CfnParameter, Environment, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from aws_cdk.assertions import Template

from cdk_cleanroomsml import AudienceExport, AudienceExportProvider, InvalidArgumentError
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
    assert rule.node.path == "Campaigns/Export/Rule"
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


def test_a_rule_can_ask_for_more_of_the_detail(stack: Stack) -> None:
    declare(stack).on_event("Rule", event_pattern=events.EventPattern(detail={"name": ["spring"]}))
    pattern = {"detail": {"name": ["spring"], "status": ["ACTIVE", "CREATE_FAILED"]}}
    Template.from_stack(stack).has_resource_properties("AWS::Events::Rule", {"EventPattern": pattern})


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
        events.EventPattern(detail={"stackId": ["arn"]}),
        events.EventPattern(detail={"logicalResourceId": ["Export"]}),
    ],
    ids=["source", "type", "status", "stack", "resource"],
)
def test_a_pattern_that_would_widen_the_rule_is_an_error(stack: Stack, pattern: events.EventPattern) -> None:
    """The CDK adds the values of two patterns up."""
    with pytest.raises(InvalidArgumentError) as raised:
        declare(stack).on_event("Rule", event_pattern=pattern)
    assert (raised.value.argument, raised.value.value) == ("event_pattern", pattern)
    assert raised.value.rule == (
        "must not have source, detail_type, or status, stackId, logicalResourceId in its detail, which the method sets"
    )
    Template.from_stack(stack).resource_count_is("AWS::Events::Rule", 0)


OF_STACK = Environment(account="111122223333", region="us-east-1")


def on_bus(env: Environment | None, arn: str) -> AudienceExport:
    """An export of a stack whose exports publish on an imported bus."""
    stack = Stack(App(), "Campaigns", env=env)
    AudienceExportProvider.configure(stack, event_bus=events.EventBus.from_event_bus_arn(stack, "Bus", arn))
    return declare(stack)


@pytest.mark.parametrize(
    ("account", "region", "rule"),
    [
        ("999999999999", "us-east-1", "account, 111122223333"),
        ("111122223333", "eu-west-1", "Region, us-east-1"),
    ],
)
def test_a_rule_for_a_bus_elsewhere_is_an_error(account: str, region: str, rule: str) -> None:
    arn = f"arn:aws:events:{region}:{account}:event-bus/central"
    expected = f"must be of the stack's {rule}, for a rule; make the rule where the bus is"
    export = on_bus(OF_STACK, arn)
    with pytest.raises(InvalidArgumentError) as raised:
        export.on_event("Rule")
    assert (raised.value.argument, raised.value.rule, raised.value.value) == ("event_bus", expected, arn)
    Template.from_stack(Stack.of(export)).resource_count_is("AWS::Events::Rule", 0)


@pytest.mark.parametrize("env", [OF_STACK, None], ids=["in the same place", "in a place that is not known"])
def test_a_rule_is_on_the_bus_of_the_provider(env: Environment | None) -> None:
    rule = on_bus(env, "arn:aws:events:us-east-1:111122223333:event-bus/central").on_event("Rule")
    Template.from_stack(Stack.of(rule)).has_resource_properties("AWS::Events::Rule", {"EventBusName": "central"})


def test_a_bus_whose_place_is_known_at_deployment_only_is_not_compared() -> None:
    arn = CfnParameter(Stack(App(), "Other"), "Bus").value_as_string
    assert on_bus(OF_STACK, arn).on_event("Rule").node.id == "Rule"


def test_a_wrong_option_is_refused_and_nothing_is_added(stack: Stack) -> None:
    """jsii's process ends if it gets a number that is not finite. The CDK asks a target after it has made the rule."""
    export, other = declare(stack), App()
    before = list(export.node.children)
    wrong: list[Any] = [nan, "", "x", b"x", False, {"x": 1}, object()]
    for name in ("target", "cross_stack_scope", "event_pattern"):
        for value in [*wrong, other]:
            options: dict[str, Any] = {name: value}
            with pytest.raises(InvalidArgumentError) as raised:
                export.on_event("Rule", **options)
            assert (raised.value.argument, raised.value.value) == (name, value)
            assert raised.value.rule.startswith("must be ")
    assert (export.node.children, other.node.children) == (before, [])


@jsii.implements(events.IRuleTarget)
class TargetInPython:
    def bind(self, rule: events.IRule, id: str | None = None) -> events.RuleTargetConfig:  # noqa: A002
        return events.RuleTargetConfig(arn="arn:aws:sqs:us-east-1:111122223333:queue")


def test_a_target_may_be_made_in_python_and_a_pattern_be_a_dictionary(stack: Stack) -> None:
    options: dict[str, Any] = {"target": TargetInPython(), "event_pattern": {"region": ["us-east-1"]}}
    declare(stack).on_event("Rule", **options)
    [rule] = Template.from_stack(stack).find_resources("AWS::Events::Rule").values()
    assert rule["Properties"]["EventPattern"]["region"] == ["us-east-1"]
    assert [one["Arn"] for one in rule["Properties"]["Targets"]] == ["arn:aws:sqs:us-east-1:111122223333:queue"]


def test_an_unknown_option_is_an_error(stack: Stack) -> None:
    options: dict[str, Any] = {"targets": []}
    with pytest.raises(TypeError, match="has no option targets; it has cross_stack_scope, description,"):
        declare(stack).on_active("Rule", **options)
    Template.from_stack(stack).resource_count_is("AWS::Events::Rule", 0)
