"""docs/bench.md says what the results say, in the same layout each time."""

import json
from pathlib import Path

import pytest

from bench import document, figure, plots
from bench.__main__ import FIGURES, measure_of
from bench.figure import Figure, Goal, Plot, Table

ROOT = Path(__file__).parents[2]


def a_figure(*, is_met: bool = True) -> Figure:
    return Figure(
        title="Sizes",
        how="Counted.",
        tables=[Table("All", ["peer", "count", "ratio"], [["this project", 12345, 1.23456]])],
        goals=[Goal("small", "12,345", is_met)],
        plots=[Plot("sizes", "Sizes", "bytes", ["1", "2"], {"this project": [1.0, 2.0]})],
    )


def test_the_page_is_what_the_results_give(tmp_path: Path) -> None:
    document.write(FIGURES, tmp_path)
    assert (tmp_path / "bench.md").read_text() == (ROOT / "docs" / "bench.md").read_text()
    drawn = {path.name for path in (tmp_path / "bench").glob("*.svg")}
    assert drawn == {path.name for path in (ROOT / "docs" / "bench").glob("*.svg")}


def test_every_figure_can_be_measured_and_has_results() -> None:
    assert all(callable(measure_of(name)) for name in FIGURES)
    assert all(figure.load(name) for name in FIGURES)


def test_results_are_kept_as_they_are(tmp_path: Path) -> None:
    figure.save("sizes", a_figure(), tmp_path)
    assert figure.load("sizes", tmp_path) == a_figure()
    assert figure.load("others", tmp_path) is None
    assert json.loads((tmp_path / "sizes.json").read_text())["title"] == "Sizes"


@pytest.mark.parametrize(("is_met", "shown"), [(True, "| met |"), (False, "| **missed** |")])
def test_a_goal_is_shown_as_met_or_missed(is_met: bool, shown: str, tmp_path: Path) -> None:
    figure.save("sizes", a_figure(is_met=is_met), tmp_path)
    document.write(("sizes",), tmp_path, tmp_path)
    page = (tmp_path / "bench.md").read_text()
    assert shown in page
    assert "| this project | 12,345 | 1.23 |" in page


@pytest.mark.parametrize("kind", ["bars", "lines"])
def test_a_plot_has_the_same_bytes_each_time(kind: str, tmp_path: Path) -> None:
    [plot] = a_figure().plots
    plot.kind = kind
    for name in ("first.svg", "second.svg"):
        plots.draw(plot, tmp_path / name)
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()
    assert "this project" in (tmp_path / "first.svg").read_text()
