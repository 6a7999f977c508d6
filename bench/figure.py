"""What one figure of the bench is made of, and how its results are kept: one JSON file each."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"

Cell = str | int | float


@dataclass
class Table:
    """Rows of texts and numbers under named columns."""

    title: str
    columns: list[str]
    rows: list[list[Cell]]


@dataclass
class Goal:
    """A goal, what was measured against it, and whether it is met."""

    text: str
    measured: str
    is_met: bool


@dataclass
class Plot:
    """Series of numbers: bars beside each other, or lines over numeric `labels`; `is_logarithmic` is about values."""

    name: str
    title: str
    unit: str
    labels: list[str]
    series: dict[str, list[float]]
    kind: str = "bars"
    is_logarithmic: bool = False


@dataclass
class Figure:
    """One figure; `how` says how it was taken, `notes` what a reader should know beside the tables."""

    title: str
    how: str
    tables: list[Table]
    goals: list[Goal]
    notes: list[str] = field(default_factory=list)
    plots: list[Plot] = field(default_factory=list)


def save(name: str, figure: Figure, folder: Path = RESULTS) -> None:
    """Write the results of a figure."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(asdict(figure), indent=1, ensure_ascii=False) + "\n")


def load(name: str, folder: Path = RESULTS) -> Figure | None:
    """Read the results of a figure, None if it was never measured."""
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    kept: dict[str, Any] = json.loads(path.read_text())
    return Figure(
        title=kept["title"],
        how=kept["how"],
        tables=[Table(**table) for table in kept["tables"]],
        goals=[Goal(**goal) for goal in kept["goals"]],
        notes=kept["notes"],
        plots=[Plot(**plot) for plot in kept["plots"]],
    )
