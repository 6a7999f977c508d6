"""What becomes of a deployment whose export name is taken."""

from __future__ import annotations

from enum import Enum


class OnConflict(Enum):
    """What to do where an export of the given name already exists for the generation job.

    A generated name is not concerned: an export that has it is the export asked for.
    """

    FAIL = "FAIL"
    """Fail the deployment, and say which export holds the name."""

    ADOPT = "ADOPT"
    """Take an export of that name and size for the one asked for, whoever started it; fail where the size differs."""
