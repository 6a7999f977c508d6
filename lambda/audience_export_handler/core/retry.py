"""What an error of a call means for the next step: whether it is final, and how long to wait before another try.

A start is never simply repeated. A refusal ends the request, a refusal for now is tried again later, and a start that
was not answered becomes an attempt that only a listing can settle.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from audience_export_handler.core import quota, timing
from audience_export_handler.core.attempt import Attempt
from audience_export_handler.core.facts import ErrorKind, ServiceError
from audience_export_handler.core.progress import LIST, READ_JOB, START, Progress, RetriedError
from audience_export_handler.core.request import ExportRequest


def after_failed_start(
    request: ExportRequest, progress: Progress, attempt: Attempt, error: ServiceError, *, now: datetime, age: timedelta
) -> Progress | None:
    """Return the progress to go on with, or None if the refusal is final. `age` is the time since the request."""
    retrying = replace(progress, retried=_retried(progress, START, error, now))
    if error.kind is ErrorKind.UNANSWERED:
        return replace(retrying, attempt=attempt.unanswered(now, str(error)))
    if is_transient(error, age) or error.code == quota.CODE:
        return replace(retrying, attempt=attempt)
    if error.code == "ConflictException" and (attempt.may_have_started or request.adopts or not request.name_is_given):
        # Perhaps the request's own export, or the one to adopt, which is not listed yet.
        return replace(progress, attempt=attempt.taken(now, error.message), retried=None)
    return None


def after_failed_listing(progress: Progress, error: ServiceError, *, now: datetime, age: timedelta) -> Progress | None:
    """Return the progress to go on with when the exports cannot be listed, or None if that is final."""
    return _after_failed_read(progress, LIST, error, now=now, age=age)


def after_unread_job(progress: Progress, error: ServiceError, *, now: datetime, age: timedelta) -> Progress | None:
    """Return the progress to go on with when the generation job cannot be read, or None if that is final."""
    return _after_failed_read(progress, READ_JOB, error, now=now, age=age)


def after_unread_metrics(progress: Progress, error: ServiceError, *, now: datetime, age: timedelta) -> Progress | None:
    """The same for metrics that are only reported: None if they are left out, after a minute at the latest."""
    last = progress.retried if progress.retried and progress.retried.call == READ_JOB else None
    if last and now - last.since >= timing.JOB_UNREAD:
        return None
    return after_unread_job(replace(progress, retried=last), error, now=now, age=age)


def is_transient(error: ServiceError, age: timedelta) -> bool:
    """Return whether the call surely had no effect, and may succeed if it is made again."""
    if error.kind is ErrorKind.THROTTLED:
        return True
    return error.kind is ErrorKind.DENIED and age < timing.IAM_PROPAGATION


def is_recent(retried: RetriedError, neighbours: int, now: datetime) -> bool:
    """Return whether a call has failed so recently that it is why the request has not ended."""
    return retried.last_at is None or now - retried.last_at < timing.between_tries(neighbours)


def pause(retried: RetriedError, now: datetime, draw: float, neighbours: int) -> int:
    """Return how many seconds to wait before the next try: whole ones, 5 to 30, or more if many requests wait.

    Requests that wait for a slot come sooner the longer they have waited, so that slots go to those that came first.
    For any other error it is a tenth of the time for which it has lasted.

    Args:
        draw: from 0 to 1, at random, so that not all requests that wait come at the same time.
        neighbours: how many requests wait in the stack.
    """
    waited = now - retried.since
    least: float
    most: float
    if retried.code == quota.CODE:
        least, first, last = timing.SLOT_SHORTEST, timing.SLOT_LONGEST, timing.SLOT_LONGEST_LATER
        most = first - (first - last) * min(1.0, waited / timing.SLOT_LATER)
    else:
        least = timing.AFTER_REFUSAL
        most = max(least, min(timing.LONGEST_PAUSE, waited.total_seconds() / 10))
    fair = timing.fair_pause(neighbours)
    if fair > most:
        least, most = 0.75 * fair, 1.25 * fair
    return round(least + draw * (most - least))


def _after_failed_read(
    progress: Progress, call: str, error: ServiceError, *, now: datetime, age: timedelta
) -> Progress | None:
    if error.kind is not ErrorKind.UNANSWERED and not is_transient(error, age):
        return None
    return replace(progress, retried=_retried(progress, call, error, now))


def _retried(progress: Progress, call: str, error: ServiceError, now: datetime) -> RetriedError:
    last = progress.retried
    if last and last.call == START != call and (_is_wait(last) or is_recent(last, progress.neighbours, now)):
        return last  # A listing or a read that fails in between is not what keeps the export from starting.
    if last and last.job_status and error.code != quota.CODE:
        return last  # Nor is a start that is throttled while the generation job is being created.
    is_full = last is not None and last.code == quota.CODE and is_recent(last, progress.neighbours, now)
    if last and is_full and error.code != quota.CODE and error.kind is not ErrorKind.UNANSWERED:
        return last  # Nor is one that is throttled while the account is full.
    # Waiting for a slot begins with the first refusal for a quota: only then may the account's listing show it.
    begins = last is None or last.call != call or bool(last.job_status) or (error.code == quota.CODE != last.code)
    since = now if last is None or begins else last.since
    refused_at = quota.next_to_show(last, now) if error.code == quota.CODE else None
    return RetriedError(call, since, error.code, error.message, last_at=now, refused_at=refused_at)


def _is_wait(retried: RetriedError) -> bool:
    """Whether the start waits for its generation job or for a slot: since when decides what comes next."""
    return bool(retried.job_status) or retried.code == quota.CODE
