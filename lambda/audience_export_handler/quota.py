"""Tells the two quotas of exports apart: of one a turn comes free, of the other never. Never by a message's text.

Clean Rooms ML refuses a start with the same code for both: for the exports that run in an account and Region, and for
those that a generation job ever had. Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from audience_export_handler.export_job import ExportJob

CODE = "ServiceQuotaExceededException"
# Quotas of Clean Rooms ML per Region: pending or in progress in the account, and active of a generation job.
RUNNING_IN_ACCOUNT = 20
ACTIVE_OF_JOB = 25
_RUNNING = ("CREATE_PENDING", "CREATE_IN_PROGRESS")


def is_used_up(quota_value: float | None, of_job: Collection[ExportJob]) -> bool:
    """Return whether the refusal is surely the generation job's, which waiting does not mend.

    Args:
        quota_value: as the service told it, or None.
        of_job: the generation job's exports, as listed.
    """
    if quota_value in (RUNNING_IN_ACCOUNT, ACTIVE_OF_JOB):
        return quota_value == ACTIVE_OF_JOB
    return sum(not export.has_failed for export in of_job) >= (quota_value or ACTIVE_OF_JOB)


def may_be_used_up(quota_value: float | None, of_job: Collection[ExportJob]) -> bool:
    """Return whether the account's exports would tell more: if the generation job's failed ones counted too."""
    return quota_value is None and len(of_job) >= ACTIVE_OF_JOB


def is_account_free(of_account: Collection[ExportJob] | None, *, waited: timedelta, listing_lag: timedelta) -> bool:
    """Return whether the account has a turn free, so that the refusal cannot be the account's.

    Only the listing of one who has waited longer than a listing lags can tell. `of_account` is None where the
    account's exports cannot be listed.
    """
    if of_account is None or waited < listing_lag:
        return False
    return sum(export.status in _RUNNING for export in of_account) < RUNNING_IN_ACCOUNT
