"""Which faults strike in one schedule, how often, and how long a service is out."""

from __future__ import annotations

from collections import Counter
from random import Random

from tests.simulation import odds

# Services of AWS that the handler calls, and the faults that can strike one call of them.
SERVICES = ("rooms", "states", "cloudformation")
CALL_FAULTS = (
    "throttled",
    "error before",
    "error after",
    "time-out before",
    "time-out after",
    "lost before",
    "lost after",
)

KINDS = (
    *(f"{service}: {fault}" for service in SERVICES for fault in CALL_FAULTS),
    "rooms: slow",
    "cloudformation: stale",
    "cloudformation: goes back",
    "iam: not known yet",
    "lambda: killed",
    "lambda: frozen",
    "lambda: throttled",
    "lambda: delivered late",
    "lambda: delivered again",
    "lambda: cold",
    "step functions: task late",
    "step functions: result lost",
    "step functions: listed late",
    "step functions: machine unknown",
    "answer: refused",
    "answer: slow",
    "answer: 403",
    "answer: 503",
    "answer: confirmation lost",
)
OUTAGES = (*SERVICES, "lambda", "answer")


class Weather:
    """`counts` are the faults that struck, by kind."""

    def __init__(self, chance: Random, *, is_calm: bool) -> None:
        self._chance = chance
        self.is_calm = is_calm
        self.counts: Counter[str] = Counter()
        share_of_kinds = chance.choice(odds.FAULT_KINDS)
        self._shares: dict[str, float] = {}
        # A service that is out returns an error, or nothing.
        self._outage_fault = chance.choice(("error before", "time-out before"))
        self.outages: dict[str, tuple[float, float]] = {}
        if is_calm:
            return
        self._shares = {kind: chance.choice(odds.FAULTS) for kind in KINDS if chance.random() < share_of_kinds}
        for service in OUTAGES:
            if chance.random() < odds.OUTAGE:
                begins = chance.uniform(*odds.OUTAGE_BEGINS)
                self.outages[service] = (begins, begins + chance.choice(odds.OUTAGE_AT_MOST) * chance.random())

    def worsen(self, shares: dict[str, float]) -> None:
        """Have these kinds of faults strike at these shares of their occasions."""
        self._shares |= shares

    def includes(self, kind: str) -> bool:
        """Whether faults of this kind strike at all."""
        return kind in self._shares

    def strikes(self, kind: str) -> bool:
        """Whether a fault of this kind strikes now."""
        share = self._shares.get(kind, 0.0)
        if share and self._chance.random() < share:
            self.counts[kind] += 1
            return True
        return False

    def is_out(self, service: str, now: float) -> bool:
        """Whether a service is out at this time."""
        begins, ends = self.outages.get(service, (0.0, 0.0))
        if begins <= now < ends:
            self.counts[f"{service}: out"] += 1
            return True
        return False

    def call_fault(self, service: str, now: float) -> str | None:
        """The fault that strikes a call of a service, if any."""
        if service in self.outages and self.is_out(service, now):
            return self._outage_fault
        for fault in CALL_FAULTS:
            if self.strikes(f"{service}: {fault}"):
                return fault
        return None
