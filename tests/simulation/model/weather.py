"""Which faults strike in one schedule, how often, and for how long a service is out altogether."""

from __future__ import annotations

from collections import Counter
from random import Random

# Services of AWS that the handler calls, and what can befall one call of them.
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
        harsh = chance.choice((0.02, 0.05, 0.1, 0.3))
        self._odds: dict[str, float] = {}
        # A service that is out says so, or says nothing.
        self._outage_fault = chance.choice(("error before", "time-out before"))
        self.outages: dict[str, tuple[float, float]] = {}
        if is_calm:
            return
        self._odds = {kind: chance.choice((0.02, 0.05, 0.1, 0.4)) for kind in KINDS if chance.random() < harsh}
        for service in OUTAGES:
            if chance.random() < 0.06:
                begins = chance.uniform(0, 200)
                self.outages[service] = (begins, begins + chance.choice((20, 60, 300, 2000)) * chance.random())

    def strikes(self, kind: str) -> bool:
        """Whether a fault of this kind strikes now."""
        odds = self._odds.get(kind, 0.0)
        if odds and self._chance.random() < odds:
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
        """What befalls a call of a service, if anything."""
        if service in self.outages and self.is_out(service, now):
            return self._outage_fault
        for fault in CALL_FAULTS:
            if self.strikes(f"{service}: {fault}"):
                return fault
        return None
