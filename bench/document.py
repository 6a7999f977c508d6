"""docs/bench.md and its plots, written from the results: the same layout each time, whichever figure was measured."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

from bench import plots
from bench.figure import RESULTS, Figure, Goal, Table, load

DOCS = Path(__file__).resolve().parents[1] / "docs"
_WIDTH = 120
_INTRODUCTION = Path(__file__).parent / "introduction.md"


def write(names: tuple[str, ...], folder: Path = DOCS, results: Path = RESULTS) -> None:
    """Write the page and the plots of all figures that have results."""
    figures = {name: figure for name in names if (figure := load(name, results))}
    (folder / "bench.md").write_text("\n".join(_page(figures)))
    for figure in figures.values():
        for plot in figure.plots:
            plots.draw(plot, folder / "bench" / f"{plot.name}.svg")


def _page(figures: dict[str, Figure]) -> Iterator[str]:
    yield _INTRODUCTION.read_text()
    yield "## Goals\n"
    yield "| figure | goal | measured | |"
    yield "|---|---|---|---|"
    for figure in figures.values():
        for goal in figure.goals:
            yield f"| {figure.title} | {goal.text} | {goal.measured} | {_verdict(goal)} |"
    yield ""
    for figure in figures.values():
        yield from _section(figure)


def _section(figure: Figure) -> Iterator[str]:
    yield f"## {figure.title}\n"
    yield textwrap.fill(f"How it was taken: {figure.how}", _WIDTH) + "\n"
    for table in figure.tables:
        yield from table_lines(table)
        yield ""
    for plot in figure.plots:
        yield f"![{plot.title}](bench/{plot.name}.svg)\n"
    for note in figure.notes:
        yield textwrap.fill(note, _WIDTH) + "\n"


def table_lines(table: Table) -> Iterator[str]:
    """A table as Markdown, with its title."""
    yield f"**{table.title}**\n"
    yield "| " + " | ".join(table.columns) + " |"
    yield "|" + "---|" * len(table.columns)
    for row in table.rows:
        yield "| " + " | ".join(map(_cell, row)) + " |"


def _cell(value: str | float) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.3g}" if isinstance(value, float) else value


def _verdict(goal: Goal) -> str:
    return "met" if goal.is_met else "**missed**"
