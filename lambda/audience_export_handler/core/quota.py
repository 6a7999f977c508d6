"""Which of the two quotas of exports a refusal is about: a slot becomes free in one of them, never in the other.

Clean Rooms ML refuses a start with the same code for both: for the exports that run in an account and Region, and for
those that a generation job has had. The text of a message never decides which one it is.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from audience_export_handler.core.facts import ExportJob
from audience_export_handler.core.timing import LISTING_LAG
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


def has_account_a_slot(of_account: Collection[ExportJob] | None, *, waited: timedelta) -> bool:
    """Return whether the account has a free slot, so that the refusal cannot be the account's.

    A listing shows it only to a request that has waited longer than listings lag. `of_account` is None if the
    account's exports cannot be listed.
    """
    if of_account is None or waited < LISTING_LAG:
        return False
    return sum(export.is_running for export in of_account) < RUNNING_OF_ACCOUNT


def _is_accounts(quota_value: float | None) -> bool:
    """Whether it is surely the account's quota: AWS raises quotas, and a generation job's is not below its default."""
    return quota_value is not None and quota_value < ACTIVE_OF_JOB


def _alive(of_job: Collection[ExportJob]) -> int:
    return sum(not export.has_failed for export in of_job)
