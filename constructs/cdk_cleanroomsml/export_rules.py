"""Rules for the events that say that an export has ended, in the form of the `on_…` methods of the CDK's constructs."""

from __future__ import annotations

from typing import TypedDict

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_events as events
from constructs import Construct

from cdk_cleanroomsml_contract import export_event


class RuleOptions(TypedDict, total=False):
    """The options of `AudienceExport.on_event`, which are those of the CDK's ``OnEventOptions``.

    Attributes:
        target: where the event goes; more can be added to the rule.
        event_pattern: what the event must match besides.
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
    rule = events.Rule(
        options.get("cross_stack_scope") or scope,
        rule_id,
        event_bus=event_bus,
        event_pattern=options.get("event_pattern"),
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
    rule.add_target(options.get("target"))
    return rule


def _check_names(options: RuleOptions) -> None:
    if unknown := sorted(options.keys() - RuleOptions.__annotations__.keys()):
        known = ", ".join(sorted(RuleOptions.__annotations__))
        raise TypeError(f"a rule of an audience export has no option {', '.join(unknown)}; it has {known}")
