"""One schedule: a seed becomes a world, the world runs to its end, and what comes out can be compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import ceil
from random import Random

from local_cloud.clean_rooms_ml import PENDING_EXPORTS_OF_AN_ACCOUNT
from tests.simulation.model import wire
from tests.simulation.model.clean_rooms import JOBS, SIZES
from tests.simulation.model.cloudformation import Template
from tests.simulation.model.deployments import campaign, draw_export, tenant
from tests.simulation.model.template import Deployed
from tests.simulation.model.world import World

_LONGEST = 200_000.0  # seconds of virtual time


@dataclass
class Outcome:
    """What became of one schedule; `violations` are numbers of invariants with what happened."""

    seed: int
    violations: list[tuple[int, str]]
    faults: Counter[str]
    exports: int
    requests: int
    succeeded: int
    virtual_seconds: float
    story: list[str] = field(default_factory=list)


def run(seed: int, deployed: Deployed, *, with_story: bool = False) -> Outcome:
    """Run the schedule of a seed; it is the same each time, whatever ran before it."""
    plan = Random(f"plan {seed}")  # noqa: S311 - repeatable
    kind = plan.random()
    if kind < 0.002:
        return _run_queue(seed, deployed, plan, with_story=with_story)
    short, long, longest = plan.uniform(2, 40), plan.uniform(60, 600), plan.uniform(1000, 5000)
    typical = plan.choice((short,) * 6 + (long,) * 3 + (longest,))
    failing = plan.choice((0.0, 0.0, 0.1, 0.3, 0.7))
    is_calm = plan.random() < 0.1
    world = World(seed, deployed, is_calm=is_calm, typical=typical, failing=failing, spread=1.0)
    world.late_failures = 0.0 if is_calm else plan.choice((0.0, 0.3))
    world.story = [] if with_story else None
    if not is_calm and plan.random() < 0.5:
        tenant(world)
    for number in range(plan.choice((1, 1, 1, 2))):
        campaign(world, f"Campaigns{number + 1}", plan.choice((0.0, 60.0)) * number + 31)()
    return _finish(world)


def _run_queue(seed: int, deployed: Deployed, plan: Random, *, with_story: bool) -> Outcome:
    """More exports than the account may run, with nothing else in the way: how long they take in all."""
    duration = plan.uniform(60, 400)
    world = World(seed, deployed, is_calm=True, typical=duration, failing=0.0, spread=0.0)
    world.story = [] if with_story else None
    count = plan.randint(PENDING_EXPORTS_OF_AN_ACCOUNT + 1, 44)
    template: Template = {}
    for number in range(count):
        properties = draw_export(world.chance, SIZES[:3], plain=True) | {"AudienceGenerationJobArn": JOBS[number % 3]}
        template[f"Export{number}"] = properties | {"WaitForCompletion": "true"}
    stack = world.new_stack("Queue")

    def deploy() -> None:
        began = world.timeline.now
        stack.create(template, lambda operation: None)
        took, rounds = world.timeline.now - began, ceil(count / PENDING_EXPORTS_OF_AN_ACCOUNT)
        if took > 1.15 * rounds * duration + 60:
            world.goes_wrong(7, "{} exports of {:.0f} s took {:.0f} s", count, duration, took)
        if stack.status != "CREATE_COMPLETE":
            world.goes_wrong(7, "the queue ended as {}", stack.status)

    world.timeline.spawn(deploy)
    return _finish(world)


def _finish(world: World) -> Outcome:
    with wire.connected(world):
        has_ended = world.timeline.run(at_most=_LONGEST)
    watch = world.watch
    if not has_ended:
        watch.violations.append((3, "something never ends"))
    return Outcome(
        world.seed,
        watch.violations,
        world.weather.counts,
        len(watch.started_by),
        len(world.requests),
        watch.succeeded,
        world.timeline.now,
        world.story or [],
    )
