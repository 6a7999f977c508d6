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

    `listing_lag` is how long a new export is not listed. `output_location_lag` is how long after ACTIVE its location
    appears. `job_status_lag` is how long a generation job that is read shows its status of before. `page_size` limits a
    page of a listing.

    The others are about a generation job whose model belongs to another account. `summaries_name_account` is the
    account in the generation job's ARN of a listed export, empty for the one that was requested. If models are not
    readable, the ARN of a generation job's model has the account `MODEL_OWNER`.
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
