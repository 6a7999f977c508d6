"""Rules for the events that say that an export has ended, in the form of the `on_…` methods of the CDK's constructs."""

from __future__ import annotations

from typing import TypedDict

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_events as events
from constructs import Construct

from cdk_cleanroomsml import jsii_values, place
from cdk_cleanroomsml.errors import InvalidArgumentError
from cdk_cleanroomsml.tokens import is_token
from cdk_cleanroomsml_contract import export_event

_SET = (export_event.STATUS, export_event.STACK_ID, export_event.LOGICAL_ID)


class RuleOptions(TypedDict, total=False):
    """The options of `AudienceExport.on_event`, which are those of the CDK's ``OnEventOptions``.

    Attributes:
        target: where the event goes; more can be added to the rule.
        event_pattern: what the event must also match; not its source, type or resource, which the method sets.
        description: description of the rule.
        rule_name: name of the rule; CloudFormation makes one by default.
        cross_stack_scope: where to make the rule, if its target is in another stack and that makes a cycle.
    """

    target: events.IRuleTarget | None
    event_pattern: events.EventPattern | None
    description: str | None
    rule_name: str | None
    cross_stack_scope: Construct | None


def make(
    scope: Construct,
    rule_id: str,
    resource: CfnResource,
    *,
    statuses: tuple[str, ...],
    event_bus: events.IEventBus | None,
    options: RuleOptions,
) -> events.Rule:
    """Make a rule for the events of one resource that have one of the statuses."""
    _check_names(options)
    pattern = _checked_pattern(options.get("event_pattern"))
    target, elsewhere = options.get("target"), options.get("cross_stack_scope")
    _check_target(target)
    if elsewhere is not None:
        place.of(elsewhere, "cross_stack_scope")
    _check_bus(event_bus, Stack.of(resource))
    rule = events.Rule(
        scope if elsewhere is None else elsewhere,
        rule_id,
        event_bus=event_bus,
        event_pattern=pattern,
        description=options.get("description"),
        rule_name=options.get("rule_name"),
    )
    rule.add_event_pattern(
        source=[export_event.SOURCE],
        detail_type=[export_event.DETAIL_TYPE],
        detail={
            export_event.STATUS: list(statuses),
            export_event.STACK_ID: [Stack.of(resource).stack_id],
            export_event.LOGICAL_ID: [resource.logical_id],
        },
    )
    rule.add_target(target)
    return rule


def _check_names(options: RuleOptions) -> None:
    if unknown := sorted(options.keys() - RuleOptions.__annotations__.keys()):
        known = ", ".join(sorted(RuleOptions.__annotations__))
        raise TypeError(f"a rule of an audience export has no option {', '.join(unknown)}; it has {known}")


def _checked_pattern(given: object) -> events.EventPattern | None:
    """The CDK merges two patterns into one that matches either."""
    if given is None:
        return None
    pattern = jsii_values.struct("event_pattern", events.EventPattern, given)
    detail = pattern.detail or {}
    if pattern.source or pattern.detail_type or any(name in detail for name in _SET):
        rule = f"must not have source, detail_type, or {', '.join(_SET)} in its detail, which the method sets"
        raise InvalidArgumentError("event_pattern", rule, pattern)
    return pattern


def _check_target(target: object) -> None:
    """The CDK asks a target only after it has made the rule."""
    if target is not None and not jsii_values.is_object_with("bind", target):
        raise InvalidArgumentError("target", "must be a target of a rule, such as targets.SqsQueue(…)", target)


def _check_bus(bus: events.IEventBus | None, stack: Stack) -> None:
    """A rule is made in the stack, and its bus must be there too."""
    if bus is None:
        return
    for what, its_own, of_stack in (
        ("account", bus.env.account, stack.account),
        ("Region", bus.env.region, stack.region),
    ):
        if not is_token(its_own) and not is_token(of_stack) and its_own != of_stack:
            rule = f"must be of the stack's {what}, {of_stack}, for a rule; make the rule where the bus is"
            raise InvalidArgumentError("event_bus", rule, bus.event_bus_arn)
