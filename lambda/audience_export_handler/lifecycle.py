"""The Lambda's entry point: which function handles which event.

Create and Update are accepted here and then followed by the state machine, step by step; Delete is answered
immediately.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from typing import Any

from audience_export_handler import deletion, step
from audience_export_handler.aws import response, step_functions
from audience_export_handler.core import reasons
from audience_export_handler.core.facts import ExportJob
from audience_export_handler.core.progress import Progress
from audience_export_handler.core.request import ExportRequest, physical_id, read_request
from audience_export_handler.core.request_time import requested_at
from audience_export_handler.state_machine_resource import StateMachineResource, Success
from cdk_cleanroomsml_contract.export_properties import BrokenRule
from cdk_cleanroomsml_contract.message import StepMessage

logger = logging.getLogger(__name__)

Event = dict[str, Any]

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
        deliver=partial(response.deliver, sleep=sleep, draw=draw),
    )

    @resource.create
    @resource.update
    def accept(event: Event, context: object) -> str:
        """Check the request; the state machine starts for one that is valid."""
        request = _checked_request(event)
        logger.info("%s of %s is accepted.", event["RequestType"], request.subject)
        return request.physical_id

    @resource.step
    def take_step(message: StepMessage) -> Success | step.Pending:
        """Take one step towards the end of the export."""
        request = _checked_request(message.event)
        taken = step.take(
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
        return taken if isinstance(taken, step.Pending) else Success(request.physical_id, _attributes(taken))

    @resource.delete
    def delete(event: Event, context: object) -> str:
        """Succeed: an export cannot be deleted, and its output is the owner's. What runs for the resource ends."""
        deletion.end_executions(event, clock)
        return str(event.get("PhysicalResourceId") or "")

    return resource


def _checked_request(event: Event) -> ExportRequest:
    try:
        return read_request(event)
    except BrokenRule as broken:
        raise reasons.invalid_property(broken) from broken


def _attributes(export: ExportJob) -> dict[str, str]:
    """Return what ``Fn::GetAtt`` offers; every success has all of it. Times are ISO 8601."""
    return {
        "Name": export.name,
        "Status": export.status,
        "OutputLocation": export.output_location,
        "CreateTime": export.create_time.isoformat(),
        "AudienceGenerationJobArn": export.audience_generation_job_arn,
    }


handler = make_handler()
