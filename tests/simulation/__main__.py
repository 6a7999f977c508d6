"""``python -m tests.simulation``: runs schedules, replays one, hunts mutants, or counts calls.

`make simulate`, `make mutants` and `make load` call it.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field

from tests.simulation import facts, odds, schedule
from tests.simulation.model import wire
from tests.simulation.model.template import Deployed, synthesise
from tests.simulation.model.traffic import Traffic
from tests.simulation.mutants import MUTANTS, Mutant
from tests.simulation.rules.invariant import Invariant
from tests.simulation.schedule import ScheduleResult

# Schedules that a process runs before it reports; the last ones should not keep one process alone for long.
_CHUNK = 20
_installed = ExitStack()
# Every mutant has to be found within so many schedules.
HUNT = 1000
# Columns of the output, characters of a violation's text, and violations that the report shows.
_WIDTH, _LONGEST_TEXT, _SHOWN = 100, 300, 20
_PROGRESS_WIDTH, _SEEDS_SHOWN = 50, 8
# In the text of a violation: a request, the code of a reason, and a generation job.
_REQUEST = re.compile(r"(Create|Update|Delete) of \S+ \([^)]*\)")
_CODE = re.compile(r"[A-Za-z_.]+:")
_JOB_ARN = re.compile(r"(?:generation job )?arn:aws:cleanrooms-ml:\S+?:audience-generation-job/(\w+)[-\w]*")
_SECONDS_OF_HOUR = 3600


@dataclass
class Total:
    """The results of many schedules, added up."""

    schedules: int = 0
    exports: int = 0
    requests: int = 0
    succeeded: int = 0
    virtual_seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, Invariant, str]] = field(default_factory=list)

    def add(self, result: ScheduleResult) -> None:
        self.schedules += 1
        self.exports += result.exports
        self.requests += result.requests
        self.succeeded += result.succeeded
        self.virtual_seconds += result.virtual_seconds
        self.faults.update(result.faults)
        self.violations += [(result.seed, invariant, text) for invariant, text in result.violations]

    def merge(self, other: Total) -> None:
        for name in ("schedules", "exports", "requests", "succeeded", "virtual_seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults.update(other.faults)
        self.violations += other.violations


def run_some(seeds: range, deployed: Deployed, mutant: Mutant | None = None) -> Total:
    """Run schedules in this process; those of a mutant only until one finds it."""
    with wire.installed(), mutant.alive() if mutant else nullcontext():
        return _run_each(seeds, deployed, until_found=mutant is not None)


def _run_each(seeds: range, deployed: Deployed, *, until_found: bool = False) -> Total:
    """Run schedules on the network that is installed."""
    total = Total()
    for seed in seeds:
        total.add(schedule.run(seed, deployed))
        if until_found and total.violations:
            break
    return total


def _install_for_good() -> None:
    """Install the network in a process that only runs schedules; its clients are made once."""
    _installed.enter_context(wire.installed())


def replay_command(seed: int) -> str:
    """The command that prints the story of one schedule; with events, EVENTS=1 belongs to it."""
    return f"make simulate REPLAY={seed}"


def describe_violation(seed: int, invariant: Invariant, text: str) -> Iterator[str]:
    """What a person reads about one violation."""
    short = _JOB_ARN.sub(r"job \1", text)[:_LONGEST_TEXT]
    yield from textwrap.wrap(f"seed {seed}, {invariant}: {short}", _WIDTH, subsequent_indent="  ")
    yield f"  replay it with: {replay_command(seed)}"


def kinds_of_violations(violations: list[tuple[int, Invariant, str]]) -> Iterator[str]:
    """How often each kind of violation occurred, by invariant and code of the reason, with the first seeds of it."""
    seeds: dict[tuple[int, str], list[int]] = {}
    for seed, invariant, text in violations:
        what, _, rest = _REQUEST.sub("it", text).partition(": ")
        code = rest.partition(":")[0] if _CODE.match(rest) else ""
        seeds.setdefault((invariant.number, f"{what} [{code}]" if code else what), []).append(seed)
    for (number, kind), found in sorted(seeds.items(), key=lambda one: -len(one[1])):
        first = ", ".join(map(str, sorted(found)[:_SEEDS_SHOWN]))
        line = f"{len(found):>5} x invariant {number}: {kind[:_LONGEST_TEXT]} (seeds {first})"
        yield from textwrap.wrap(line, _WIDTH, subsequent_indent="        ")


def run_all(seeds: range, processes: int, *, with_events: bool = False) -> Total:
    """Run schedules on several processes, and print how far it has come."""
    deployed, total = synthesise(with_events=with_events), Total()
    chunks = [seeds[first : first + _CHUNK] for first in range(0, len(seeds), _CHUNK)]
    with ProcessPoolExecutor(processes, initializer=_install_for_good) as pool:
        for done in as_completed([pool.submit(_run_each, chunk, deployed) for chunk in chunks]):
            for found in done.result().violations:
                print("\n".join(describe_violation(*found)), file=sys.stderr, flush=True)
            total.merge(done.result())
            if sys.stderr.isatty():
                print(f"\r{total.schedules:,} of {len(seeds):,} schedules", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r" + " " * _PROGRESS_WIDTH + "\r", end="", file=sys.stderr)
    return total


def hunt(first: int, processes: int) -> list[tuple[Mutant, Total]]:
    """Run every mutant until a schedule finds it; the schedules that it took."""
    plain, eventful = synthesise(), synthesise(with_events=True)
    with ProcessPoolExecutor(processes) as pool:
        hunts = [
            pool.submit(_hunt_one, index, first, eventful if mutant.with_events else plain)
            for index, mutant in enumerate(MUTANTS)
        ]
        return [(mutant, done.result()) for mutant, done in zip(MUTANTS, hunts, strict=True)]


def _hunt_one(index: int, first: int, deployed: Deployed) -> Total:
    return run_some(range(first, first + HUNT), deployed, MUTANTS[index])


def report(total: Total, seeds: range, seconds: float) -> Iterator[str]:
    """What a person reads at the end, at most `_WIDTH` columns wide."""
    yield f"schedules run     {total.schedules:>12,}   seeds {seeds[0]} to {seeds[-1]}"
    yield f"virtual time      {total.virtual_seconds / _SECONDS_OF_HOUR:>12,.0f}   hours"
    yield f"requests          {total.requests:>12,}"
    yield f"exports started   {total.exports:>12,}"
    yield f"successes         {total.succeeded:>12,}"
    yield f"faults injected   {sum(total.faults.values()):>12,}"
    for kind, count in sorted(total.faults.items()):
        yield f"  {kind:<32} {count:>12,}"
    yield f"violations        {len(total.violations):>12,}"
    yield f"rate              {total.schedules / seconds:>12.1f}   schedules a second"
    if total.violations:
        yield ""
        yield from kinds_of_violations(total.violations)
    for found in sorted(total.violations, key=_by_seed)[:_SHOWN]:
        yield ""
        yield from describe_violation(*found)
    yield ""
    yield f"Replay any of them with {replay_command(seeds[0])} (or another seed)."


def _by_seed(found: tuple[int, Invariant, str]) -> tuple[int, int, str]:
    seed, invariant, text = found
    return seed, invariant.number, text


def report_hunt(found: list[tuple[Mutant, Total]]) -> Iterator[str]:
    """The table of mutants: the rule that each breaks, and how many schedules it took to find it."""
    yield "| rule | mutant | schedules | invariant |"
    yield "|---|---|---|---|"
    for mutant, total in found:
        seen = str(total.violations[0][1].number) if total.violations else "**survives**"
        yield f"| {mutant.rule} | {mutant.name} | {total.schedules} | {seen} |"


def measure_load(processes: int) -> Iterator[tuple[int, Traffic]]:
    """The calls of each number of waiting exports, the smallest first."""
    deployed = synthesise()
    with ProcessPoolExecutor(processes) as pool:
        measured = [(waiting, pool.submit(_measure_one, waiting, deployed)) for waiting in odds.LOAD_EXPORTS]
        for waiting, done in measured:
            yield waiting, done.result()


def _measure_one(waiting: int, deployed: Deployed) -> Traffic:
    with wire.installed():
        return schedule.measure_traffic(waiting, deployed)


def report_load(measured: Iterator[tuple[int, Traffic]]) -> Iterator[str]:
    """The table of calls: how many a second on average after the first minute, and in the busiest second and minute."""
    yield "| waiting exports | operation | limit a second | average | busiest minute | busiest second |"
    yield "|---|---|---|---|---|---|"
    for waiting, traffic in measured:
        for operation in sorted({operation for operation, _ in traffic.counts}):
            average, minute, second = traffic.rates(operation)
            limit = facts.LIMITS[facts.API_OF.get(operation, operation)][0]
            yield f"| {waiting} | {operation} | {limit:g} | {average:.2f} | {minute:.2f} | {second} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--schedules", type=int, default=10_000, help="how many (SCHEDULES=)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (SEED=)")
    parser.add_argument("--replay", type=int, help="print the story of one seed (REPLAY=)")
    parser.add_argument("--events", action="store_true", help="every export wants events (EVENTS=1)")
    parser.add_argument("--mutants", action="store_true", help="hunt the mutants (make mutants)")
    parser.add_argument("--load", action="store_true", help="count the calls of waiting exports (make load)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if options.schedules < 1:
        parser.error(f"--schedules must be at least 1; got {options.schedules}")
    if options.replay is not None:
        return _replay(options.replay, with_events=options.events)
    if options.load:
        for line in report_load(measure_load(options.processes)):
            print(line, flush=True)
        return 0
    if options.mutants:
        found = hunt(options.seed, options.processes)
        print("\n".join(report_hunt(found)))
        return 0 if all(total.violations for _, total in found) else 1
    began = time.monotonic()
    seeds = range(options.seed, options.seed + options.schedules)
    total = run_all(seeds, options.processes, with_events=options.events)
    print("\n".join(report(total, seeds, time.monotonic() - began)))
    return 1 if total.violations else 0


def _replay(seed: int, *, with_events: bool) -> int:
    with wire.installed():
        result = schedule.run(seed, synthesise(with_events=with_events), with_story=True)
    print("\n".join(result.story))
    print(f"\nseed {seed}: {result.exports} exports, {sum(result.faults.values())} faults, ", end="")
    print(f"{len(result.violations)} violations")
    return 1 if result.violations else 0


if __name__ == "__main__":
    sys.exit(main())
