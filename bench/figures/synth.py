"""What the construct costs when an app is synthesised: its import, and one export more."""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from bench import one_synthesis
from bench.figure import Cell, Figure, Goal, Table
from bench.spread import Spread, slopes, spread_of
from local_cloud import environment

RUNS = 9
# Exports of the two stacks whose difference sets fixed costs aside.
_FEW, _MANY = 50, 450
_IMPORT_GOAL, _EXPORT_GOAL = 1.15, 1.3


def measure(runs: int = RUNS, few: int = _FEW, many: int = _MANY) -> Figure:
    """Run each program in turn, so many times, so that a busy moment strikes all."""
    programs = {
        "without": ("imports", "without"),
        "with": ("imports", "with"),
        "bare few": ("exports", "bare", str(few)),
        "ours few": ("exports", "ours", str(few)),
        "bare many": ("exports", "bare", str(many)),
        "ours many": ("exports", "ours", str(many)),
    }
    found: dict[str, list[float]] = {name: [] for name in programs}
    for name in ("without", "with"):  # once without counting: Python compiles, jsii unpacks
        run_once(programs[name])
    for _ in range(runs):
        for name, arguments in programs.items():
            found[name].append(run_once(arguments))
    imports = spread_of([one / other for one, other in zip(found["with"], found["without"], strict=True)])
    exports = slopes((found["bare few"], found["ours few"]), (found["bare many"], found["ours many"]))
    return Figure(
        title="Synth",
        how=(
            f"Fresh processes, {runs} of each program in turns (`bench/one_synthesis.py`). What is compared is "
            "the time "
            "that the processor computed in Python and in Node.js, where the CDK runs. An import is that of "
            "aws_cdk and "
            "aws_lambda, without and with this library, the start of Python included; the ratio is to the other "
            "process of the same turn: median and quartiles. An export is the difference between stacks of "
            f"{few} and {many} from the app's construction to the end of its synthesis, which sets fixed costs "
            "aside; a "
            "bare `CustomResource` has the same properties. Its ratio is that of the medians' differences, and its "
            "spread the quartiles of 1,000 resamples of the runs."
        ),
        tables=[_table(found, imports, exports, many - few)],
        goals=[
            _goal(f"an import of at most {_IMPORT_GOAL} times that of aws_cdk and aws_lambda", imports, _IMPORT_GOAL),
            _goal(f"an export of at most {_EXPORT_GOAL} times a bare CustomResource", exports, _EXPORT_GOAL),
        ],
        notes=[
            "What an import adds: half of it is the CDK's modules for Step Functions, CloudWatch and EventBridge, the "
            "rest is the library's own modules (a profile).",
            "What an export more adds: its construct and its resource are two messages to the CDK's process, a bare "
            "CustomResource is one. Then come the references to what its handler needs, and the checks of arguments. "
            "The spread is wide because the CDK validates the template with an engine in WebAssembly: its start takes "
            "about as long as 300 exports, and differs from run to run.",
            "The seconds depend on the machine and on what else it does, and are shown without a claim.",
        ],
    )


def run_once(arguments: tuple[str, ...]) -> float:
    """Run one program, and return the seconds that it prints."""
    folder = environment.CHECKOUT / ".local" / "bench"
    variables = environment.base(folder) | {
        "PYTHONPATH": str(environment.CHECKOUT / "constructs"),
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPYCACHEPREFIX": str(folder / "pycache"),
    }
    command = [sys.executable, one_synthesis.__file__, *arguments]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=True)
    return float(done.stdout.splitlines()[-1])


def _goal(text: str, ratio: Spread, most: float) -> Goal:
    return Goal(text, str(ratio), ratio.middle <= most)


def _table(found: dict[str, list[float]], imports: Spread, exports: Spread, more: int) -> Table:
    middle = {name: median(seconds) for name, seconds in found.items()}
    each = [(middle[f"{whose} many"] - middle[f"{whose} few"]) / more * 1000 for whose in ("bare", "ours")]
    rows: list[list[Cell]] = [
        ["import", str(imports), *(f"{middle[name]:.2f} s" for name in ("without", "with"))],
        ["one export more", str(exports), *(f"{milliseconds:.2f} ms" for milliseconds in each)],
    ]
    return Table("Computing at synthesis", ["what", "times as long", "without this library", "with it"], rows)
