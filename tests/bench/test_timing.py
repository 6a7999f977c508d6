"""The programs that are measured in time run, and ratios are computed of the same turns."""

from pathlib import Path

import pytest

from bench import first_start
from bench.figures import cold_start, synth
from bench.spread import Spread, slopes, spread_of
from local_cloud import environment

# What the processes compile is kept there.
FOLDER = Path(environment.CHECKOUT / ".local" / "test")


@pytest.mark.parametrize("name", sorted(first_start.PROGRAMS))
def test_a_fresh_process_sends_its_first_start(name: str) -> None:
    sample = cold_start.run_once(name, FOLDER)
    assert 0 < sample.computing < sample.seconds + 1
    assert sample.memory > 10


def test_a_synthesis_tells_its_seconds() -> None:
    """Node.js, where the CDK runs, is part of it."""
    assert synth.run_once(("exports", "ours", "1")) > synth.run_once(("imports", "without"))


def test_an_export_more_is_the_difference_of_two_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {
        ("imports", "without"): 2.0,
        ("imports", "with"): 2.2,
        ("exports", "bare", "1"): 1.0,
        ("exports", "ours", "1"): 3.0,
        ("exports", "bare", "11"): 2.0,
        ("exports", "ours", "11"): 5.0,
    }
    monkeypatch.setattr(synth, "run_once", seconds.__getitem__)
    figure = synth.measure(runs=3, few=1, many=11)
    imports, exports = figure.goals
    assert (imports.measured, imports.is_met) == ("1.10 (1.10 to 1.10)", True)
    assert (exports.measured, exports.is_met) == ("2.00 (2.00 to 2.00)", False)


def test_a_spread_is_the_median_with_quartiles() -> None:
    assert spread_of([4.0, 1.0, 2.0, 3.0, 5.0]) == Spread(2.0, 3.0, 4.0)
    assert str(spread_of([1.0, 1.0, 2.0])) == "1.00 (1.00 to 2.00)"


def test_slopes_leave_out_what_is_fixed() -> None:
    fixed, first, second = 100.0, 2.0, 3.0
    few = ([fixed + first] * 3, [fixed * 2 + second] * 3)
    many = ([fixed + 10 * first] * 3, [fixed * 2 + 10 * second] * 3)
    assert slopes(few, many) == Spread(1.5, 1.5, 1.5)
