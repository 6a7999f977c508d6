"""Decides about an export, and does nothing else: what is listed + the request + the clock → one decision.

`docs/decision-table.md` is this module as a table. Two things make it safe to run any number of times. An intention
to start is recorded in the execution's state before the start is sent (`Announce`, then `Start`), so that an export
can be recognised as our own after a crash. And an attempt whose outcome nobody knows is settled by listing after a
pause, never by another start at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from audience_export_handler import explanation, naming
from audience_export_handler.export_job import ExportJob
from audience_export_handler.export_request import ExportRequest
from audience_export_handler.failure import ExportFailure
from audience_export_handler.progress import Attempt, Progress, Sent
from audience_export_handler.request_time import CLOCK_SKEW
from audience_export_handler.stack import StackPhase

# A listing is taken to lag less than this behind a start (unknown at AWS; seconds elsewhere).
LISTING_LAG = timedelta(seconds=15)
# An export that was accepted and is still not listed after this long is reported.
ACCEPTED_UNLISTED = timedelta(minutes=5)
# How long to look for an export that must be there before saying that it is not.
PATIENCE_WITH_LISTING = timedelta(seconds=30)
# The function's time-out, after which a step that was repeated or stopped can no longer be running, and the lag.
OUTLASTING_STEP = timedelta(seconds=60) + LISTING_LAG
# What is left of the time-out for a last call that is not answered (15 s), and for the answer.
ANSWERING_SHARE, ANSWERING_LEAST = 0.05, timedelta(seconds=20)
# How long before the time-out a look may begin that comes late; a call that is not answered takes 15 s of it.
LAST_LOOK = timedelta(seconds=18)
# outputLocation may appear later than ACTIVE; after this long the success goes without one.
OUTPUT_LOCATION_LAG = timedelta(seconds=60)


@dataclass(frozen=True)
class Announce:
    """Record the intention to start under `name`, then look again."""

    name: str


@dataclass(frozen=True)
class Start:
    """Start the announced export now."""

    name: str


@dataclass(frozen=True)
class Wait:
    """Look again in so many seconds."""

    seconds: int


@dataclass(frozen=True)
class Succeed:
    """The request is fulfilled by this export."""

    export: ExportJob


@dataclass(frozen=True)
class Fail:
    """The request cannot be fulfilled, and this is why."""

    failure: ExportFailure


Decision = Announce | Start | Wait | Succeed | Fail


@dataclass(frozen=True)
class Situation:
    """All that a decision may depend on. Times are UTC.

    `stack` is None where it was not asked; `asked_at` is when CloudFormation made the request, `started_at` when the
    execution for it began.
    """

    request: ExportRequest
    exports: tuple[ExportJob, ...]
    progress: Progress
    stack: StackPhase | None
    now: datetime
    started_at: datetime
    asked_at: datetime


def needs_stack(progress: Progress) -> bool:
    """Whether the decision depends on the stack: as long as the next thing may be a start."""
    return progress.attempt is None or progress.attempt.sent is Sent.NOT_YET


def decide(situation: Situation) -> Decision:
    """Return what to do next; what would outlast the deadline, or start an export after it, becomes its failure."""
    attempt = situation.progress.attempt
    decision = _before_attempt(situation) if attempt is None else _after_attempt(situation, attempt)
    if isinstance(decision, Succeed | Fail) or _next_look(situation, decision) <= deadline(
        situation.request, situation.asked_at
    ):
        return decision
    return Fail(_too_late(situation))


def deadline(request: ExportRequest, asked_at: datetime) -> datetime:
    """Return when the stack must have heard from us: before its time-out, after which nobody listens."""
    return asked_at + request.timeout - max(ANSWERING_LEAST, request.timeout * ANSWERING_SHARE)


def free_from(stopped_at: datetime | None, started_at: datetime) -> datetime:
    """Return from when a start meets none of an older execution, whose last step may outlast its being stopped."""
    return stopped_at + OUTLASTING_STEP if stopped_at else started_at


def presume_sent(progress: Progress, now: datetime) -> Progress:
    """Return the progress of a step that runs again: its first run may have sent the start, or still be at it."""
    attempt = progress.attempt
    if attempt is None or attempt.sent is not Sent.NOT_YET:
        return progress
    return replace(progress, attempt=attempt.with_unknown_outcome(look_until=now + OUTLASTING_STEP))


def _before_attempt(situation: Situation) -> Decision:
    request = situation.request
    name = _name_to_use(situation)
    held = [export for export in situation.exports if export.name == name]
    alive = [export for export in held if not export.has_failed]
    same_size = [export for export in alive if export.audience_size == request.audience_size]
    if situation.stack is StackPhase.ROLLING_BACK and request.is_update:
        return _in_rollback(situation, [export for export in held if export.audience_size == request.audience_size])
    if same_size and (not request.name_is_given or request.is_held or request.adopts):
        return follow(same_size[0], request, situation.now)
    if alive:
        return _taken(situation, same_size, alive[0])
    if not request.is_new:
        return _held_but_gone(situation, held)
    return _if_forward(situation, Announce(name))


def _taken(situation: Situation, same_size: list[ExportJob], holder: ExportJob) -> Decision:
    """A conflict, unless the stack may be rolling back to this very export and just cannot be read."""
    if situation.request.is_update and same_size and situation.stack in (StackPhase.UNREADABLE, None):
        return Wait(5)
    return Fail(explanation.conflict(situation.request, holder))


def _after_attempt(situation: Situation, attempt: Attempt) -> Decision:
    request, now = replace(situation.request, name=attempt.name), situation.now
    named = [export for export in situation.exports if export.name == attempt.name]
    ours = [export for export in named if _is_ours(export, request, attempt)]
    others = [export for export in named if not export.has_failed and export not in ours]
    if ours:
        return follow(max(ours, key=lambda export: export.create_time), request, now)
    if attempt.sent is Sent.NOT_YET:
        if others:
            return Fail(explanation.conflict(request, others[0]))
        return _if_forward(situation, Start(attempt.name))
    if attempt.sent is Sent.ACCEPTED and not others and now - attempt.since >= PATIENCE_WITH_LISTING:
        others = named  # A failed one, too: the service may have taken the start for a repeat of it.
    return _not_listed(request, attempt, others, now)


def _not_listed(request: ExportRequest, attempt: Attempt, others: list[ExportJob], now: datetime) -> Decision:
    """A start that was sent, of an export that is not listed: it may come yet, until `look_until`."""
    if attempt.look_until is not None and now < attempt.look_until and not (others and _had_time(attempt, now)):
        left = 1 + int((attempt.look_until - now).total_seconds())
        return Wait(min(left, _seconds_for_age(now - attempt.since)))
    if others or attempt.sent is Sent.REFUSED_AS_TAKEN:
        return Fail(explanation.conflict(request, others[0] if others else None, attempt.message))
    if attempt.sent is Sent.ACCEPTED:
        return Fail(explanation.never_listed(request, _minutes(ACCEPTED_UNLISTED)))
    return Announce(attempt.name)


def _had_time(attempt: Attempt, now: datetime) -> bool:
    """Whether an accepted start would be listed by now, so that another export of its name is what it met."""
    return attempt.sent is Sent.ACCEPTED and now - attempt.since >= LISTING_LAG


def _is_ours(export: ExportJob, request: ExportRequest, attempt: Attempt) -> bool:
    """Whether a listed export of the attempted name is the request's own.

    A generated name is a content address: whoever started it, it is the export asked for; so it is where the request
    adopts. A given name alone proves nothing: the export must have been created while a start that may have taken
    effect was under way. So must a failed one, which may be the reason for this attempt.
    """
    if export.audience_size != request.audience_size:
        return False
    if attempt.until and attempt.since - CLOCK_SKEW <= export.create_time <= attempt.until + CLOCK_SKEW:
        return True
    return (request.adopts or not request.name_is_given) and not export.has_failed


def follow(export: ExportJob, request: ExportRequest, now: datetime) -> Decision:
    """Wait for the export's own end, if the request does: ACTIVE succeeds, CREATE_FAILED fails with its details."""
    if export.has_failed:
        return Fail(explanation.export_failed(export))
    if not request.waits:
        return Succeed(export)
    if export.status == "ACTIVE":
        if not export.output_location and now - export.update_time < OUTPUT_LOCATION_LAG:
            return Wait(5)
        return Succeed(export)
    return Wait(_seconds_for_age(now - export.create_time))


def _seconds_for_age(age: timedelta) -> int:
    """A tenth of the age, from 2 to 30 seconds."""
    return max(2, min(30, int(age.total_seconds() / 10)))


def _name_to_use(situation: Situation) -> str:
    """The given name, or the first of the generated ones that no failed export has used up."""
    if situation.request.name_is_given:
        return situation.request.name
    failed = {export.name for export in situation.exports if export.has_failed}
    alive = {export.name for export in situation.exports if not export.has_failed}
    names = list(naming.ordinals(situation.request.name))
    if not situation.request.is_new or situation.stack is StackPhase.ROLLING_BACK:
        listed = [name for name in names if name in alive] or [name for name in names if name in failed]
        return listed[0] if listed else situation.request.name
    return next(name for name in names if name in alive or name not in failed)


def _in_rollback(situation: Situation, listed: list[ExportJob]) -> Decision:
    if listed:
        return Succeed(next((export for export in listed if not export.has_failed), listed[0]))
    if situation.now - situation.started_at < PATIENCE_WITH_LISTING:
        return Wait(5)
    return Fail(explanation.missing_in_rollback(situation.request))


def _held_but_gone(situation: Situation, failed: list[ExportJob]) -> Decision:
    if failed:
        return Fail(explanation.export_failed(failed[0]))
    if situation.now - situation.started_at < PATIENCE_WITH_LISTING:
        return Wait(5)
    return Fail(explanation.missing_in_update(situation.request))


def _if_forward(situation: Situation, decision: Announce | Start) -> Decision:
    """Go on towards a start only while the stack does; a stack that cannot be read is asked again."""
    if situation.stack is StackPhase.FORWARD:
        return _when_free(situation, decision)
    if situation.stack is StackPhase.UNREADABLE or situation.stack is None:
        return Wait(5)
    return Fail(explanation.stack_moved_on(situation.request, situation.stack.value))


def _when_free(situation: Situation, decision: Announce | Start) -> Decision:
    """Go on once no step of an older request for the same resource can still start something."""
    free_from = situation.progress.free_from
    if free_from is None:
        return Wait(5)
    if situation.now < free_from:
        return Wait(min(30, 1 + int((free_from - situation.now).total_seconds())))
    return decision


def _next_look(situation: Situation, decision: Announce | Start | Wait) -> datetime:
    return situation.now + timedelta(seconds=decision.seconds if isinstance(decision, Wait) else 0)


def _too_late(situation: Situation) -> ExportFailure:
    request, attempt = situation.request, situation.progress.attempt
    is_started = attempt is not None and any(_is_ours(export, request, attempt) for export in situation.exports)
    if attempt is None and situation.progress.free_from is None:
        return explanation.executions_unreadable(request)
    if attempt is None and situation.stack is StackPhase.UNREADABLE:
        return explanation.stack_unreadable(request)
    return too_late(request, situation.progress, situation.now, is_started=is_started)


def too_late(request: ExportRequest, progress: Progress, now: datetime, *, is_started: bool) -> ExportFailure:
    """Return the deadline's failure: what stood in the way of a start, if none has been seen to take effect."""
    trouble = progress.trouble
    if trouble and not is_started:
        return explanation.trouble(request, trouble.code, trouble.message, now - trouble.since)
    return explanation.out_of_time(request)


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() / 60)
