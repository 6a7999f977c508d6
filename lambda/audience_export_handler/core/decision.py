"""Decides about an export: what is listed + the request + the stack + the clock → one decision.

`docs/decision-table.md` is this module as a table, which a test runs. Two things make it safe to run any number of
times: the intention to start is recorded before the start is sent (`Announce`, then `Start`), and a start that was not
answered is settled by a listing, never by another start. `attempt` has the phases of that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from audience_export_handler.core import advice, deadline, reasons, staleness, timing
from audience_export_handler.core.attempt import Accepted, Announced, Attempt, Taken, Unanswered
from audience_export_handler.core.facts import ExportJob, StackPhase
from audience_export_handler.core.failure import ExportFailure
from audience_export_handler.core.progress import Progress
from audience_export_handler.core.request import ExportRequest
from audience_export_handler.core.situation import Announce, Decision, Fail, Situation, Start, Succeed, Wait
from audience_export_handler.core.timing import pause_for_age, seconds_until
from cdk_cleanroomsml_contract import identity


def needs_stack(progress: Progress) -> bool:
    """Return whether the decision depends on the stack: as long as the next thing may be a start."""
    return progress.attempt is None or isinstance(progress.attempt.phase, Announced)


def needs_model(situation: Situation) -> bool:
    """Return whether only an output location is missing, which the account never sees if the model is another's."""
    decision = _without_deadline(situation)
    return isinstance(decision, Wait) and decision.for_location


def decide(situation: Situation) -> Decision:
    """Return what to do next; what would outlast the deadline, or start an export after it, becomes its failure."""
    request, attempt = situation.request, situation.progress.attempt
    decision = _cut(_without_deadline(situation), _seconds_left(situation))
    if isinstance(decision, Succeed | Fail):
        return decision
    next_step = situation.now + timedelta(seconds=decision.seconds if isinstance(decision, Wait) else 0)
    if next_step <= timing.deadline(situation.requested_at, request.timeout):
        return decision
    name = _name_to_use(situation) if attempt is None else attempt.name
    named = [export for export in situation.exports if export.name == name]
    own = _usable(situation, name) if attempt is None else _own(situation, attempt)
    if isinstance(decision, Wait) and decision.for_location:
        return Succeed(_oldest_alive(own))
    if attempt and isinstance(attempt.phase, Taken) and not own and not situation.progress.seen:
        return Fail(conflict(replace(request, name=name), attempt, named))
    export = _oldest_alive(own) if own else None
    listed = deadline.LastListing(
        export, is_of_others=bool(named), may_be_rollback=staleness.may_be_rollback(situation)
    )
    failure = deadline.failure(request, situation.progress, situation.now, situation.stack, listed)
    return Fail(failure, export)


def _cut(decision: Decision, left: float) -> Decision:
    """The decision with a wait that ends at the deadline at the latest, if there is time for another step."""
    if isinstance(decision, Wait) and timing.BEFORE_NEXT_READ <= left < decision.seconds:
        return replace(decision, seconds=int(left))
    return decision


def _without_deadline(situation: Situation) -> Decision:
    attempt = situation.progress.attempt
    return _before_attempt(situation) if attempt is None else _in_attempt(situation, attempt)


def _before_attempt(situation: Situation) -> Decision:
    """Decide by the listing; an Update that may be a rollback starts nothing, and fails only at the last read."""
    decision = _by_listing(situation)
    if not isinstance(decision, Fail | Announce) or not staleness.may_be_rollback(situation):
        return decision
    if isinstance(decision, Fail) and staleness.is_last_read(situation):
        return replace(decision, failure=decision.failure.extended(said="", advice=advice.IF_ROLLBACK))
    return _read_again(situation)


def _by_listing(situation: Situation) -> Decision:
    request = situation.request
    name = _name_to_use(situation)
    named = [export for export in situation.exports if export.name == name]
    same_size = _same_size(request, named)
    usable = _usable(situation, name)
    if staleness.known_phase(situation) is StackPhase.ROLLING_BACK and request.is_update:
        return _in_rollback(situation, same_size)
    if failed := _failed_meanwhile(situation):
        return _has_failed(request, failed)
    if usable:
        return follow(_oldest_alive(usable), request, situation.now, situation.model_account)
    if request.is_held and same_size:
        return _has_failed(request, _oldest_alive(same_size))
    if alive := [export for export in named if not export.has_failed]:
        return _name_is_taken(situation, alive)
    if request.is_held:
        return _held_but_gone(situation)
    return _if_forward(situation, Announce(name))


def _in_attempt(situation: Situation, attempt: Attempt) -> Decision:
    request, now = replace(situation.request, name=attempt.name), situation.now
    named = [export for export in situation.exports if export.name == attempt.name]
    own, failed = _own(situation, attempt), _failed_meanwhile(situation)
    # A version before this one could go on after the failure, and start another export.
    has_gone_on = (
        bool(own) or isinstance(attempt.phase, Accepted) or (failed is not None and failed.name != attempt.name)
    )
    if failed and (failed in own or not has_gone_on):
        return _has_failed(request, failed)
    if own:
        return follow(_oldest_alive(own), request, now, situation.model_account)
    others = [export for export in named if not export.has_failed]
    taken = Fail(conflict(request, attempt, named))
    match attempt.phase:
        case Announced():
            return taken if others else _if_forward(situation, Start(attempt.name))
        case Accepted(at):
            return _accepted_but_unlisted(request, attempt, named, now - at)
        case Unanswered(at, settled_at):
            if now < settled_at:
                return _wait_until(settled_at, now, since=at)
            return taken if others else Announce(attempt.name)
        case Taken(at):
            if now - at < timing.PATIENCE_WITH_LISTING:
                return _wait_until(at + timing.PATIENCE_WITH_LISTING, now, since=at)
            return taken


def _accepted_but_unlisted(
    request: ExportRequest, attempt: Attempt, named: list[ExportJob], age: timedelta
) -> Decision:
    """Wait for an accepted export to be listed, unless the service may have answered a repeat of another one."""
    is_alive = any(not export.has_failed for export in named)
    if named and age >= (timing.LISTING_LAG if is_alive else timing.PATIENCE_WITH_LISTING):
        return Fail(conflict(request, attempt, named))
    if age >= timing.ACCEPTED_UNLISTED:
        return Fail(reasons.never_listed(request))
    return Wait(min(1 + int((timing.ACCEPTED_UNLISTED - age).total_seconds()), pause_for_age(age)))


def _wait_until(moment: datetime, now: datetime, *, since: datetime) -> Wait:
    return Wait(min(seconds_until(moment, now), pause_for_age(now - since)))


def conflict(request: ExportRequest, attempt: Attempt, named: Iterable[ExportJob]) -> ExportFailure:
    """Return the failure of an attempt whose name is taken, by one of the exports that have it."""
    said = attempt.phase.said if isinstance(attempt.phase, Unanswered | Taken) else ""
    return reasons.conflict(request, holder_of(request, named), said=said, may_have_started=attempt.may_have_started)


def holder_of(request: ExportRequest, named: Iterable[ExportJob]) -> ExportJob | None:
    """Return which of the exports of a name most likely holds it; None if there is none.

    One of the request's generation job comes first, then one that is alive, then one that could be adopted.
    """
    return min(
        named,
        key=lambda export: (
            export.audience_generation_job_arn != request.audience_generation_job_arn,
            export.has_failed,
            export.audience_size != request.audience_size,
            export.create_time,
        ),
        default=None,
    )


def _failed_meanwhile(situation: Situation) -> ExportJob | None:
    """The export that the request has waited for, if it has failed: its end is the request's.

    Another one of its name and size, which somebody else may have started since, does not take its place.
    """
    seen = situation.progress.seen
    if seen is None:
        return None
    waited_for = (seen.name, seen.created, situation.request.audience_size)
    failed = (export for export in situation.exports if export.has_failed)
    return next((one for one in failed if (one.name, one.create_time, one.audience_size) == waited_for), None)


def _is_hidden(situation: Situation) -> bool:
    """Whether an earlier listing showed the export that is waited for, and this one does not: it was a later state."""
    seen = situation.progress.seen
    return seen is not None and (seen.name, seen.created) not in {
        (export.name, export.create_time) for export in situation.exports
    }


def _own(situation: Situation, attempt: Attempt) -> list[ExportJob]:
    named = [export for export in situation.exports if export.name == attempt.name]
    return [export for export in named if _is_own(export, situation.request, attempt)]


def _is_own(export: ExportJob, request: ExportRequest, attempt: Attempt) -> bool:
    """Whether a listed export of the attempted name is the request's own.

    A generated name is a content address: an export that has it is the requested one, no matter who started it. The
    same holds if the request adopts. A given name alone proves nothing: the export must have been created while a
    start that may have taken effect was under way. So must a failed one, which may be the reason for this attempt.
    """
    if export.audience_size != request.audience_size:
        return False
    if attempt.may_have_created(export.create_time):
        return True
    return (request.adopts or not request.name_is_given) and not export.has_failed


def follow(export: ExportJob, request: ExportRequest, now: datetime, model_account: str) -> Decision:
    """Wait for the export's own end, if the request does: ACTIVE succeeds, CREATE_FAILED fails with its details.

    An account never sees the output location of an export whose model belongs to another one.
    """
    if export.has_failed:
        return _has_failed(request, export)
    if not request.waits:
        return Succeed(export)
    if export.status == "ACTIVE":
        may_appear = not export.output_location and model_account in ("", request.account)
        if may_appear and now - export.update_time < timing.OUTPUT_LOCATION_LAG:
            return Wait(timing.BEFORE_NEXT_READ, for_location=True, export=export)
        return Succeed(export)
    return Wait(pause_for_age(now - export.create_time), export=export)


def _has_failed(request: ExportRequest, export: ExportJob) -> Decision:
    return Fail(reasons.export_failed(request, export), export)


def _usable(situation: Situation, name: str) -> list[ExportJob]:
    """The living exports of a name and the requested size, if they are the requested one no matter who started them."""
    request = situation.request
    if request.name_is_given and not request.is_held and not request.adopts:
        return []
    named = [export for export in situation.exports if export.name == name]
    return [export for export in _same_size(request, named) if not export.has_failed]


def _same_size(request: ExportRequest, named: list[ExportJob]) -> list[ExportJob]:
    """The exports of a name that have the requested size, and can be the resource's.

    An export is started under a given name only if none of that name is alive. So one that began while an older one was
    alive, which has failed since, is somebody else's.
    """
    same_size = [export for export in named if export.audience_size == request.audience_size]
    if not request.name_is_given or request.adopts:
        return same_size
    failed = [export for export in same_size if export.has_failed]
    return [
        export
        for export in same_size
        if not any(one.create_time < export.create_time <= one.update_time for one in failed)
    ]


def _oldest_alive(exports: list[ExportJob]) -> ExportJob:
    """The export that a name and size mean: the oldest that is alive, or the newest failed one.

    If names are not unique, somebody else may have started another one later.
    """
    alive = [export for export in exports if not export.has_failed]
    if alive:
        return min(alive, key=lambda export: export.create_time)
    return max(exports, key=lambda export: export.create_time)


def _name_to_use(situation: Situation) -> str:
    """The given name, or the first of the generated ones that no failed export has used up."""
    if situation.request.name_is_given:
        return situation.request.name
    is_held = situation.request.is_held or staleness.known_phase(situation) is StackPhase.ROLLING_BACK
    # An export that is held has the requested size; one of another size is somebody else's.
    size = situation.request.audience_size
    exports = [export for export in situation.exports if not is_held or export.audience_size == size]
    failed = {export.name for export in exports if export.has_failed}
    alive = {export.name for export in exports if not export.has_failed}
    names = identity.ordinals(situation.request.name)
    if is_held:
        # Each of the failed ones was the resource's own until the next one was started.
        return next((name for name in names if name in alive), None) or next(
            (name for name in reversed(names) if name in failed), situation.request.name
        )
    return next(name for name in names if name in alive or name not in failed)


def _name_is_taken(situation: Situation, alive: list[ExportJob]) -> Decision:
    """A conflict, unless the stack may be rolling back to this very export, and its phase is not known."""
    request, holder = situation.request, holder_of(situation.request, alive)
    is_of_size = holder is not None and holder.audience_size == request.audience_size
    if request.is_update and is_of_size and staleness.known_phase(situation) is None:
        return _read_again(situation)
    return Fail(reasons.conflict(request, holder))


def _in_rollback(situation: Situation, listed: list[ExportJob]) -> Decision:
    if listed:
        return Succeed(_oldest_alive(listed))
    if situation.now - situation.started_at < timing.PATIENCE_WITH_LISTING:
        return _read_again(situation)
    return Fail(reasons.missing_in_rollback(situation.request))


def _held_but_gone(situation: Situation) -> Decision:
    if situation.now - situation.started_at < timing.PATIENCE_WITH_LISTING:
        return _read_again(situation)
    return Fail(reasons.missing_in_update(situation.request))


def _if_forward(situation: Situation, decision: Announce | Start) -> Decision:
    """Continue towards a start only while the stack is creating or updating; read a phase that is not known again.

    An export that was listed before is waited for, also if this listing does not show it.
    """
    if _is_hidden(situation):
        return _read_again(situation)
    phase = staleness.known_phase(situation)
    if phase is StackPhase.FORWARD:
        return _once_older_ended(situation, decision)
    if phase is None:
        return _read_again(situation)
    may_have_started = situation.progress.may_have_started
    return Fail(reasons.stack_moved_on(situation.request, phase, may_have_started=may_have_started))


def _read_again(situation: Situation) -> Wait:
    """Read the exports and the stack again: soon at first, then less and less often, and once before the deadline."""
    age = (situation.now - situation.started_at).total_seconds()
    left = _seconds_left(situation)
    # More often towards the deadline, so that one read that is not answered then is not the only one.
    pause = max(timing.fair_pause(situation.progress.neighbours), min(timing.LONGEST_PAUSE, age, left / 2))
    if not staleness.cannot_be_stale(situation):
        pause = min(pause, seconds_until(situation.requested_at + timing.STALE_STACK, situation.now))
    return Wait(max(timing.BEFORE_NEXT_READ, int(pause)))


def _once_older_ended(situation: Situation, decision: Announce | Start) -> Decision:
    """Continue once no step of an older request for the same resource can still start something.

    If that is after the deadline, it waits until the deadline and lists once more: such a step may have started it.
    """
    ended_by = situation.progress.older_ended_by
    if ended_by is None:
        return _read_again(situation)
    if situation.now < ended_by:
        return Wait(max(1, min(seconds_until(ended_by, situation.now), int(_seconds_left(situation)))))
    return decision


def _seconds_left(situation: Situation) -> float:
    return (timing.deadline(situation.requested_at, situation.request.timeout) - situation.now).total_seconds()
