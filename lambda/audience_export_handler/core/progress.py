"""What one step leaves to the next, as plain data in the execution's state: no step depends on its container.

Only the handler reads and writes it. An execution that runs while the handler is updated brings the progress of the
version before, so that one is read too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from typing import Any

from audience_export_handler.core.attempt import Accepted, Announced, Attempt, Taken, Unanswered
from audience_export_handler.core.facts import StackPhase
from audience_export_handler.core.timing import OUTLASTING_STEP

# The calls that are tried again.
START, LIST, READ_JOB = "StartAudienceExportJob", "ListAudienceExportJobs", "GetAudienceGenerationJob"


@dataclass(frozen=True)
class RetriedError:
    """A call that has kept failing since a time; code and message are those of its last error.

    `job_status` is the generation job's, if a start is refused because the job is still being created; empty otherwise.
    `unread_at` is when that status last could not be read, None if it could. `last_at` is when the call last failed, or
    when that status was last read; None if a version before this one has written it. `refused_at` is when the service
    refused the start for a quota, and a listing shows, or will soon show, which exports ran then; None if it did not.
    """

    call: str
    since: datetime
    code: str
    message: str
    job_status: str = ""
    unread_at: datetime | None = None
    last_at: datetime | None = field(default=None, compare=False)  # two records of the same error are equal
    refused_at: datetime | None = field(default=None, compare=False)

    @property
    def is_start(self) -> bool:
        """Whether it is the start that fails, not the listing."""
        return self.call == START


@dataclass(frozen=True)
class Seen:
    """An export that the request waits for, by its name and when it was created, as it was listed last."""

    name: str
    created: datetime


@dataclass(frozen=True)
class Progress:
    """State of a request: its attempt and the error that is being retried, if any.

    `older_ended_by` is when no step of an older request for the same resource can start anything any more; None until
    the older executions are known to be stopped. `neighbours` is how many requests of the stack ran at `counted_at`.
    `seen` is the export that is waited for, None until one is. `rolling_back_at` is when a rollback
    of the stack was last read; None if no read has shown one, or a later read showed that it is over.
    """

    attempt: Attempt | None = None
    retried: RetriedError | None = None
    older_ended_by: datetime | None = None
    neighbours: int = 1
    counted_at: datetime | None = None
    seen: Seen | None = None
    rolling_back_at: datetime | None = None

    @property
    def left(self) -> Seen | Attempt | None:
        """What the request leaves if it ends now and its export cannot be listed."""
        return self.seen or self.attempt

    @property
    def may_have_started(self) -> bool:
        """Whether a start may have taken effect."""
        return self.attempt is not None and self.attempt.may_have_started

    @property
    def waits_for_job(self) -> bool:
        """Whether the start waits for a generation job that is still being created."""
        return self.retried is not None and bool(self.retried.job_status)

    def after_success(self, call: str) -> Progress:
        """Return the progress once a call has succeeded: its error is over."""
        return replace(self, retried=None) if self.retried and self.retried.call == call else self

    def after_stopping(self, stopped_at: datetime | None, started_at: datetime) -> Progress:
        """Return the progress once older executions are stopped, the last one at `stopped_at`; None: there was none.

        Stopping an execution does not stop its step, which may outlast it.
        """
        return replace(self, older_ended_by=stopped_at + OUTLASTING_STEP if stopped_at else started_at)

    def after_counting(self, neighbours: int, now: datetime) -> Progress:
        """Return the progress once the requests that run in the stack are counted."""
        return replace(self, neighbours=neighbours, counted_at=now)

    def after_reading(self, phase: StackPhase, now: datetime) -> Progress:
        """Return the progress once the stack was read; one that could not be read shows nothing new.

        Nor does one that is creating or updating: after a rollback was shown, that may be an earlier status.
        """
        if phase in (StackPhase.UNREADABLE, StackPhase.FORWARD):
            return self
        return replace(self, rolling_back_at=now if phase is StackPhase.ROLLING_BACK else None)

    def after_step(self, next_step: datetime) -> Progress:
        """Return the progress at the end of a step: unless a start was sent, one can be sent only in the next step."""
        return replace(self, attempt=self.attempt.nothing_started_until(next_step)) if self.attempt else self

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-able data."""
        values = [getattr(self, field.name) for field in fields(self)]
        return dict(zip(_KEYS, map(_plain, values), strict=True))

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> Progress:
        """Read what `to_json` wrote, in this version or the one before; None is a first step."""
        if data is None:
            return cls()
        if "Trouble" in data:
            data = _upgraded(data)
        return cls(*(_read(key, data.get(key)) for key in _KEYS))


# Of the fields of Progress, in their order.
_KEYS = ("Attempt", "RetriedError", "OlderEndedBy", "Neighbours", "CountedAt", "Seen", "RollingBackAt")
_RECORDS = {record.__name__: record for record in (Attempt, Announced, Accepted, Unanswered, Taken, RetriedError, Seen)}
_TIMES = {"OlderEndedBy", "CountedAt", "RollingBackAt"} | {
    field.name for one in _RECORDS.values() for field in fields(one) if "datetime" in field.type
}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if not is_dataclass(value):
        return value
    return {"is": type(value).__name__} | {field.name: _plain(getattr(value, field.name)) for field in fields(value)}


def _read(key: str, value: Any) -> Any:
    if isinstance(value, dict):
        return _RECORDS[value["is"]](**{name: _read(name, inner) for name, inner in value.items() if name != "is"})
    return datetime.fromisoformat(value) if value and key in _TIMES else value


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    """The data of version 1, where the phase was a word and an attempt had up to three times."""
    attempt, retried = data["Attempt"], data["Trouble"]
    if attempt:
        at, said = {"at": attempt["since"]}, {"said": attempt["message"]}
        phase = {
            "not yet": {"is": "Announced"},
            "accepted": {"is": "Accepted"} | at,
            "unknown": {"is": "Unanswered", "settled_at": attempt["look_until"]} | at | said,
            "refused as taken": {"is": "Taken"} | at | said,
        }[attempt["sent"]]
        span = {"own_from": attempt["since"], "own_until": attempt["until"]}
        attempt = {"is": "Attempt", "name": attempt["name"], "phase": phase} | span
    retried = retried and {"is": "RetriedError"} | retried
    return dict(zip(_KEYS, (attempt, retried, data["FreeFrom"], 1, None, None, None), strict=True))
