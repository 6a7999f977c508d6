"""What AWS leaves undocumented about exports, as switches: the handler has to be right under every reading."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


class NamesAreUnique(Enum):
    """Among which exports a name may stand only once."""

    PER_GENERATION_JOB = "per generation job"
    PER_ACCOUNT = "per account"
    NOT_AT_ALL = "not at all"


class Repeat(Enum):
    """What becomes of a start that repeats an earlier one to the letter."""

    CONFLICT = "conflict"
    SILENT = "accepted, nothing starts"


@dataclass(frozen=True)
class Readings:
    """One reading of all that AWS leaves undocumented.

    `listing_lag` is how long a new export stays unlisted; `output_location_lag` how long after ACTIVE its location
    appears; `page_size` bounds a page of a listing.
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
    page_size: int = 100
    newest_first: bool = True
    pending_for: timedelta = timedelta(seconds=2)
    in_progress_for: timedelta = timedelta(seconds=6)
