"""The Lambda's entry point: which function answers which request, and nothing else.

Create and Update are accepted here and then followed by the state machine, step by step; Delete is answered at once.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from datetime import datetime, timezone
from functools import partial
from typing import Any

from audience_export_handler import answer, deletion, executions, export_request
from audience_export_handler.cfn_resource import StateMachineResource
from audience_export_handler.export_job import ExportJob
from audience_export_handler.progress import Progress
from audience_export_handler.request_time import asked_at
from audience_export_handler.step import Pending, Step, take

logger = logging.getLogger(__name__)

Event = dict[str, Any]


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(timezone.utc)


def make_handler(
    *,
    clock: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
    draw: Callable[[], float] = random.random,
) -> StateMachineResource:
    """Return the handler; its time and its chance come from outside."""
    resource = StateMachineResource(
        physical_id_of=export_request.physical_id,
        start_polling=partial(executions.start, clock=clock, sleep=sleep, draw=draw),
        deliver=partial(answer.deliver, sleep=sleep, draw=draw),
    )

    @resource.create
    @resource.update
    def accept(event: Event, context: object) -> str:
        """Check the request; the state machine starts for one that can be fulfilled."""
        request = export_request.parse(event)
        logger.info("%s of %s is accepted.", event["RequestType"], request.subject)
        return request.physical_id

    @resource.poll_create
    @resource.poll_update
    def step(event: Event, context: object) -> str | None:
        """Take one step; returns the physical id when the export has ended well, None to be called again."""
        request, message = export_request.parse(event), event["Message"]
        started_at = datetime.fromisoformat(message["StartedAt"].replace("Z", "+00:00"))
        taken = take(
            Step(
                event,
                request,
                Progress.from_json(message["Progress"]),
                asked_at=asked_at(event, started_at),
                started_at=started_at,
                is_repeated=message["RetryCount"] > 0,
                clock=clock,
                draw=draw,
            )
        )
        if isinstance(taken, Pending):
            resource.keep_polling(taken.progress, taken.wait_seconds)
            return None
        resource.Data.update(attributes(taken))
        return request.physical_id

    @resource.delete
    def delete(event: Event, context: object) -> str:
        """Succeed: an export cannot be deleted, and its output is the owner's. What runs for the resource ends."""
        deletion.end_executions(event, clock)
        return str(event.get("PhysicalResourceId") or "")

    return resource


def attributes(export: ExportJob) -> dict[str, str]:
    """Return what ``Fn::GetAtt`` offers; every success carries all of it. Times are ISO 8601."""
    return {
        "Name": export.name,
        "Status": export.status,
        "OutputLocation": export.output_location,
        "CreateTime": export.create_time.isoformat(),
        "AudienceGenerationJobArn": export.audience_generation_job_arn,
    }


handler = make_handler()
