"""What one step leaves to the next: plain data in the execution's state, so that no step depends on its container."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Any


class Sent(Enum):
    """How far the attempt to start an export has come."""

    NOT_YET = "not yet"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REFUSED_AS_TAKEN = "refused as taken"


@dataclass(frozen=True)
class Attempt:
    """An attempt to start the export, recorded before the start is sent.

    `since` is when the first start of it can have been sent; `until` by when the last one that may have taken effect
    is created and listed if it did, None where none may have; `look_until` is how long to look for it; `message` what
    the service said.
    """

    name: str
    since: datetime
    sent: Sent = Sent.NOT_YET
    until: datetime | None = None
    look_until: datetime | None = None
    message: str = ""

    @property
    def may_have_started(self) -> bool:
        """Whether a start of it may have taken effect."""
        return self.until is not None

    def with_unknown_outcome(self, look_until: datetime) -> Attempt:
        """Return the attempt after a start that may or may not have taken effect."""
        return replace(self, sent=Sent.UNKNOWN, until=look_until, look_until=look_until)


@dataclass(frozen=True)
class Trouble:
    """A call that cannot be made, without a break since a time; code and message are those of its last error."""

    call: str
    since: datetime
    code: str
    message: str


@dataclass(frozen=True)
class Progress:
    """State of a request: its attempt and its trouble with the service, if any.

    `free_from` is when a start can no longer meet one of an older request for the same resource; None until the older
    executions are known to be stopped.
    """

    attempt: Attempt | None = None
    trouble: Trouble | None = None
    free_from: datetime | None = None

    @property
    def may_have_started(self) -> bool:
        """Whether a start may have taken effect."""
        return self.attempt is not None and self.attempt.may_have_started

    def after_good(self, call: str) -> Progress:
        """Return the progress once a call has gone well: its trouble is over."""
        over = self.trouble is not None and self.trouble.call == call
        return replace(self, trouble=None) if over else self

    def to_json(self) -> dict[str, Any]:
        """Return the state as JSON-able data."""
        return {
            "Attempt": _plain(self.attempt) if self.attempt else None,
            "Trouble": _plain(self.trouble) if self.trouble else None,
            "FreeFrom": self.free_from.isoformat() if self.free_from else None,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any] | None) -> Progress:
        """Read what `to_json` wrote; nothing, at the first step, is a fresh start."""
        data = data or {}
        attempt, trouble, free_from = data.get("Attempt"), data.get("Trouble"), data.get("FreeFrom")
        return cls(
            attempt=Attempt(**_timed(attempt) | {"sent": Sent(attempt["sent"])}) if attempt else None,
            trouble=Trouble(**_timed(trouble)) if trouble else None,
            free_from=datetime.fromisoformat(free_from) if free_from else None,
        )


def _plain(record: Attempt | Trouble) -> dict[str, Any]:
    return {key: _plain_value(value) for key, value in asdict(record).items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Sent) else value


def _timed(record: dict[str, Any]) -> dict[str, Any]:
    times = {key: datetime.fromisoformat(record[key]) for key in ("since", "until", "look_until") if record.get(key)}
    return record | times
