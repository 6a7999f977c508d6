"""One step of a request: observe → decide → act. All that it needs comes in, all that it learns goes out.

The state machine repeats it, also after a crash; whatever must survive is in the progress that it returns.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from audience_export_handler.aws import clean_rooms_ml, cloudformation, step_functions
from audience_export_handler.core import deadline, decision, generation_job, quota, reasons, relevance, retry, timing
from audience_export_handler.core.attempt import Attempt, Taken, announce
from audience_export_handler.core.deadline import LastListing
from audience_export_handler.core.facts import BEING_CREATED, ErrorKind, ExportJob, RefusalFacts, ServiceError
from audience_export_handler.core.failure import ExportFailure
from audience_export_handler.core.progress import LIST, Progress, Seen
from audience_export_handler.core.request import ExportRequest
from audience_export_handler.core.situation import Announce, Decision, Fail, Situation, Start, Succeed, Wait

logger = logging.getLogger(__name__)

# A refusal with one of these codes may be about the generation job or its model, which are then read.
_EXPLAINABLE = {"ValidationException", "ConflictException"}


@dataclass(frozen=True)
class Pending:
    """The export has not ended: take another step in so many seconds, 0 for immediately."""

    progress: Progress
    wait_seconds: int


@dataclass(frozen=True)
class StepInput:
    """What one step is given.

    `event` is CloudFormation's; `requested_at` is when that was made, `started_at` when the execution for it began;
    `is_repeated` says that this step ran before with the same progress and did not return. `clock` returns the time,
    UTC; `draw` a number from 0 to 1 at random.
    """

    event: dict[str, Any]
    request: ExportRequest
    progress: Progress
    requested_at: datetime
    started_at: datetime
    is_repeated: bool
    clock: Callable[[], datetime]
    draw: Callable[[], float]

    @property
    def deadline(self) -> datetime:
        """When the request must be settled."""
        return timing.deadline(self.requested_at, self.request.timeout)

    def in_time(self) -> bool:
        """Whether the deadline is still to come, so that another call may be made."""
        return self.clock() < self.deadline

    def is_over(self) -> bool:
        """Whether even a last listing would be too late for the answer."""
        return self.clock() > timing.last_listing(self.requested_at, self.request.timeout)

    def may_list_on(self) -> bool:
        """Whether a listing may go on to its next page, also beyond the deadline: it may save a rollback."""
        return not self.is_over()


def take(given: StepInput) -> ExportJob | Pending:
    """Return the export that fulfils the request, or how to continue; ExportFailure: it cannot be fulfilled."""
    result = _take(given)
    if not isinstance(result, Pending):
        return result
    next_step = given.clock() + timedelta(seconds=result.wait_seconds)
    return replace(result, progress=result.progress.after_step(next_step))


def _take(given: StepInput) -> ExportJob | Pending:
    given = replace(given, progress=_after_a_crash(given))
    is_first_count = given.progress.counted_at is None
    given = replace(given, progress=_stop_older(given))
    if is_first_count and given.progress.neighbours > timing.TOGETHER and (pause := _delay_of_first_read(given)):
        return Pending(given.progress, pause)
    if given.is_over():
        raise _deadline_failure(given, given.progress, given.clock(), None)
    try:
        exports = clean_rooms_ml.list_exports(given.request.audience_generation_job_arn, given.may_list_on)
    except ServiceError as error:
        return _after_failed_listing(given, error)
    situation = _observe(replace(given, progress=given.progress.after_success(LIST)), exports)
    if decision.needs_model(situation) and given.in_time():
        account = clean_rooms_ml.read_model_account(given.request.audience_generation_job_arn)
        situation = replace(situation, model_account=account)
    decided = decision.decide(situation)
    logger.info(
        "%d exports listed, the stack is %s: %s", len(exports), situation.stack and situation.stack.value, decided
    )
    return _act(given, situation, decided)


def _after_a_crash(given: StepInput) -> Progress:
    """The progress of a step that runs again: its first run may have sent the start."""
    progress = given.progress
    if not given.is_repeated or progress.attempt is None:
        return progress
    return replace(progress, attempt=progress.attempt.ran_again(given.clock()))


def _stop_older(given: StepInput) -> Progress:
    """Stop the executions of older requests for the resource, until it is known to be done, and count the others."""
    progress = given.progress
    if progress.older_ended_by is not None and not _counts_again(given):
        return progress
    try:
        stopped_at, running = step_functions.stop_older(given.event, requested_at=given.requested_at, clock=given.clock)
    except step_functions.ExecutionsUnreadable as error:
        logger.warning("Older executions for this resource may still run: %s", error)
        return progress
    progress = progress.after_counting(running, given.clock())
    return progress if progress.older_ended_by else progress.after_stopping(stopped_at, given.started_at)


def _counts_again(given: StepInput) -> bool:
    """Whether it is time to count the requests again; only one that may still start anything reads the stack.

    Shortly before the deadline it is not: a count that is not answered would take the time of the last listing.
    """
    counted_at, second = given.progress.counted_at, given.started_at + timing.COUNTED_AGAIN_AFTER
    if counted_at is None or not decision.needs_stack(given.progress):
        return False
    due = second if counted_at < second else counted_at + timing.COUNTED_EVERY
    return due <= given.clock() < given.deadline - timing.COUNTING


def _delay_of_first_read(given: StepInput) -> int:
    """Seconds until this request first reads the exports and the stack: at random, a tenth of the time left at most."""
    left = (given.deadline - given.clock()).total_seconds()
    return int(given.draw() * max(0.0, min(timing.SECONDS_EACH * given.progress.neighbours, left / 10)))


def _observe(given: StepInput, exports: tuple[ExportJob, ...]) -> Situation:
    progress, phase = given.progress, None
    # While older executions are not known to be stopped, a Create cannot start, whatever the stack does.
    is_ready = progress.older_ended_by is not None or given.request.is_update
    if is_ready and decision.needs_stack(progress) and not given.is_over():
        phase = cloudformation.read_phase(given.request.stack_id, requested_at=given.requested_at)
        progress = progress.after_reading(phase, given.clock())
    return Situation(
        given.request,
        exports,
        progress,
        phase,
        now=given.clock(),
        started_at=given.started_at,
        requested_at=given.requested_at,
    )


def _act(given: StepInput, situation: Situation, decided: Decision) -> ExportJob | Pending:
    progress = situation.progress
    match decided:
        case Succeed(export):
            return _with_metrics(given, situation, export) if given.request.reads_metrics else export
        case Fail(failure, export):
            raise (_held_elsewhere(given, situation, failure) or failure).leaving(export or progress.left)
        case Wait(seconds, export=export):
            seen = Seen(export.name, export.create_time) if export else progress.seen
            return Pending(
                replace(progress, seen=seen), _spread(given, seconds) if decision.needs_stack(progress) else seconds
            )
        case Announce(name):
            return Pending(replace(progress, attempt=announce(name, situation.now, progress.attempt)), 0)
        case Start():
            return _hold_back(given, situation) or _start(given, situation)


def _held_elsewhere(given: StepInput, situation: Situation, failure: ExportFailure) -> ExportFailure | None:
    """The conflict with an export of another generation job; None if that is not what the failure is about."""
    attempt = situation.progress.attempt
    if attempt is None or not isinstance(attempt.phase, Taken) or failure.code != "ConflictException":
        return None
    if any(export.name == attempt.name for export in situation.exports):
        return None
    request = replace(situation.request, name=attempt.name)
    return decision.conflict(request, attempt, _named_in_account(given, attempt.name))


def _spread(given: StepInput, seconds: int) -> int:
    """The pause at random, a quarter more or less, so that requests that wait do not all read the stack together."""
    left = int((given.deadline - given.clock()).total_seconds())
    return max(1, min(left, round(seconds * (0.75 + given.draw() / 2))))


def _hold_back(given: StepInput, situation: Situation) -> Pending | None:
    """Wait, or fail, if the export requires a relevance score that is not known, or not reached; None: it may start.

    A job that is being created may have no scores yet, and its status may be out of date: a start could take effect.
    """
    request, progress, attempt = situation.request, situation.progress, situation.progress.attempt
    if request.minimum_relevance is None or attempt is None:
        return None
    now = given.clock()
    try:
        job = clean_rooms_ml.read_metrics(request.audience_generation_job_arn)
    except ServiceError as error:
        following = retry.after_unread_job(progress, error, now=now, age=now - given.requested_at)
        if following is None:
            unreadable = reasons.job_unreadable(request, error, may_have_started=attempt.may_have_started)
            raise unreadable.leaving(attempt) from error
        return _try_again(given, following, given.clock(), LastListing())
    if job.status in BEING_CREATED:
        waiting = ServiceError("GenerationJobNotActive", f"the generation job is {job.status}", ErrorKind.REFUSED)
        following = generation_job.wait_for(progress, waiting, job.status, now=now)
        return _try_again(given, following, given.clock(), LastListing())
    if failure := relevance.failure(request, job, may_have_started=attempt.may_have_started):
        raise failure.leaving(attempt)
    # The read may have outlasted the deadline, after which no start is sent.
    return None if given.in_time() else _try_again(given, progress, given.clock(), LastListing())


def _with_metrics(given: StepInput, situation: Situation, export: ExportJob) -> ExportJob | Pending:
    """The export with its generation job's metrics; if the job cannot be read for a minute, without them."""
    now = given.clock()
    if not given.in_time():
        return export
    try:
        job = clean_rooms_ml.read_metrics(situation.request.audience_generation_job_arn)
    except ServiceError as error:
        following = retry.after_unread_metrics(situation.progress, error, now=now, age=now - given.requested_at)
        left = int((given.deadline - now).total_seconds())
        if following is None or left <= timing.AFTER_REFUSAL:
            return export
        return Pending(following, timing.AFTER_REFUSAL)
    return replace(export, relevance_score=job.scores.get(situation.request.audience_size), recall=job.recall)


def _start(given: StepInput, situation: Situation) -> Pending:
    request, progress, attempt = situation.request, situation.progress, situation.progress.attempt
    if attempt is None:
        raise AssertionError("a start is decided only for an announced attempt")
    sent_at = given.clock()
    try:
        clean_rooms_ml.start_export(request, attempt.name)
    except ServiceError as error:
        logger.warning("The start of %s: %s", request.subject, error)
        return _after_failed_start(given, situation, attempt, error)
    accepted = attempt.accepted(given.clock(), sent_at=sent_at)
    return Pending(replace(progress, attempt=accepted, retried=None), timing.AFTER_START)


def _after_failed_start(given: StepInput, situation: Situation, attempt: Attempt, error: ServiceError) -> Pending:
    now = given.clock()
    request, age = replace(situation.request, name=attempt.name), now - situation.requested_at
    before = situation.progress
    if request.minimum_relevance is not None and before.waits_for_job:
        before = replace(before, retried=None)  # The job has just been read as ACTIVE.
    following = retry.after_failed_start(request, before, attempt, error, now=now, age=age)
    if error.code == quota.CODE and following and _is_used_up(given, situation, error):
        raise reasons.used_up(request, error, listed=len(situation.exports)).leaving(attempt)
    found = RefusalFacts()
    if error.code in _EXPLAINABLE and (given.in_time() or situation.progress.waits_for_job):
        found = _read_refusal_facts(given)
        waiting = generation_job.after_refusal(request, situation.progress, error, found, now=now, age=age)
        if waiting:
            return _try_again(given, waiting, given.clock(), LastListing())
    if following is None or (found.rules_out(request.audience_size) and not attempt.may_have_started):
        raise _final_refusal(given, request, attempt, error, found).leaving(attempt)
    return _try_again(given, following, now, LastListing())


def _read_refusal_facts(given: StepInput) -> RefusalFacts:
    if not given.in_time():
        return RefusalFacts(unread=ErrorKind.UNANSWERED)
    arn, is_waiting = given.request.audience_generation_job_arn, given.progress.waits_for_job
    return clean_rooms_ml.read_refusal_facts(arn, given.in_time, is_waiting=is_waiting)


def _is_used_up(given: StepInput, situation: Situation, error: ServiceError) -> bool:
    """Whether the refusal is the generation job's quota; if that is unknown, it is treated as the account's."""
    if quota.is_used_up(error.quota_value, situation.exports):
        return True
    refused_at = quota.shown_refusal(situation.progress.retried, given.clock())
    if refused_at is None or not quota.may_be_used_up(error.quota_value, situation.exports):
        return False
    return quota.had_account_a_slot(_list_account(given), refused_at)


def _final_refusal(
    given: StepInput, request: ExportRequest, attempt: Attempt, error: ServiceError, found: RefusalFacts
) -> ExportFailure:
    facts, hint = reasons.refusal_facts(found, request.audience_size), reasons.size_hint(found, request)
    if error.code == "ConflictException":
        holder = decision.holder_of(request, _named_in_account(given, request.name))
        if holder or not found.rules_out(request.audience_size):
            return reasons.conflict(request, holder, said=error.message, facts=facts)
    return reasons.refusal(request, error, facts, "" if facts else hint, may_have_started=attempt.may_have_started)


def _named_in_account(given: StepInput, name: str) -> list[ExportJob]:
    """The exports of a name, which may be of other generation jobs; none if they cannot be listed."""
    return [export for export in _list_account(given) or () if export.name == name]


def _list_account(given: StepInput) -> tuple[ExportJob, ...] | None:
    return clean_rooms_ml.list_account(given.request.audience_generation_job_arn, given.in_time)


def _after_failed_listing(given: StepInput, error: ServiceError) -> Pending:
    logger.warning("The exports cannot be listed: %s", error)
    now = given.clock()
    following = retry.after_failed_listing(given.progress, error, now=now, age=now - given.requested_at)
    if following is None:
        progress = given.progress
        is_started = progress.may_have_started or (progress.seen is not None and not given.request.is_held)
        raise reasons.listing_refused(given.request, error, may_have_started=is_started).leaving(progress.left)
    return _try_again(given, following, now, None)


def _try_again(given: StepInput, progress: Progress, now: datetime, listed: LastListing | None) -> Pending:
    """Wait for a service that cannot be used now, but not beyond the deadline."""
    left = int((given.deadline - now).total_seconds())
    if left < 1:
        raise _deadline_failure(given, progress, now, listed)
    seconds = (
        retry.pause(progress.retried, now, given.draw(), progress.neighbours)
        if progress.retried
        else timing.AFTER_REFUSAL
    )
    return Pending(progress, min(seconds, left))


def _deadline_failure(given: StepInput, progress: Progress, now: datetime, listed: LastListing | None) -> ExportFailure:
    failure = deadline.failure(given.request, progress, now, None, listed)
    return failure.leaving(progress.left)
