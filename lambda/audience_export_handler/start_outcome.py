"""Decides what an answer to a start, or an error while looking, means for the next step; like `decision`, it acts not.

A start is never simply repeated. Refused for good ends the request, put off tries again later, and an unknown outcome
becomes an attempt that only a listing can settle.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from audience_export_handler.decision import ACCEPTED_UNLISTED, LISTING_LAG, PATIENCE_WITH_LISTING, TROUBLE_PATIENCE
from audience_export_handler.export_job import Outcome, ServiceError
from audience_export_handler.export_request import ExportRequest
from audience_export_handler.progress import Attempt, Progress, Sent, Trouble

# A role made by the same deployment may not be known everywhere at once.
IAM_PROPAGATION = timedelta(seconds=30)
START, LIST = "StartAudienceExportJob", "ListAudienceExportJobs"


def announced(progress: Progress, name: str, now: datetime) -> Progress:
    """Record the intention to start; an attempt that may have started keeps its first time."""
    earlier = progress.attempt
    if earlier and earlier.may_have_started and earlier.name == name:
        return replace(progress, attempt=replace(earlier, sent=Sent.NOT_YET, look_until=None))
    return replace(progress, attempt=Attempt(name, since=now))


def accepted(attempt: Attempt, now: datetime) -> Progress:
    """The service took the start."""
    return Progress(
        replace(attempt, sent=Sent.ACCEPTED, may_have_started=True, look_until=now + ACCEPTED_UNLISTED, message="")
    )


def after_refused_start(
    request: ExportRequest, progress: Progress, attempt: Attempt, error: ServiceError, *, now: datetime, age: timedelta
) -> Progress | None:
    """Return the progress to go on with, or None where the refusal is final. `age` is the request's."""
    if error.outcome is Outcome.UNKNOWN:
        unknown = replace(attempt.with_unknown_outcome(now + LISTING_LAG), message=str(error))
        return Progress(unknown, _trouble(progress, START, error, now))
    if is_transient(error, age):
        return Progress(attempt if attempt.may_have_started else None, _trouble(progress, START, error, now))
    if error.code == "ConflictException" and (attempt.may_have_started or request.adopts or not request.name_is_given):
        # Perhaps our own export, or the one to adopt, not listed yet.
        look_until = now + PATIENCE_WITH_LISTING
        return Progress(replace(attempt, sent=Sent.REFUSED_AS_TAKEN, look_until=look_until, message=error.message))
    return None


def after_failed_look(progress: Progress, error: ServiceError, *, now: datetime, age: timedelta) -> Progress | None:
    """Return the progress to go on with when the exports cannot be listed, or None where that is final.

    Once a start may have taken effect the look is repeated until the deadline; before, for a bounded time.
    """
    if error.outcome is Outcome.REFUSED and not is_transient(error, age):
        return None
    trouble = _trouble(progress, LIST, error, now)
    if not progress.may_have_started and now - trouble.since > TROUBLE_PATIENCE:
        return None
    return replace(progress, trouble=trouble)


def is_transient(error: ServiceError, age: timedelta) -> bool:
    """Whether the call was surely not carried out, and may be if it is made again."""
    if error.outcome is Outcome.THROTTLED:
        return True
    return error.code == "AccessDeniedException" and age < IAM_PROPAGATION


def _trouble(progress: Progress, call: str, error: ServiceError, now: datetime) -> Trouble:
    last = progress.trouble
    since = last.since if last and last.call == call else now
    return Trouble(call, since, error.code, error.message)
