"""Decides what an answer to a start, or an error while looking, means for the next step; like `decision`, it acts not.

A start is never simply repeated. Refused for good ends the request, put off tries again later, and an unknown outcome
becomes an attempt that only a listing can settle.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from audience_export_handler import quota
from audience_export_handler.decision import ACCEPTED_UNLISTED, LISTING_LAG, PATIENCE_WITH_LISTING
from audience_export_handler.export_job import Outcome, ServiceError
from audience_export_handler.export_request import ExportRequest
from audience_export_handler.progress import Attempt, Progress, Sent, Trouble

# A role made by the same deployment may not be known everywhere at once.
IAM_PROPAGATION = timedelta(seconds=30)
START, LIST = "StartAudienceExportJob", "ListAudienceExportJobs"
# Seconds between two tries for a turn: at least, at most, and at most for one who has waited so long.
_TURN_LEAST, _TURN_MOST, _TURN_MOST_LATER, _LATER = 5, 15, 7, timedelta(minutes=15)


def announced(progress: Progress, name: str, now: datetime) -> Progress:
    """Record the intention to start; an attempt that may have started keeps its first time."""
    earlier = progress.attempt
    if earlier and earlier.may_have_started and earlier.name == name:
        return replace(progress, attempt=replace(earlier, sent=Sent.NOT_YET, look_until=None))
    return replace(progress, attempt=Attempt(name, since=now))


def accepted(progress: Progress, attempt: Attempt, now: datetime) -> Progress:
    """The service took the start."""
    started = replace(
        attempt, sent=Sent.ACCEPTED, until=now + LISTING_LAG, look_until=now + ACCEPTED_UNLISTED, message=""
    )
    return replace(progress, attempt=started, trouble=None)


def after_refused_start(
    request: ExportRequest, progress: Progress, attempt: Attempt, error: ServiceError, *, now: datetime, age: timedelta
) -> Progress | None:
    """Return the progress to go on with, or None where the refusal is final. `age` is the request's."""
    in_trouble = replace(progress, trouble=_trouble(progress, START, error, now))
    if error.outcome is Outcome.UNKNOWN:
        return replace(in_trouble, attempt=replace(attempt.with_unknown_outcome(now + LISTING_LAG), message=str(error)))
    if is_transient(error, age) or error.code == quota.CODE:
        return replace(in_trouble, attempt=_put_off(attempt, now))
    if error.code == "ConflictException" and (attempt.may_have_started or request.adopts or not request.name_is_given):
        # Perhaps our own export, or the one to adopt, not listed yet.
        look_until = now + PATIENCE_WITH_LISTING
        taken = replace(attempt, sent=Sent.REFUSED_AS_TAKEN, look_until=look_until, message=error.message)
        return replace(progress, attempt=taken, trouble=None)
    return None


def after_failed_look(progress: Progress, error: ServiceError, *, now: datetime, age: timedelta) -> Progress | None:
    """Return the progress to go on with when the exports cannot be listed, or None where that is final."""
    if error.outcome is Outcome.REFUSED and not is_transient(error, age):
        return None
    return replace(progress, trouble=_trouble(progress, LIST, error, now))


def is_transient(error: ServiceError, age: timedelta) -> bool:
    """Whether the call was surely not carried out, and may be if it is made again."""
    if error.outcome is Outcome.THROTTLED:
        return True
    return error.code == "AccessDeniedException" and age < IAM_PROPAGATION


def pause(trouble: Trouble, now: datetime, draw: float) -> int:
    """Return how many seconds to wait for a service that is in the way: whole ones, 5 to 30.

    Those who wait for a turn come sooner the longer they have waited, so that turns go to them rather than to those
    who came later. Any other trouble is given a tenth of its age.

    Args:
        draw: from 0 to 1, at random, so that those who wait do not all come at once.
    """
    waited = now - trouble.since
    if trouble.code == quota.CODE:
        least, most = _TURN_LEAST, _TURN_MOST - (_TURN_MOST - _TURN_MOST_LATER) * min(1.0, waited / _LATER)
    else:
        least, most = 5, max(5.0, min(30.0, waited.total_seconds() / 10))
    return round(least + draw * (most - least))


def _put_off(attempt: Attempt, now: datetime) -> Attempt:
    """The attempt after a start that surely had no effect: what may be our own begins now, or as early as before."""
    return replace(attempt, since=attempt.since if attempt.may_have_started else now)


def _trouble(progress: Progress, call: str, error: ServiceError, now: datetime) -> Trouble:
    last = progress.trouble
    if call == LIST and last and last.call == START:
        return last  # A look that fails on the way is not what keeps the export from starting.
    since = last.since if last and last.call == call else now
    return Trouble(call, since, error.code, error.message)
