"""The calls of one account: how many there are in each second, and which are throttled because there are too many."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tests.simulation import facts

if TYPE_CHECKING:
    from tests.simulation.model.timeline import Timeline


_MINUTE = 60


class Traffic:
    """`counts` has the calls of each operation by whole seconds, also those that are throttled.

    Each limit is a token bucket: calls a second, and how many at once. Operations of one API may share one.
    """

    def __init__(self, timeline: Timeline, limits: dict[str, tuple[float, float]]) -> None:
        self._timeline = timeline
        self._limits = limits
        self._tokens = {api: (most, timeline.now) for api, (_, most) in limits.items()}
        self.counts: Counter[tuple[str, int]] = Counter()
        self.throttled: Counter[str] = Counter()

    def rates(self, operation: str) -> tuple[float, float, int]:
        """Calls a second on average from the first minute on, in the busiest minute after it, and in any second."""
        seconds = [second for name, second in self.counts if name == operation]
        first = min(second for _, second in self.counts) // _MINUTE + 1
        last = max(int(self._timeline.now) // _MINUTE, first + 1)
        minutes = [0] * (last - first)
        for second in seconds:
            if first <= second // _MINUTE < last:
                minutes[second // _MINUTE - first] += self.counts[operation, second]
        average = sum(minutes) / len(minutes) / _MINUTE
        return average, max(minutes) / _MINUTE, max(self.counts[operation, second] for second in seconds)

    def admits(self, operation: str) -> bool:
        """Count a call; whether it is within the limit."""
        api, now = facts.API_OF.get(operation, operation), self._timeline.now
        self.counts[operation, int(now)] += 1
        if api not in self._limits:
            return True
        rate, most = self._limits[api]
        tokens, since = self._tokens[api]
        tokens = min(most, tokens + rate * (now - since))
        is_admitted = tokens >= 1
        self._tokens[api] = (tokens - is_admitted, now)
        self.throttled[api] += not is_admitted
        return is_admitted
