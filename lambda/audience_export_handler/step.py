"""One step of a request: observe → decide → act. All that it needs comes in, all that it learns goes out.

The state machine repeats it, after a crash too; whatever must survive is in the progress that it returns.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from audience_export_handler import decision, executions, explanation, export_job, quota, stack, start_outcome
from audience_export_handler.decision import Announce, Fail, Situation, Start, Succeed, Wait
from audience_export_handler.export_job import ExportJob, ServiceError
from audience_export_handler.export_request import ExportRequest
from audience_export_handler.failure import ExportFailure
from audience_export_handler.progress import Attempt, Progress

logger = logging.getLogger(__name__)

# How soon to look again after a start that was accepted, and after one that was not.
_AFTER_START_SECONDS, _AFTER_REFUSAL_SECONDS = 2, 5
# A refusal for one of these may lie in the generation job or its model, which are then read.
_EXPLAINABLE = {"ValidationException", "ConflictException"}


@dataclass(frozen=True)
class Pending:
    """The export has not ended: look again in so many seconds, 0 for at once."""

    progress: Progress
    wait_seconds: int


@dataclass(frozen=True)
class Step:
    """What one step is given.

    `event` is CloudFormation's; `asked_at` is when that was made, `started_at` when the execution for it began;
    `is_repeated` says that this step ran before with the same progress and did not come back. `clock` returns the
    time, UTC; `draw` a number from 0 to 1 at random.
    """

    event: dict[str, Any]
    request: ExportRequest
    progress: Progress
    asked_at: datetime
    started_at: datetime
    is_repeated: bool
    clock: Callable[[], datetime]
    draw: Callable[[], float]

    @property
    def deadline(self) -> datetime:
        """By when the request must be settled."""
        return decision.deadline(self.request, self.asked_at)

    def in_time(self) -> bool:
        """Whether the deadline is still to come, so that another call may be made."""
        return self.clock() < self.deadline

    def is_over(self) -> bool:
        """Whether even a last look would come too late for the answer."""
        return self.clock() > self.asked_at + self.request.timeout - decision.LAST_LOOK


def take(step: Step) -> ExportJob | Pending:
    """Return the export that fulfils the request, or how to go on; ExportFailure says that it cannot be fulfilled."""
    step = replace(step, progress=_after_a_crash(step) if step.is_repeated else step.progress)
    step = replace(step, progress=_overtake(step))
    if step.is_over():
        raise _too_late(step, step.progress, step.clock())
    try:
        exports = export_job.list_exports(step.request.audience_generation_job_arn, step.in_time)
    except ServiceError as error:
        return _after_failed_look(step, error)
    situation = _observe(replace(step, progress=step.progress.after_good(start_outcome.LIST)), exports)
    decided = decision.decide(situation)
    logger.info(
        "%d exports listed, the stack is %s: %s", len(exports), situation.stack and situation.stack.value, decided
    )
    return _act(step, situation, decided)


def _after_a_crash(step: Step) -> Progress:
    return decision.presume_sent(step.progress, step.clock())


def _overtake(step: Step) -> Progress:
    """Stop what still runs for older requests of the resource: once, and until it is known to be done."""
    progress = step.progress
    if progress.free_from is not None:
        return progress
    try:
        stopped_at = executions.stop_older(step.event, asked_at=step.asked_at, clock=step.clock)
    except executions.ExecutionsUnreadable as error:
        logger.warning("Older executions for this resource may still run: %s", error)
        return progress
    return replace(progress, free_from=decision.free_from(stopped_at, step.started_at))


def _observe(step: Step, exports: tuple[ExportJob, ...]) -> Situation:
    phase = None
    if decision.needs_stack(step.progress) and not step.is_over():
        phase = stack.read_phase(step.request.stack_id, asked_at=step.asked_at)
    return Situation(
        step.request,
        exports,
        step.progress,
        phase,
        now=step.clock(),
        started_at=step.started_at,
        asked_at=step.asked_at,
    )


def _act(step: Step, situation: Situation, decided: decision.Decision) -> ExportJob | Pending:
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
            return _start(step, situation)


def _start(step: Step, situation: Situation) -> Pending:
    request, attempt = situation.request, situation.progress.attempt
    if attempt is None:
        raise AssertionError("a start is decided only for an announced attempt")
    try:
        export_job.start_export(request, attempt.name)
    except ServiceError as error:
        logger.warning("The start of %s: %s", request.subject, error)
        return _after_refused_start(step, situation, attempt, error)
    return Pending(start_outcome.accepted(situation.progress, attempt, step.clock()), _AFTER_START_SECONDS)


def _after_refused_start(step: Step, situation: Situation, attempt: Attempt, error: ServiceError) -> Pending:
    now = step.clock()
    request, age = replace(situation.request, name=attempt.name), now - situation.started_at
    following = start_outcome.after_refused_start(request, situation.progress, attempt, error, now=now, age=age)
    if error.code == quota.CODE and following and _is_used_up(step, situation, following, error):
        raise explanation.used_up(request, error)
    facts = export_job.explain_refusal(request, step.in_time) if error.code in _EXPLAINABLE else ""
    if following is None or (facts and not attempt.may_have_started):
        raise _final_refusal(step, request, error, facts)
    return _look_again(step, following, now)


def _is_used_up(step: Step, situation: Situation, following: Progress, error: ServiceError) -> bool:
    """Whether the refusal is the generation job's quota; where that cannot be told, it is taken for the account's."""
    if quota.is_used_up(error.quota_value, situation.exports):
        return True
    if following.trouble is None or not quota.may_be_used_up(error.quota_value, situation.exports):
        return False
    waited = step.clock() - following.trouble.since
    return quota.is_account_free(export_job.list_account(step.in_time), waited=waited, listing_lag=decision.LISTING_LAG)


def _final_refusal(step: Step, request: ExportRequest, error: ServiceError, facts: str) -> ExportFailure:
    if error.code == "ConflictException":
        holders = [export for export in export_job.list_account(step.in_time) or () if export.name == request.name]
        if holders or not facts:
            return explanation.conflict(request, holders[0] if holders else None, error.message, facts)
    return explanation.refusal(request, error, facts)


def _after_failed_look(step: Step, error: ServiceError) -> Pending:
    logger.warning("The exports cannot be listed: %s", error)
    now = step.clock()
    following = start_outcome.after_failed_look(step.progress, error, now=now, age=now - step.started_at)
    if following is None:
        raise explanation.refusal(step.request, error)
    return _look_again(step, following, now)


def _look_again(step: Step, progress: Progress, now: datetime) -> Pending:
    """Wait for a service that is in the way, but not beyond the deadline."""
    left = int((step.deadline - now).total_seconds())
    if left < 1:
        raise _too_late(step, progress, now)
    trouble = progress.trouble
    seconds = start_outcome.pause(trouble, now, step.draw()) if trouble else _AFTER_REFUSAL_SECONDS
    return Pending(progress, min(seconds, left))


def _too_late(step: Step, progress: Progress, now: datetime) -> ExportFailure:
    return decision.too_late(step.request, progress, now, is_started=progress.may_have_started)
