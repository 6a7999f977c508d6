"""What one step leaves to the next, as plain data in the execution's state: no step depends on its container.

Only the handler reads and writes it. An execution that runs while the handler is updated brings the progress of the
version before, so that one is read too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from audience_export_handler.core.attempt import Accepted, Announced, Attempt, Phase, Taken, Unanswered
from audience_export_handler.core.timing import OUTLASTING_STEP

# The calls that are tried again.
START, LIST = "StartAudienceExportJob", "ListAudienceExportJobs"

_PHASES = {phase.__name__: phase for phase in (Announced, Accepted, Unanswered, Taken)}


@dataclass(frozen=True)
class RetriedError:
    """A call that has kept failing since a time; code and message are those of its last error."""

    call: str
    since: datetime
    code: str
    message: str

    @property
    def is_start(self) -> bool:
        """Whether it is the start that fails, not the listing."""
        return self.call == START


@dataclass(frozen=True)
class Progress:
    """State of a request: its attempt and the error that is being retried, if any.

    `older_ended_by` is when no step of an older request for the same resource can start anything any more; None until
    the older executions are known to be stopped.
    """

    attempt: Attempt | None = None
    retried: RetriedError | None = None
    older_ended_by: datetime | None = None

    @property
    def may_have_started(self) -> bool:
        """Whether a start may have taken effect."""
        return self.attempt is not None and self.attempt.may_have_started

    def after_success(self, call: str) -> Progress:
        """Return the progress once a call has succeeded: its error is over."""
        return replace(self, retried=None) if self.retried and self.retried.call == call else self

    def after_stopping(self, stopped_at: datetime | None, started_at: datetime) -> Progress:
        """Return the progress once older executions are stopped, the last one at `stopped_at`; None: there was none.

        Stopping an execution does not stop its step, which may outlast it.
        """
        return replace(self, older_ended_by=stopped_at + OUTLASTING_STEP if stopped_at else started_at)

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-able data."""
        attempt = self.attempt
        return {
            "Attempt": _plain(attempt) | {"phase": _plain(attempt.phase) | {"is": type(attempt.phase).__name__}}
            if attempt
            else None,
            "RetriedError": _plain(self.retried) if self.retried else None,
            "OlderEndedBy": self.older_ended_by.isoformat() if self.older_ended_by else None,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> Progress:
        """Read what `to_json` wrote, in this version or the one before; None is a first step."""
        if data is None:
            return cls()
        if "Trouble" in data:
            data = _upgraded(data)
        attempt, retried, ended_by = data["Attempt"], data["RetriedError"], data["OlderEndedBy"]
        return cls(
            Attempt(**_timed(attempt) | {"phase": _phase(attempt["phase"])}) if attempt else None,
            RetriedError(**_timed(retried)) if retried else None,
            datetime.fromisoformat(ended_by) if ended_by else None,
        )


def _phase(data: dict[str, Any]) -> Phase:
    kind = _PHASES[data["is"]]
    return kind(**_timed({key: value for key, value in data.items() if key != "is"}))


def _upgraded(data: dict[str, Any]) -> dict[str, Any]:
    """The data of version 1, where the phase was a word and an attempt had up to three times."""
    attempt = data["Attempt"]
    if attempt:
        at = {"at": attempt["since"]}
        said = {"said": attempt["message"]}
        phase = {
            "not yet": {"is": "Announced"},
            "accepted": {"is": "Accepted"} | at,
            "unknown": {"is": "Unanswered", "settled_at": attempt["look_until"]} | at | said,
            "refused as taken": {"is": "Taken"} | at | said,
        }[attempt["sent"]]
        attempt = {
            "name": attempt["name"],
            "phase": phase,
            "own_from": attempt["since"],
            "own_until": attempt["until"],
        }
    return {"Attempt": attempt, "RetriedError": data["Trouble"], "OlderEndedBy": data["FreeFrom"]}


def _plain(record: Attempt | Phase | RetriedError) -> dict[str, Any]:
    return {key: value.isoformat() if isinstance(value, datetime) else value for key, value in asdict(record).items()}


_TIMES = ("since", "at", "settled_at", "own_from", "own_until")


def _timed(data: dict[str, Any]) -> dict[str, Any]:
    return data | {key: datetime.fromisoformat(data[key]) for key in _TIMES if data.get(key)}
