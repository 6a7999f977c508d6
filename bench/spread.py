"""Medians and their spread, of what was measured in time."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from statistics import median

_SAMPLES = 1000


@dataclass(frozen=True)
class Spread:
    """A result between two quartiles."""

    low: float
    middle: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.low:.2f} to {self.high:.2f})"


def spread_of(numbers: list[float]) -> Spread:
    """The median, between the quartiles."""
    ordered = sorted(numbers)
    return Spread(ordered[len(ordered) // 4], median(ordered), ordered[(len(ordered) * 3) // 4])


def slopes(few: tuple[list[float], list[float]], many: tuple[list[float], list[float]]) -> Spread:
    """How much steeper the second of two lines is, from the runs of both at few and at many.

    The result is of the medians. Its quartiles are those of resamples, each of which draws as many runs of each as
    there are, with repetition.
    """
    chance = Random(0)  # noqa: S311 - repeatable

    def drawn(numbers: list[float]) -> list[float]:
        return chance.choices(numbers, k=len(numbers))

    resamples = [_ratio((drawn(few[0]), drawn(few[1])), (drawn(many[0]), drawn(many[1]))) for _ in range(_SAMPLES)]
    spread = spread_of(resamples)
    return Spread(spread.low, _ratio(few, many), spread.high)


def _ratio(few: tuple[list[float], list[float]], many: tuple[list[float], list[float]]) -> float:
    return (median(many[1]) - median(few[1])) / (median(many[0]) - median(few[0]))
