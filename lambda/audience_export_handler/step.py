"""One step of a request: observe → decide → act. All that it needs comes in, all that it learns goes out.

The state machine repeats it, after a crash too; whatever must survive is in the progress that it returns.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from audience_export_handler import decision, explanation, export_job, stack, start_outcome
from audience_export_handler.decision import Announce, Fail, Situation, Start, Succeed, Wait
from audience_export_handler.export_job import ExportJob, ServiceError
from audience_export_handler.export_request import ExportRequest
from audience_export_handler.failure import ExportFailure
from audience_export_handler.progress import Attempt, Progress

logger = logging.getLogger(__name__)

# How soon to look again after a call that could not be made, and after a start that was accepted.
_AFTER_TROUBLE_SECONDS = 5
_AFTER_START_SECONDS = 2
# A refusal for one of these may lie in the generation job or its model, which are then read.
_EXPLAINABLE = {"ValidationException", "ConflictException"}


@dataclass(frozen=True)
class Pending:
    """The export has not ended: look again in so many seconds, 0 for at once."""

    progress: Progress
    wait_seconds: int


def take_step(
    request: ExportRequest,
    progress: Progress,
    *,
    started_at: datetime,
    is_repeated: bool,
    clock: Callable[[], datetime],
) -> ExportJob | Pending:
    """Return the export that fulfils the request, or how to go on; ExportFailure says that it cannot be fulfilled.

    Args:
        started_at: when the execution started, which is when its time began to run.
        is_repeated: whether this step ran before with the same progress and did not come back.
        clock: returns the time, UTC.
    """
    if is_repeated:
        progress = decision.presume_sent(progress, clock())
    try:
        exports = export_job.list_exports(request.audience_generation_job_arn)
    except ServiceError as error:
        return _after_failed_look(request, progress, error, now=clock(), started_at=started_at)
    progress = progress.after_good(start_outcome.LIST)
    phase = stack.read_phase(request.stack_id) if decision.needs_stack(progress) else None
    situation = Situation(request, exports, progress, phase, clock(), started_at)
    decided = decision.decide(situation)
    logger.info("%d exports listed, the stack is %s: %s", len(exports), phase and phase.value, decided)
    return _act(situation, decided, clock)


def _act(situation: Situation, decided: decision.Decision, clock: Callable[[], datetime]) -> ExportJob | Pending:
    progress = situation.progress
    match decided:
        case Succeed(export):
            return export
        case Fail(failure):
            raise failure
        case Wait(seconds):
            return Pending(progress, seconds)
        case Announce(name):
            return Pending(start_outcome.announced(progress, name, situation.now), 0)
        case Start():
            return _start(situation, clock)


def _start(situation: Situation, clock: Callable[[], datetime]) -> Pending:
    request, attempt = situation.request, situation.progress.attempt
    if attempt is None:
        raise AssertionError("a start is decided only for an announced attempt")
    try:
        export_job.start_export(request, attempt.name)
    except ServiceError as error:
        logger.warning("The start of %s: %s", request.subject, error)
        return _after_refused_start(situation, attempt, error, clock())
    return Pending(start_outcome.accepted(attempt, clock()), _AFTER_START_SECONDS)


def _after_refused_start(situation: Situation, attempt: Attempt, error: ServiceError, now: datetime) -> Pending:
    request, age = situation.request, now - situation.started_at
    facts = export_job.explain_refusal(request) if error.code in _EXPLAINABLE else ""
    following = start_outcome.after_refused_start(request, situation.progress, attempt, error, now=now, age=age)
    if following is None or (facts and not attempt.may_have_started):
        raise _final_refusal(replace(request, name=attempt.name), error, facts)
    return Pending(following, _AFTER_TROUBLE_SECONDS)


def _final_refusal(request: ExportRequest, error: ServiceError, facts: str) -> ExportFailure:
    if error.code == "ConflictException":
        holders = export_job.list_holders(request.name)
        if holders or not facts:
            return explanation.conflict(request, holders[0] if holders else None, error.message, facts)
    return explanation.refusal(request, error, facts)


def _after_failed_look(
    request: ExportRequest, progress: Progress, error: ServiceError, *, now: datetime, started_at: datetime
) -> Pending:
    logger.warning("The exports cannot be listed: %s", error)
    following = start_outcome.after_failed_look(progress, error, now=now, age=now - started_at)
    is_late = now + timedelta(seconds=_AFTER_TROUBLE_SECONDS) > decision.deadline(request, started_at)
    if is_late and progress.may_have_started:
        raise explanation.out_of_time(request)
    if is_late or following is None:
        raise explanation.refusal(request, error)
    return Pending(following, _AFTER_TROUBLE_SECONDS)
