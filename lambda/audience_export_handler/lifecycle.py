"""The Lambda's entry point: which function handles which kind of event.

`StateMachineResource` dispatches to them. A Create or Update is checked and then followed by the state machine, step by
step; a Delete is answered after a few calls.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial

from audience_export_handler import deletion, follower, step
from audience_export_handler.aws import response, step_functions
from audience_export_handler.core import reasons, timing
from audience_export_handler.core.facts import ExportJob
from audience_export_handler.core.progress import Progress
from audience_export_handler.core.request import physical_id, read_request
from audience_export_handler.core.request_time import requested_at
from audience_export_handler.state_machine_resource import StateMachineResource, Success
from cdk_cleanroomsml_contract import attributes
from cdk_cleanroomsml_contract.export_properties import BrokenRule
from cdk_cleanroomsml_contract.message import Event, StepMessage

logger = logging.getLogger(__name__)

_utc_now = partial(datetime.now, timezone.utc)


def make_handler(
    *,
    clock: Callable[[], datetime] = _utc_now,
    sleep: Callable[[float], None] = time.sleep,
    draw: Callable[[], float] = random.random,
) -> StateMachineResource:
    """Return the handler; time and chance are injected."""
    resource = StateMachineResource(
        physical_id_of=physical_id,
        start_execution=partial(step_functions.start, clock=clock, sleep=sleep, draw=draw),
        was_started=partial(_was_started, clock=clock),
        deliver=partial(response.deliver, sleep=sleep, draw=draw),
        follow=partial(follower.follow, clock=clock),
        look=partial(follower.look, clock=clock),
    )

    @resource.create
    @resource.update
    def accept(event: Event, context: object) -> None:
        """Check the request; the resource starts the state machine for one that is valid."""
        try:
            request = read_request(event)
        except BrokenRule as broken:
            raise reasons.invalid_property(broken) from broken
        logger.info("%s of %s is accepted.", event["RequestType"], request.subject)

    @resource.step
    def take_step(message: StepMessage) -> Success | step.Pending:
        """Take one step towards the end of the export."""
        request = read_request(message.event)  # it was valid when it was accepted
        result = step.take(
            step.StepInput(
                message.event,
                request,
                Progress.from_json(message.progress),
                requested_at=requested_at(message.event, message.started_at),
                started_at=message.started_at,
                is_repeated=message.is_repeated,
                clock=clock,
                draw=draw,
            )
        )
        if isinstance(result, step.Pending):
            return result
        return Success(request.physical_id, _attributes(result, of_job=request.reads_metrics), result)

    @resource.delete
    def delete(event: Event, context: object) -> None:
        """Succeed with the event's own id: an export cannot be deleted, and its output is the owner's."""
        deletion.end_executions(event, clock)

    return resource


def _was_started(event: Event, *, clock: Callable[[], datetime]) -> bool:
    return step_functions.was_started(event, oldest=clock() - timing.OLDEST_EVENT)


def _attributes(export: ExportJob, *, of_job: bool) -> dict[str, str]:
    """Return what ``Fn::GetAtt`` offers, all as text. Times are ISO 8601. `of_job` adds its job's metrics."""
    read = {attributes.RELEVANCE_SCORE: export.relevance_score, attributes.RECALL: export.recall}
    metrics = {name: "" if value is None else str(value) for name, value in read.items()}
    return (metrics if of_job else {}) | {
        attributes.NAME: export.name,
        attributes.STATUS: export.status,
        attributes.OUTPUT_LOCATION: export.output_location,
        attributes.CREATE_TIME: export.create_time.isoformat(),
        attributes.UPDATE_TIME: export.update_time.isoformat(),
        attributes.AUDIENCE_GENERATION_JOB_ARN: export.audience_generation_job_arn,
        attributes.AUDIENCE_SIZE_TYPE: export.audience_size.type,
        attributes.AUDIENCE_SIZE_VALUE: str(export.audience_size.value),
    }


handler = make_handler()
