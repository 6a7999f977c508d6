"""Medians and their spread, of what was measured in time."""

from __future__ import annotations

from random import Random
from statistics import median

_SAMPLES = 1000


def quartiles(numbers: list[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper quartile."""
    ordered = sorted(numbers)
    return ordered[len(ordered) // 4], median(ordered), ordered[(len(ordered) * 3) // 4]


def text_of(numbers: list[float]) -> str:
    """The median, with the quartiles."""
    low, middle, high = quartiles(numbers)
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def ratio_of_slopes(few: tuple[list[float], list[float]], many: tuple[list[float], list[float]]) -> list[float]:
    """How much steeper the second of two lines is, from the runs of both at few and at many: ratios of resamples.

    Each resample draws as many runs of each as there are, with repetition, and takes their medians. The median of the
    ratios is the result, their quartiles are its spread.
    """
    chance = Random(0)  # noqa: S311 - repeatable

    def drawn(numbers: list[float]) -> float:
        return median(chance.choices(numbers, k=len(numbers)))

    found = []
    for _ in range(_SAMPLES):
        first = drawn(many[0]) - drawn(few[0])
        second = drawn(many[1]) - drawn(few[1])
        found.append(second / first)
    return found
