"""Plots as SVG files, with the same bytes for the same numbers."""

from __future__ import annotations

from pathlib import Path

import matplotlib
from matplotlib.figure import Figure as Drawing

from bench.figure import Plot

# Colours that people with colour blindness can tell apart (Okabe and Ito, 2008), the project first.
_COLOURS = ("#0072B2", "#E69F00", "#F0C566", "#009E73", "#66C5A8", "#CC79A7", "#7F7F7F")
_INCHES = (9.0, 4.2)


def draw(plot: Plot, path: Path) -> None:
    """Draw a plot into a file; the kind of file is that of its name."""
    with matplotlib.rc_context({"svg.hashsalt": plot.name, "svg.fonttype": "none", "font.size": 9}):
        drawing = Drawing(figsize=_INCHES, layout="constrained")
        axes = drawing.subplots()
        width = 0.8 / len(plot.series)
        for number, (name, values) in enumerate(plot.series.items()):
            colour = _COLOURS[number % len(_COLOURS)]
            if plot.kind == "lines":
                axes.plot([float(label) for label in plot.labels], values, label=name, color=colour, marker="o")
            else:
                places = [place + (number - (len(plot.series) - 1) / 2) * width for place in range(len(plot.labels))]
                axes.bar(places, values, width, label=name, color=colour)
        if plot.kind != "lines":
            axes.set_xticks(range(len(plot.labels)), plot.labels)
        if plot.is_logarithmic:
            axes.set_yscale("log")
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_title(plot.title)
        axes.set_ylabel(plot.unit)
        axes.grid(axis="y", alpha=0.3)
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
        path.parent.mkdir(parents=True, exist_ok=True)
        metadata = {"Date": None} if path.suffix == ".svg" else None
        drawing.savefig(path, metadata=metadata, dpi=110)
