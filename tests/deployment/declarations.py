"""What the tests of deployments declare in a stack: one export, and what else can be around it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aws_cdk import CfnCustomResource, CfnOutput, CfnParameter, Duration, Stack
from aws_cdk.aws_events import EventBus
from aws_cdk.aws_events_targets import SqsQueue
from aws_cdk.aws_sqs import Queue

from cdk_cleanroomsml import AudienceExport, AudienceExportProvider, AudienceSize, OnConflict
from tests.builders.arns import JOB

# What an app declares in a stack.
Declare = Callable[[Stack], object]
# The same, if it is an export.
DeclareExport = Callable[[Stack], AudienceExport]


def export(
    *,
    job: str = JOB,
    percent: int = 10,
    minutes: int | None = 60,
    on_conflict: str = "FAIL",
    with_outputs: bool = True,
    **arguments: Any,
) -> DeclareExport:
    """Return the declaration of one export, with its name and location as outputs of the stack."""

    def declare(stack: Stack) -> AudienceExport:
        declared = AudienceExport(
            stack,
            "Export",
            audience_generation_job_arn=job,
            audience_size=AudienceSize.percentage(percent),
            timeout=Duration.minutes(minutes) if minutes else None,
            on_conflict=OnConflict[on_conflict],
            **arguments,
        )
        if with_outputs:
            CfnOutput(stack, "Name", value=declared.name)
            CfnOutput(stack, "Location", value=declared.output_location)
        return declared

    return declare


def with_late_description(**arguments: Any) -> DeclareExport:
    """An export whose description is known only at deployment: the parameter Description."""

    def declare(stack: Stack) -> AudienceExport:
        parameter = CfnParameter(stack, "Description", default="as deployed")
        return export(description=parameter.value_as_string, **arguments)(stack)

    return declare


def with_broken_neighbour(declare_export: DeclareExport) -> Declare:
    """A resource that comes after the export, and fails."""

    def declare(stack: Stack) -> None:
        function = stack.format_arn(service="lambda", resource="function:that-is-not-there")
        neighbour = CfnCustomResource(stack, "Neighbour", service_token=function)
        neighbour.node.add_dependency(declare_export(stack))

    return declare


def with_events(declare_export: DeclareExport, *, bus: bool = False) -> Declare:
    """Each end of an export in a queue, whose URL is an output; the export waits for the rule and the policy."""

    def declare(stack: Stack) -> None:
        if bus:
            AudienceExportProvider.configure(stack, event_bus=EventBus(stack, "Bus"))
        queue = Queue(stack, "Ends")
        made = declare_export(stack)
        rule = made.on_event("Ended", target=SqsQueue(queue))
        # The resource alone: the rule, which the policy refers to, is in the same construct.
        assert made.node.default_child
        made.node.default_child.node.add_dependency(rule, queue)
        CfnOutput(stack, "Queue", value=queue.queue_url)

    return declare
