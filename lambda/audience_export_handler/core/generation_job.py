"""What the status of its generation job means for a refused start: a job that is still being created is waited for.

The service documents no error for a job that is not ACTIVE, and a conflict may also be a taken name. So neither the
code nor the text of the refusal decides, only the job's own status. It may be out of date, so each try sends the start
again, and the service decides. A start that was refused because of its job had no effect.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from audience_export_handler.core import timing
from audience_export_handler.core.facts import ErrorKind, RefusalFacts, ServiceError
from audience_export_handler.core.progress import START, Progress, RetriedError
from audience_export_handler.core.request import ExportRequest


def after_refusal(
    request: ExportRequest,
    progress: Progress,
    error: ServiceError,
    found: RefusalFacts,
    *,
    now: datetime,
    age: timedelta,
) -> Progress | None:
    """Return the progress with which the start is tried again, or None if the refusal is not for a job to wait for.

    Args:
        progress: as it was before this start, with its announced attempt.
        found: what was read after the refusal.
        age: the time since the request.
    """
    if found.unread:
        return _while_unread(progress, error, found.unread, now=now, age=age)
    if found.offered and request.audience_size not in found.offered:
        return None
    if progress.waits_for_job and not found.job_status:
        # The job is ACTIVE now; perhaps it was not yet when the start was refused. Another refusal has another reason.
        return replace(progress, retried=RetriedError(START, now, error.code, error.message, last_at=now))
    if not found.is_being_created:
        return None
    return wait_for(progress, error, found.job_status, now=now)


def wait_for(progress: Progress, error: ServiceError, status: str, *, now: datetime) -> Progress:
    """Return the progress with which a job that is being created is waited for."""
    since = progress.retried.since if progress.retried and progress.waits_for_job else now
    return replace(progress, retried=RetriedError(START, since, error.code, error.message, status, last_at=now))


def _while_unread(
    progress: Progress, error: ServiceError, unread: ErrorKind, *, now: datetime, age: timedelta
) -> Progress | None:
    """Try again for a while if the job cannot be read: what is read next may show that it is being created.

    A while begins anew after a gap, for example an outage of Lambda: in it, nobody tried.
    """
    last = progress.retried
    if unread is ErrorKind.REFUSED:
        return None
    if progress.waits_for_job:
        return progress
    since = now
    longest = timing.between_tries(progress.neighbours)
    if last and last.code == error.code and last.unread_at and now - last.unread_at < longest:
        since = last.since
    if age >= timing.IAM_PROPAGATION if unread is ErrorKind.DENIED else now - since >= timing.REFUSAL_UNREAD:
        return None
    return replace(progress, retried=RetriedError(START, since, error.code, error.message, unread_at=now, last_at=now))
