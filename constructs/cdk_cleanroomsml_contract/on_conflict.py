"""What happens to a deployment whose export name is taken."""

from __future__ import annotations

from enum import Enum


class OnConflict(Enum):
    """What to do if an export of the given name already exists for the generation job.

    It does not concern generated names: an export that has one is the requested export.
    """

    FAIL = "FAIL"
    """Fail the deployment, and say which export holds the name."""

    ADOPT = "ADOPT"
    """Use the existing export of that name and size, no matter who started it; fail if the size differs."""
