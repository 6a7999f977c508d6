"""The failure of a request that reached its deadline: what kept it from its end, and how far its export was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audience_export_handler.core import quota, reasons, retry, timing
from audience_export_handler.core.attempt import Accepted
from audience_export_handler.core.facts import ExportJob, StackPhase
from audience_export_handler.core.failure import ExportFailure
from audience_export_handler.core.progress import Progress
from audience_export_handler.core.request import ExportRequest


@dataclass(frozen=True)
class LastListing:
    """What the last listing shows: the request's own export, and whether only others have its name.

    `may_be_rollback` says that it shows an export to which the update may be a rollback.
    """

    export: ExportJob | None = None
    is_of_others: bool = False
    may_be_rollback: bool = False


def failure(
    request: ExportRequest, progress: Progress, now: datetime, stack: StackPhase | None, listed: LastListing | None
) -> ExportFailure:
    """Return the deadline's failure: what kept the export from starting, unless its export is listed or accepted.

    Args:
        stack: its phase, None if it was not read.
        listed: None if the last listing failed, or would have come too late.
    """
    cause = _cause(request, progress, now, stack, listed)
    return cause.extended(said=_how_far(progress, now, listed), advice=reasons.watch(request))


def _cause(
    request: ExportRequest, progress: Progress, now: datetime, stack: StackPhase | None, listed: LastListing | None
) -> ExportFailure:
    attempt, retried = progress.attempt, progress.retried
    if listed and listed.export:
        return reasons.out_of_time(request, is_started=True)
    if progress.seen:
        return reasons.out_of_time(request, is_started=True, may_have_ended=True)
    if _accepted_at(progress):
        # With another export of the name, the service may have accepted a repeat of that one.
        is_started = None if listed and listed.is_of_others else True
        return reasons.out_of_time(request, is_started=is_started, may_have_ended=True)
    if retried and retried.job_status:
        return reasons.job_not_active(request, retried, may_have_started=progress.may_have_started)
    if retried and retry.is_recent(retried, progress.neighbours, now):
        return reasons.kept_failing(
            request,
            retried,
            now - retried.since,
            was_listed=listed is not None,
            may_have_started=progress.may_have_started,
        )
    if attempt is None and progress.older_ended_by is None:
        return reasons.executions_unreadable(request)
    if stack is StackPhase.UNREADABLE and not progress.may_have_started:
        return reasons.stack_unreadable(request)
    if attempt is None and listed and listed.may_be_rollback and request.timeout < timing.ENOUGH_FOR_AN_UPDATE:
        return reasons.rollback_unknown(request)
    return reasons.out_of_time(request, is_started=None if progress.may_have_started else False)


def _how_far(progress: Progress, now: datetime, listed: LastListing | None) -> str:
    """How far the export was, in words; empty if there is nothing to say."""
    retried, accepted_at = progress.retried, _accepted_at(progress)
    if listed and listed.export:
        return reasons.last_seen(listed.export)
    if progress.seen:
        return reasons.seen_before(progress.seen.created, was_listed=listed is not None)
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
