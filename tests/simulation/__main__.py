"""``python -m tests.simulation``: runs schedules, replays one, or hunts the mutants. `make simulate` calls it."""

from __future__ import annotations

import argparse
import os
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import nullcontext
from dataclasses import dataclass, field

from tests.simulation import schedule
from tests.simulation.model import wire
from tests.simulation.model.template import Deployed, synthesise
from tests.simulation.mutants import MUTANTS, Mutant

_CHUNK = 100
# Every mutant has to be found within so many schedules.
HUNT = 1000


@dataclass
class Total:
    """What many schedules came to."""

    schedules: int = 0
    exports: int = 0
    requests: int = 0
    succeeded: int = 0
    virtual_seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, int, str]] = field(default_factory=list)

    def add(self, outcome: schedule.Outcome) -> None:
        self.schedules += 1
        self.exports += outcome.exports
        self.requests += outcome.requests
        self.succeeded += outcome.succeeded
        self.virtual_seconds += outcome.virtual_seconds
        self.faults.update(outcome.faults)
        self.violations += [(outcome.seed, rule, text) for rule, text in outcome.violations]

    def merge(self, other: Total) -> None:
        for name in ("schedules", "exports", "requests", "succeeded", "virtual_seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.faults.update(other.faults)
        self.violations += other.violations


def run_some(seeds: range, deployed: Deployed, mutant: Mutant | None = None) -> Total:
    """Run schedules in this process; those of a mutant only until one finds it."""
    total = Total()
    with wire.installed(), mutant.alive() if mutant else nullcontext():
        for seed in seeds:
            total.add(schedule.run(seed, deployed))
            if mutant and total.violations:
                break
    return total


def replay_command(seed: int) -> str:
    """The command that tells the story of one schedule."""
    return f"make simulate REPLAY={seed}"


def tell_violation(seed: int, rule: int, text: str) -> Iterator[str]:
    """What a person reads about one violation."""
    yield from textwrap.wrap(f"seed {seed}, invariant {rule}: {text[:300]}", 100, subsequent_indent="  ")
    yield f"  replay it with: {replay_command(seed)}"


def run_all(seeds: range, processes: int) -> Total:
    """Run schedules on several processes, telling how far it has come."""
    deployed, total = synthesise(), Total()
    chunks = [seeds[first : first + _CHUNK] for first in range(0, len(seeds), _CHUNK)]
    with ProcessPoolExecutor(processes) as pool:
        for done in as_completed([pool.submit(run_some, chunk, deployed) for chunk in chunks]):
            for found in done.result().violations:
                print("\n".join(tell_violation(*found)), file=sys.stderr, flush=True)
            total.merge(done.result())
            if sys.stderr.isatty():
                print(f"\r{total.schedules:,} of {len(seeds):,} schedules", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print("\r" + " " * 50 + "\r", end="", file=sys.stderr)
    return total


def hunt(first: int, processes: int) -> list[tuple[Mutant, Total]]:
    """Run every mutant until it is found; the schedules that it took."""
    deployed = synthesise()
    with ProcessPoolExecutor(processes) as pool:
        hunts = [pool.submit(_hunt_one, index, first, deployed) for index in range(len(MUTANTS))]
        return [(mutant, done.result()) for mutant, done in zip(MUTANTS, hunts, strict=True)]


def _hunt_one(index: int, first: int, deployed: Deployed) -> Total:
    return run_some(range(first, first + HUNT), deployed, MUTANTS[index])


def report(total: Total, seeds: range, seconds: float) -> Iterator[str]:
    """What a person reads at the end, at most 100 columns wide."""
    yield f"schedules run     {total.schedules:>12,}   seeds {seeds[0]} to {seeds[-1]}"
    yield f"virtual time      {total.virtual_seconds / 3600:>12,.0f}   hours"
    yield f"requests          {total.requests:>12,}"
    yield f"exports started   {total.exports:>12,}"
    yield f"successes         {total.succeeded:>12,}"
    yield f"faults injected   {sum(total.faults.values()):>12,}"
    for kind, count in sorted(total.faults.items()):
        yield f"  {kind:<32} {count:>12,}"
    yield f"violations        {len(total.violations):>12,}"
    yield f"rate              {total.schedules / seconds:>12.1f}   schedules a second"
    for found in sorted(total.violations)[:20]:
        yield ""
        yield from tell_violation(*found)
    yield ""
    yield f"Replay any of them with {replay_command(seeds[0])} (or another seed)."


def report_hunt(found: list[tuple[Mutant, Total]]) -> Iterator[str]:
    """The table of mutants: the rule that each breaks, and how many schedules it took to see it."""
    yield "| rule | mutant | schedules | invariant |"
    yield "|---|---|---|---|"
    for mutant, total in found:
        seen = str(total.violations[0][1]) if total.violations else "**survives**"
        yield f"| {mutant.rule} | {mutant.name} | {total.schedules} | {seen} |"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--schedules", type=int, default=10_000, help="how many (SCHEDULES=)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (SEED=)")
    parser.add_argument("--replay", type=int, help="tell the story of one seed (REPLAY=)")
    parser.add_argument("--mutants", action="store_true", help="hunt the mutants (make mutants)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if options.schedules < 1:
        parser.error(f"--schedules must be at least 1; got {options.schedules}")
    if options.replay is not None:
        return _replay(options.replay)
    if options.mutants:
        found = hunt(options.seed, options.processes)
        print("\n".join(report_hunt(found)))
        return 0 if all(total.violations for _, total in found) else 1
    began = time.monotonic()
    seeds = range(options.seed, options.seed + options.schedules)
    total = run_all(seeds, options.processes)
    print("\n".join(report(total, seeds, time.monotonic() - began)))
    return 1 if total.violations else 0


def _replay(seed: int) -> int:
    with wire.installed():
        outcome = schedule.run(seed, synthesise(), with_story=True)
    print("\n".join(outcome.story))
    print(f"\nseed {seed}: {outcome.exports} exports, {sum(outcome.faults.values())} faults, ", end="")
    print(f"{len(outcome.violations)} violations")
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
