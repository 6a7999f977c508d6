"""The failure of a request that reached its deadline: what kept it from its end, and how far its export was."""

from __future__ import annotations

from datetime import datetime

from audience_export_handler.core import quota, reasons, retry
from audience_export_handler.core.attempt import Accepted
from audience_export_handler.core.facts import ExportJob, StackPhase
from audience_export_handler.core.failure import ExportFailure
from audience_export_handler.core.progress import Progress
from audience_export_handler.core.request import ExportRequest


def failure(
    request: ExportRequest,
    progress: Progress,
    now: datetime,
    stack: StackPhase | None,
    *,
    export: ExportJob | None = None,
    was_listed: bool,
) -> ExportFailure:
    """Return the deadline's failure: what kept the export from starting, unless its export is listed or accepted.

    Args:
        stack: its phase, None if it was not read.
        export: the request's own, if a last listing shows it.
        was_listed: whether there was a last listing; without one it failed, or would have come too late.
    """
    cause = _cause(request, progress, now, stack, is_listed=export is not None, was_listed=was_listed)
    return cause.extended(said=_how_far(progress, now, export, was_listed=was_listed), advice=reasons.watch(request))


def _cause(
    request: ExportRequest,
    progress: Progress,
    now: datetime,
    stack: StackPhase | None,
    *,
    is_listed: bool,
    was_listed: bool,
) -> ExportFailure:
    attempt, retried = progress.attempt, progress.retried
    if progress.seen and not is_listed:
        return reasons.out_of_time(request, is_started=True, may_have_ended=True)
    if is_listed or _accepted_at(progress):
        return reasons.out_of_time(request, is_started=True)
    if retried and retried.job_status:
        return reasons.job_not_active(request, retried, may_have_started=progress.may_have_started)
    if retried and retry.is_recent(retried, progress.neighbours, now):
        return reasons.kept_failing(
            request,
            retried,
            now - retried.since,
            was_listed=was_listed,
            may_have_started=progress.may_have_started,
        )
    if attempt is None and progress.older_ended_by is None:
        return reasons.executions_unreadable(request)
    if stack is StackPhase.UNREADABLE and not progress.may_have_started:
        return reasons.stack_unreadable(request)
    return reasons.out_of_time(request, is_started=None if progress.may_have_started else False)


def _how_far(progress: Progress, now: datetime, export: ExportJob | None, *, was_listed: bool) -> str:
    """How far the export was, in words; empty if there is nothing to say."""
    retried, accepted_at = progress.retried, _accepted_at(progress)
    if export:
        return reasons.last_seen(export)
    if progress.seen:
        return reasons.seen_before(progress.seen.created, was_listed=was_listed)
    if accepted_at:
        return reasons.start_accepted(accepted_at)
    if retried and retried.job_status:
        return reasons.waited(retried.since, "the generation job")
    if retried and retried.code == quota.CODE and retry.is_recent(retried, progress.neighbours, now):
        return reasons.waited(retried.since, "a slot in the account")
    return ""


def _accepted_at(progress: Progress) -> datetime | None:
    """When the service accepted the attempt's start, if it did."""
    attempt = progress.attempt
    return attempt.phase.at if attempt and isinstance(attempt.phase, Accepted) else None
