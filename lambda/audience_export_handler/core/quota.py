"""Which of the two quotas of exports a refusal is about: a slot becomes free in one of them, never in the other.

Clean Rooms ML refuses a start with the same code for both: for the exports that run in an account and Region, and for
those that a generation job has had. The text of a message never decides which one it is.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from audience_export_handler.core.facts import ExportJob
from audience_export_handler.core.progress import RetriedError
from audience_export_handler.core.timing import CLOCK_SKEW, LISTING_LAG
from cdk_cleanroomsml_contract.api_limits import ACTIVE_OF_JOB, RUNNING_OF_ACCOUNT

CODE = "ServiceQuotaExceededException"


def is_used_up(quota_value: float | None, of_job: Collection[ExportJob]) -> bool:
    """Return whether the refusal is surely the generation job's, so that waiting does not help.

    Args:
        quota_value: as the service sent it, or None.
        of_job: the generation job's exports, as listed.
    """
    # AWS may have raised either quota, so a value alone is not enough: the job's exports must make it up. With more of
    # them, the job's quota is higher.
    return not _is_accounts(quota_value) and _alive(of_job) == (quota_value or ACTIVE_OF_JOB)


def may_be_used_up(quota_value: float | None, of_job: Collection[ExportJob]) -> bool:
    """Return whether the account's exports would show more: if the generation job's failed ones counted too."""
    if _is_accounts(quota_value) or (quota_value and _alive(of_job) > quota_value):
        return False
    return len(of_job) >= (quota_value or ACTIVE_OF_JOB)


def shown_refusal(retried: RetriedError | None, now: datetime) -> datetime | None:
    """Return when a start was refused for a quota, if a listing shows now which exports ran then."""
    at = retried.refused_at if retried else None
    return at if at and now - at >= LISTING_LAG else None


def next_to_show(retried: RetriedError | None, now: datetime) -> datetime:
    """Return which refusal to remember at one made now: the earlier one, until a listing shows who ran then."""
    before = retried.refused_at if retried else None
    return before if before and shown_refusal(retried, now) is None else now


def had_account_a_slot(of_account: Collection[ExportJob] | None, at: datetime) -> bool:
    """Return whether the account had a free slot then, so that a refusal at that time cannot be the account's.

    A slot that is free in the listing proves nothing: it may have been taken by an export that is not listed yet.

    Args:
        of_account: its exports, listed at least `LISTING_LAG` later; None if they cannot be listed.
        at: when a start was refused.
    """
    if of_account is None:
        return False
    begun = [export for export in of_account if export.create_time <= at + CLOCK_SKEW]
    return sum(export.is_running or export.update_time >= at - CLOCK_SKEW for export in begun) < RUNNING_OF_ACCOUNT


def _is_accounts(quota_value: float | None) -> bool:
    """Whether it is surely the account's quota: AWS raises quotas, and a generation job's is not below its default."""
    return quota_value is not None and quota_value < ACTIVE_OF_JOB


def _alive(of_job: Collection[ExportJob]) -> int:
    return sum(not export.has_failed for export in of_job)
