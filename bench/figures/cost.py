"""What an export costs: the units that AWS charges for, counted on virtual time, and dollars of a stated price list."""

from __future__ import annotations

from dataclasses import dataclass

from bench.figure import Cell, Figure, Plot, Table
from bench.peers.apps import PROJECT
from bench.virtual import runs, runtimes
from bench.virtual.runs import Plan

SEEDS = 10
_SHORT, _LONG = 600, 3300
# Prices in dollars.
PRICES_OF = (
    "US East (N. Virginia), without free tiers: Step Functions as aws.amazon.com/step-functions/pricing shows it in a "
    "copy read on 2026-11-27; Lambda and CloudWatch as AWS published them in 2025, not looked up again"
)
TRANSITION = 25e-6
INVOCATION = 0.2e-6
GB_SECOND = 16.6667e-6
LOG_GB = 0.50
_BYTES_OF_GB = 1024**3


@dataclass(frozen=True)
class Units:
    """Of one export, as means."""

    transitions: float
    invocations: float
    gb_seconds: float
    log_bytes: float

    @property
    def dollars(self) -> float:
        """What they cost."""
        compute = self.invocations * INVOCATION + self.gb_seconds * GB_SECOND
        return self.transitions * TRANSITION + compute + self.log_bytes / _BYTES_OF_GB * LOG_GB


def measure(seeds: int = SEEDS) -> Figure:
    """Deploy one export of ten minutes, and one of an hour, with each peer."""
    with runs.network():
        short = {name: units_of(name, _SHORT, seeds) for name in runtimes.NAMES}
        hour = {name: _per_hour(units_of(name, _LONG, seeds), short[name]) for name in runtimes.NAMES}
    return Figure(
        title="Cost",
        how=(
            f"On virtual time, one stack with one export on a day without faults, {seeds} times for each peer; means. "
            "State transitions include retries. GB-seconds are the modelled time of each invocation, cold starts "
            "included, by the memory that the template gives the function: calls take 0.02 to 0.3 s there, and "
            "computing takes none, so they are good for comparisons only. Log bytes are the messages of the handlers "
            "and 275 for what Lambda writes about each invocation; the frameworks in JavaScript write nothing by "
            "default. An hour of waiting is the difference between exports of 55 and 10 minutes, per hour."
        ),
        tables=[
            _price_list(),
            _table("One export of ten minutes", short),
            _table("One hour of waiting", hour),
        ],
        goals=[],
        notes=[
            "AwsCustomResource does not wait, so waiting costs it nothing. crhelper and cfn-handler are the cheapest "
            "that do: they look once a minute. EventBridge does not charge for rules on a schedule.",
            f"For ten minutes this project uses {short[PROJECT.name].transitions:.0f} state transitions and Provider "
            f"{short['Provider, 5 s'].transitions:.0f}, although this project lists less often: a step, a choice and a "
            "wait are three states, and the waiter of Provider is one that is retried. There is no goal for the cost.",
        ],
        plots=[
            Plot(
                "cost",
                "Dollars for 1,000 exports",
                "dollars",
                ["ten minutes", "an hour of waiting"],
                {name: [short[name].dollars * 1000, hour[name].dollars * 1000] for name in runtimes.NAMES},
            )
        ],
    )


def units_of(name: str, seconds: float, seeds: int) -> Units:
    """The mean of some deployments of one export; `runs.network` must be there."""
    found = [runs.run(name, Plan(seconds, seed=seed)) for seed in range(seeds)]
    return Units(
        transitions=_mean([run.usage.transitions for run in found]),
        invocations=_mean([run.usage.invocations.total() for run in found]),
        gb_seconds=_mean([run.usage.gb_seconds for run in found]),
        log_bytes=_mean([run.usage.log_bytes for run in found]),
    )


def _mean(numbers: list[int] | list[float]) -> float:
    return sum(numbers) / len(numbers)


def _per_hour(long: Units, short: Units) -> Units:
    hours = (_LONG - _SHORT) / 3600
    return Units(
        transitions=(long.transitions - short.transitions) / hours,
        invocations=(long.invocations - short.invocations) / hours,
        gb_seconds=max(0.0, long.gb_seconds - short.gb_seconds) / hours,
        log_bytes=(long.log_bytes - short.log_bytes) / hours,
    )


def _price_list() -> Table:
    rows: list[list[Cell]] = [
        ["1,000 state transitions, Standard Workflows", f"{TRANSITION * 1000:g}"],
        ["1,000,000 invocations of Lambda", f"{INVOCATION * 1e6:g}"],
        ["1,000,000 GB-seconds of Lambda, x86", f"{GB_SECOND * 1e6:g}"],
        ["1 GB of logs taken in by CloudWatch", f"{LOG_GB:g}"],
    ]
    return Table(f"Prices ({PRICES_OF})", ["unit", "dollars"], rows)


def _table(title: str, found: dict[str, Units]) -> Table:
    rows: list[list[Cell]] = [
        [
            name,
            f"{units.transitions:.0f}",
            f"{units.invocations:.0f}",
            f"{units.gb_seconds:.1f}",
            f"{units.log_bytes:,.0f}",
            f"{units.dollars * 1000:.2f}",
        ]
        for name, units in found.items()
    ]
    columns = ["peer", "state transitions", "invocations", "GB-seconds", "log bytes", "dollars for 1,000"]
    return Table(title, columns, rows)
