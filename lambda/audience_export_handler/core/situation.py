"""What a decision depends on, and what it can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from audience_export_handler.core.facts import ExportJob, StackPhase
from audience_export_handler.core.failure import ExportFailure
from audience_export_handler.core.progress import Progress
from audience_export_handler.core.request import ExportRequest


@dataclass(frozen=True)
class Situation:
    """All that a decision may depend on. Times are UTC.

    `stack` is None if it was not read; `requested_at` is when CloudFormation made the request, `started_at` when the
    execution for it began. `model_account` is the account of the configured audience model, empty if it is not known.
    """

    request: ExportRequest
    exports: tuple[ExportJob, ...]
    progress: Progress
    stack: StackPhase | None
    now: datetime
    started_at: datetime
    requested_at: datetime
    model_account: str = ""


@dataclass(frozen=True)
class Announce:
    """Record the intention to start under `name`, then list again."""

    name: str


@dataclass(frozen=True)
class Start:
    """Start the announced export now."""

    name: str


@dataclass(frozen=True)
class Wait:
    """List again in so many seconds. `for_location`: only for the output location of an ACTIVE export.

    `export` is the one that is waited for, if it is listed.
    """

    seconds: int
    for_location: bool = False
    export: ExportJob | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Succeed:
    """The request is fulfilled by this export."""

    export: ExportJob


@dataclass(frozen=True)
class Fail:
    """The request cannot be fulfilled, and this is why. `export` is its own, if that is listed."""

    failure: ExportFailure
    export: ExportJob | None = None


Decision = Announce | Start | Wait | Succeed | Fail
