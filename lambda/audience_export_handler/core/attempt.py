"""The life of an attempt to start an export: its phases, and every transition between them.

    [*] → Announced ──200──────────────► Accepted(at)
            │  ▲ └──5xx, no answer, step ran again──► Unanswered ──still not listed──► Announced
            │  └── throttled, denied early, account full, job being created, or nothing sent (stays)
            └──conflict that may be our own──► Taken

An attempt is recorded in the execution's state before its start is sent. So an export can be recognised as the
request's own after a crash, and a start whose outcome nobody knows is never simply sent again: only a listing settles
it. The service names no owner of an export, so what counts is when the export was created: after the last step that
surely started nothing, and before the moment by which the last start that may have taken effect is listed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from audience_export_handler.core.timing import CLOCK_SKEW, LISTING_LAG, OUTLASTING_STEP


@dataclass(frozen=True)
class Announced:
    """The intention to start is recorded; no start is known to be under way."""


@dataclass(frozen=True)
class Accepted:
    """The service accepted the start at this time; the export is not listed yet."""

    at: datetime


@dataclass(frozen=True)
class Unanswered:
    """Whether the start took effect is unknown; a listing after `settled_at` shows it."""

    at: datetime
    settled_at: datetime
    said: str


@dataclass(frozen=True)
class Taken:
    """The service said at this time that the name is taken: by the request's own export, perhaps."""

    at: datetime
    said: str


Phase = Announced | Accepted | Unanswered | Taken


@dataclass(frozen=True)
class Attempt:
    """An attempt to start the export under `name`.

    An export of it was created from `own_from` to `own_until`, which is None as long as no start can have taken effect.
    """

    name: str
    phase: Phase
    own_from: datetime
    own_until: datetime | None = None

    @property
    def may_have_started(self) -> bool:
        """Whether a start of it may have taken effect."""
        return self.own_until is not None

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """When an export of it was created, on clocks that differ; None: no start can have taken effect."""
        return (self.own_from - CLOCK_SKEW, self.own_until + CLOCK_SKEW) if self.own_until is not None else None

    def may_have_created(self, create_time: datetime) -> bool:
        """Whether an export created then may be this attempt's, on clocks that differ."""
        return self.span is not None and self.span[0] <= create_time <= self.span[1]

    def accepted(self, now: datetime, *, sent_at: datetime) -> Attempt:
        """The service accepted the start: it created the export while it was under way, unless an earlier one did."""
        return replace(
            self, phase=Accepted(now), own_from=self.own_from if self.may_have_started else sent_at, own_until=now
        )

    def unanswered(self, now: datetime, said: str) -> Attempt:
        """The start failed in a way that says nothing about its effect."""
        return self._unknown_until(now, now + LISTING_LAG, said)

    def ran_again(self, now: datetime) -> Attempt:
        """The step runs again: its first run may have sent the start, or still be about to."""
        return self._unknown_until(now, now + OUTLASTING_STEP, "") if isinstance(self.phase, Announced) else self

    def nothing_started_until(self, now: datetime) -> Attempt:
        """No start was sent until now, or it surely had no effect: what may be the attempt's own begins now.

        Otherwise the export of somebody else that was created meanwhile would be treated as the request's own, if a
        later step dies and nobody knows whether it sent the start.
        """
        return self if self.may_have_started else replace(self, own_from=now)

    def taken(self, now: datetime, said: str) -> Attempt:
        """The service refused the start because of a conflict, which may be with this attempt's own export."""
        return replace(self, phase=Taken(now, said))

    def announced_again(self) -> Attempt:
        """The unanswered start is still not listed, so another one may be sent."""
        return replace(self, phase=Announced())

    def _unknown_until(self, now: datetime, settled_at: datetime, said: str) -> Attempt:
        return replace(self, phase=Unanswered(now, settled_at, said), own_until=settled_at)


def announce(name: str, now: datetime, earlier: Attempt | None) -> Attempt:
    """Record the intention to start under `name`; an unanswered attempt of that name is continued."""
    if earlier and earlier.name == name:
        return earlier.announced_again()
    return Attempt(name, Announced(), own_from=now)
