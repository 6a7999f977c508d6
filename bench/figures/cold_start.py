"""How long a fresh process takes to the first Start, against what no handler in Python can do without."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import first_start
from bench.figure import Cell, Figure, Goal, Table
from bench.peers import assets
from bench.spread import spread_of
from cdk_cleanroomsml_local.environment import REGION
from local_cloud import environment

RUNS = 15
_FACTOR = 1.25
_SOURCES = (environment.CHECKOUT / "lambda", environment.CHECKOUT / "constructs", assets.HANDLERS)
_FLOOR, _PROJECT = "floor", "project"
_NAMES = {
    _FLOOR: "floor: `import boto3` and one client",
    _PROJECT: "this project",
    "provider": "Provider, the user's function",
    "crhelper": "crhelper, polling 1 min",
    "cfn_handler": "cfn-handler, polling 1 min",
}
_KILOBYTES_OF_MB = 1024


@dataclass(frozen=True)
class Sample:
    """Seconds of one fresh process, those of computing among them, and the most memory that it had, in MB."""

    seconds: float
    computing: float
    memory: float


def measure(runs: int = RUNS) -> Figure:
    """Start each program in turn, so many times, so that a busy moment strikes all."""
    folder = environment.CHECKOUT / ".local" / "bench"
    found: dict[str, list[Sample]] = {name: [] for name in first_start.PROGRAMS}
    for name in found:  # once without counting: Python compiles, and the machine caches files
        run_once(name, folder)
    for _ in range(runs):
        for name, samples in found.items():
            samples.append(run_once(name, folder))
    ratios = {name: _ratios(samples, found[_FLOOR]) for name, samples in found.items()}
    return Figure(
        title="Cold start",
        how=(
            f"Fresh processes of Python, {runs} of each program in turns, each run after all were run once. The time "
            "is from the program's first line to the first StartAudienceExportJob (`bench/first_start.py`); a hook of "
            "botocore takes the place of the network. Ratios are of the seconds that the processor computed for a "
            "process, because a cold start computes all the time and other work on the machine changes these little. "
            "Each is to the floor's process of the same turn: median and quartiles. Memory is the most that was "
            "resident, as Linux counts it. This project takes its first two steps: it lists executions and exports, "
            "and reads the stack, for which it makes three clients. Lambda's own part of a cold start is not in it, "
            "nor is the framework of Provider, which is JavaScript."
        ),
        tables=[_table(found, ratios)],
        goals=[
            Goal(
                f"at most {_FACTOR} times the floor",
                str(spread_of(ratios[_PROJECT])),
                spread_of(ratios[_PROJECT]).middle <= _FACTOR,
            )
        ],
        notes=[
            "What holds this project back: the clients for Step Functions and CloudFormation, which no function of a "
            "peer makes before its start, are about a quarter of the floor, and the import of the handler's "
            "own modules "
            "is about a seventh (a profile of the same program).",
            "The seconds depend on the machine and on what else it does, and are shown without a claim.",
        ],
    )


def run_once(name: str, folder: Path) -> Sample:
    """Start a fresh process, and have it tell its time."""
    variables = environment.base(folder) | {
        "PYTHONPATH": ":".join(map(str, _SOURCES)),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(folder / "pycache"),
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
    }
    command = [sys.executable, first_start.__file__, name]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    seconds, computing, kilobytes = json.loads(done.stdout.splitlines()[-1])
    return Sample(seconds, computing, kilobytes / _KILOBYTES_OF_MB)


def _ratios(samples: list[Sample], floor: list[Sample]) -> list[float]:
    return [one.computing / other.computing for one, other in zip(samples, floor, strict=True)]


def _table(found: dict[str, list[Sample]], ratios: dict[str, list[float]]) -> Table:
    rows: list[list[Cell]] = []
    for name, samples in found.items():
        middle = [f"{median(getattr(one, field) for one in samples):.2f}" for field in ("computing", "seconds")]
        memory = median(one.memory for one in samples)
        rows.append([_NAMES[name], str(spread_of(ratios[name])), *middle, f"{memory:.0f}"])
    return Table(
        "From a fresh process to the first Start",
        ["program", "times the floor", "seconds of computing", "seconds", "MB"],
        rows,
    )
