"""What AWS does not document about exports, as switches. The handler must be right with every setting."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


class NamesAreUnique(Enum):
    """Among which exports a name must be unique."""

    PER_GENERATION_JOB = "per generation job"
    PER_ACCOUNT = "per account"
    NOT_AT_ALL = "not at all"


class Repeat(Enum):
    """What happens to a start that is identical to an earlier one."""

    CONFLICT = "conflict"
    SILENT = "accepted, nothing starts"


# The other account of a shared generation job, to which its configured audience model belongs.
MODEL_OWNER = "444455556666"


@dataclass(frozen=True)
class Readings:
    """One reading of everything that AWS does not document.

    Attributes:
        names: among which exports a name must be unique.
        repeat: what happens to a start that is identical to an earlier one.
        failed_names_are_free: whether the name of a failed export can be used again.
        failed_count_for_the_job: whether failed exports count for the 25 of a generation job.
        quota_errors_tell_values: whether an error for a quota has `quotaName` and `quotaValue`.
        inactive_job_error: the error code for a generation job that is not ACTIVE.
        unoffered_size_error: the error code for a size that the model does not offer.
        unknown_job_lists_empty: whether a listing for an unknown job is empty; otherwise it is an error.
        listing_lag: how long a new export is not listed.
        output_location_lag: how long after ACTIVE the location of an export appears.
        job_status_lag: how long a generation job that is read shows its status of before.
        page_size: the most that a page of a listing has.
        newest_first: the order of a listing.
        summaries_name_account: the account in the generation job's ARN of a listed export, for a job whose model
            belongs to another account; empty for the ARN that was requested.
        output_locations_are_visible: whether a listing shows them, which it may not for such a job.
        models_are_readable: whether the configured audience model can be read; if not, the ARN of a generation job's
            model has the account `MODEL_OWNER`.
        pending_for: how long an export is CREATE_PENDING.
        in_progress_for: how long it is CREATE_IN_PROGRESS after that.
    """

    names: NamesAreUnique = NamesAreUnique.PER_GENERATION_JOB
    repeat: Repeat = Repeat.CONFLICT
    failed_names_are_free: bool = False
    failed_count_for_the_job: bool = False
    quota_errors_tell_values: bool = True
    inactive_job_error: str = "ValidationException"
    unoffered_size_error: str = "ValidationException"
    unknown_job_lists_empty: bool = True
    listing_lag: timedelta = timedelta(0)
    output_location_lag: timedelta = timedelta(0)
    job_status_lag: timedelta = timedelta(0)
    page_size: int = 100
    newest_first: bool = True
    summaries_name_account: str = ""
    output_locations_are_visible: bool = True
    models_are_readable: bool = True
    pending_for: timedelta = timedelta(seconds=2)
    in_progress_for: timedelta = timedelta(seconds=6)
