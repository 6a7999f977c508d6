"""``python -m bench [figure…]``: measures figures, prints their tables, and writes docs/bench.md.

`make bench` calls it.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable

from bench import document
from bench.figure import Figure, save

# In the order of the page.
FIGURES = ("overhead", "footprint", "throughput", "cold_start", "synth", "faults", "cost")


def main() -> None:
    """Measure the figures that the command line names."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("figures", nargs="*", metavar="figure", help=f"of {', '.join(FIGURES)}; all if none is given")
    parser.add_argument("--write", action="store_true", help="measure nothing, write the page from earlier results")
    options = parser.parse_args()
    if unknown := set(options.figures) - set(FIGURES):
        parser.error(f"there is no figure {', '.join(sorted(unknown))}")
    for name in () if options.write else options.figures or FIGURES:
        figure = measure_of(name)()
        save(name, figure)
        print_figure(figure)
    document.write(FIGURES)


def measure_of(name: str) -> Callable[[], Figure]:
    """The function that measures a figure."""
    measure: Callable[[], Figure] = importlib.import_module(f"bench.figures.{name}").measure
    return measure


def print_figure(figure: Figure) -> None:
    """Print the tables and goals of a figure."""
    print(f"\n{figure.title}\n{'=' * len(figure.title)}")
    for table in figure.tables:
        print("\n".join(document.table_lines(table)), flush=True)
    for goal in figure.goals:
        print(f"{'met' if goal.is_met else 'MISSED'}: {goal.text}: {goal.measured}", flush=True)


if __name__ == "__main__":
    main()
