"""One deployment of exports by one peer on virtual time, and what came of it."""

from __future__ import annotations

import logging
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any
from unittest.mock import patch

from bench.peers.apps import PROJECT
from bench.virtual import runtimes
from bench.virtual.observer import Observer
from bench.virtual.usage import Usage
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import HANDLER
from tests.simulation import facts
from tests.simulation.model import template, wire
from tests.simulation.model.clean_rooms import JOBS
from tests.simulation.model.cloudformation import Stack, Template
from tests.simulation.model.operation import Operation
from tests.simulation.model.template import Deployed
from tests.simulation.model.traffic import Traffic
from tests.simulation.model.weather import Weather
from tests.simulation.model.world import World
from tests.simulation.odds import FIRST_STACK_AT

# Seconds of virtual time after which whatever still runs is of no interest: CloudFormation waits for an hour.
LONGEST = 3 * 3600.0


class ScriptedWeather(Weather):
    """Exactly the faults of a script: kinds with the share of their occasions, and kinds that strike so many times."""

    def __init__(self, chance: Random, shares: dict[str, float], times: dict[str, int]) -> None:
        super().__init__(chance, is_calm=True)
        self._shares = dict(shares)
        self._left = dict(times)

    def strikes(self, kind: str) -> bool:
        """Whether a fault of this kind strikes now."""
        if self._left.get(kind, 0):
            self._left[kind] -= 1
            self.counts[kind] += 1
            return True
        return super().strikes(kind)


@dataclass
class Run:
    """A deployment by one peer; `finished_at` is the second at which the last operation of its stack ended."""

    peer: str
    world: World
    stack: Stack
    usage: Usage
    observer: Observer
    finished_at: float = 0.0

    @property
    def calls(self) -> dict[str, int]:
        """Calls of AWS by operation."""
        found: dict[str, int] = {}
        for (operation, _), count in self.world.traffic.counts.items():
            found[operation] = found.get(operation, 0) + count
        return found


@dataclass
class Plan:
    """What is the same for all peers: the time of an export, and what AWS does on that day.

    `seconds` is what an export takes. `shares` and `times` are those of `ScriptedWeather`. `limits` are the rates at
    which AWS throttles. `prepare` may change the run before it begins; `act` deploys, as a task of the timeline, one
    export if it is not given.
    """

    seconds: float
    seed: int = 0
    shares: dict[str, float] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)
    readings: Readings = field(default_factory=Readings)
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)
    prepare: Callable[[Run], None] | None = None
    act: Callable[[Run], None] | None = None
    at_most: float = LONGEST


@cache
def deployed() -> Deployed:
    """What this project deploys."""
    return template.synthesise()


@contextmanager
def network() -> Iterator[None]:
    """Connect the clients of all peers to the world that runs."""
    with patch.dict(os.environ, {"AWS_DEFAULT_REGION": "us-east-1"}), wire.installed():
        runtimes.forget_clients()
        yield
        runtimes.forget_clients()


def run(peer: str, plan: Plan) -> Run:
    """Run a plan for a peer; `network` must be there."""
    # botocore's retries and crhelper's names draw from the generator of the process.
    random.seed(plan.seed)
    world = World(plan.seed, deployed(), is_calm=True, typical=plan.seconds, failing=0.0, spread=0.0)
    world.weather = ScriptedWeather(world.chance, plan.shares, plan.times)
    world.nests = False
    world.account.readings = plan.readings
    world.traffic = Traffic(world.timeline, plan.limits)
    observer, usage = Observer(world), Usage()
    world.watch = observer  # type: ignore[assignment] # it is called in the same ways
    stack = world.new_stack("Campaigns")
    stack.control.page_size = facts.EXECUTIONS_PAGE
    runtimes.install(peer, world, stack, usage)
    running = Run(peer, world, stack, usage, observer)
    if plan.prepare:
        plan.prepare(running)

    def act() -> None:
        (plan.act or create)(running)
        running.finished_at = world.timeline.now

    world.timeline.spawn(act, after=FIRST_STACK_AT)
    logging.root.addHandler(usage)
    try:
        with wire.connected(world):
            world.timeline.run(at_most=plan.at_most)
    finally:
        logging.root.removeHandler(usage)
    return running


def create(running: Run, logical_ids: tuple[str, ...] = ("Export0",), name: str = "spring") -> None:
    """Create the stack with these exports."""
    running.stack.create(template_for(running.peer, logical_ids, name), leave_alone)


def leave_alone(_: Operation) -> None:
    """What happens to an operation from outside: nothing."""


def template_for(peer: str, logical_ids: tuple[str, ...], name: str) -> Template:
    """The exports as the peer's template declares them; each has another size and name."""
    return {one: _properties(peer, number, f"{name}-{number}") for number, one in enumerate(logical_ids)}


def _properties(peer: str, number: int, name: str) -> dict[str, Any]:
    common = {"ServiceToken": HANDLER, "AudienceGenerationJobArn": JOBS[number % len(JOBS)], "Name": name}
    if peer == PROJECT.name:
        longest = str(facts.DEFAULT_TIMEOUT)
        size = {"Type": "PERCENTAGE", "Value": "10"}
        return common | {"AudienceSize": size, "TimeoutSeconds": longest, "ServiceTimeout": longest}
    return common | {"SizeType": "PERCENTAGE", "SizeValue": "10"}
