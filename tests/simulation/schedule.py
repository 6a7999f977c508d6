"""One schedule: a seed becomes a world, the world runs to its end, and its result can be compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import ceil
from random import Random

from cdk_cleanroomsml_local.clean_rooms_ml import PENDING_EXPORTS_OF_AN_ACCOUNT
from tests.simulation import bounds, facts, odds
from tests.simulation.model import tenants, wire
from tests.simulation.model.clean_rooms import JOBS
from tests.simulation.model.cloudformation import Template
from tests.simulation.model.declarations import COMMON_SIZES, draw_export
from tests.simulation.model.people import Campaign
from tests.simulation.model.template import Deployed
from tests.simulation.model.traffic import Traffic
from tests.simulation.model.world import World
from tests.simulation.rules.invariant import Invariant


@dataclass
class ScheduleResult:
    """What happened in one schedule; `violations` are invariants with what happened."""

    seed: int
    violations: list[tuple[Invariant, str]]
    faults: Counter[str]
    exports: int
    requests: int
    succeeded: int
    virtual_seconds: float
    story: list[str] = field(default_factory=list)


def run(seed: int, deployed: Deployed, *, with_story: bool = False) -> ScheduleResult:
    """Run the schedule of a seed; it is the same each time, whatever ran before it."""
    plan = Random(f"plan {seed}")  # noqa: S311 - repeatable
    is_queue = plan.random() < odds.QUEUE or seed in odds.FIRST_QUEUES
    make_world = _queue if is_queue else _campaigns
    world = make_world(seed, deployed, plan)
    world.story = [] if with_story else None
    return _run(world)


def _campaigns(seed: int, deployed: Deployed, plan: Random) -> World:
    """A stack or two, and perhaps another tenant, on a good or a bad day."""
    typical = _draw_typical_duration(plan)
    failing = plan.choice(odds.FAILING_EXPORTS)
    is_calm = plan.random() < odds.CALM
    world = World(seed, deployed, is_calm=is_calm, typical=typical, failing=failing, spread=1.0)
    world.late_failures = 0.0 if is_calm else plan.choice(odds.LATE_FAILURES)
    if not is_calm and plan.random() < odds.WITH_TENANT:
        tenants.use_account(world)
    fleet = Random(f"fleet {seed}")  # noqa: S311 - repeatable
    if fleet.random() < odds.FLEET:
        world.traffic, world.exports_of_a_stack = Traffic(world.timeline, facts.LIMITS), odds.FLEET_EXPORTS
    names = Random(f"names {seed}")  # noqa: S311 - repeatable
    if names.random() < odds.NAME_DAY:
        _make_name_day(world)
    jobs = Random(f"jobs {seed}")  # noqa: S311 - repeatable
    if jobs.random() < odds.JOB_DAY:
        world.account.create_jobs(jobs)
    for number in range(plan.choice(odds.STACKS)):
        begins = odds.FIRST_STACK_AT + plan.choice(odds.STACKS_APART) * number
        world.timeline.spawn(Campaign(world, f"Campaigns{number + 1}").live, after=begins)
    return world


def _make_name_day(world: World) -> None:
    """Given names that others can have too, exports that fail, and a service that is overloaded and lists late."""
    world.named = 1.0
    if not world.weather.is_calm:
        world.weather.worsen(odds.NAME_DAY_FAULTS)
    world.account.worsen(failing=odds.NAME_DAY_FAILING)
    tenants.fail_with_names(world)


def _draw_typical_duration(plan: Random) -> float:
    """Seconds that an export takes, more or less."""
    drawn = [(weight, plan.uniform(*span)) for weight, span in odds.EXPORT_SECONDS]
    return plan.choice([seconds for weight, seconds in drawn for _ in range(weight)])


def _queue(seed: int, deployed: Deployed, plan: Random) -> World:
    """More exports than the account may run, and nothing else: how long they take in all."""
    duration = plan.uniform(*odds.QUEUE_EXPORT_SECONDS)
    world = World(seed, deployed, is_calm=True, typical=duration, failing=0.0, spread=0.0)
    world.traffic = Traffic(world.timeline, facts.LIMITS)
    count = plan.randint(PENDING_EXPORTS_OF_AN_ACCOUNT + 1, odds.QUEUE_EXPORTS_AT_MOST)
    template = _draw_queue(world, count)
    world.timeline.spawn(lambda: _deploy_queue(world, template, duration))
    return world


def measure_traffic(waiting: int, deployed: Deployed) -> Traffic:
    """The calls of so many exports that wait in vain for a slot, for `odds.LOAD_SECONDS`; nothing is throttled."""
    world = World(0, deployed, is_calm=True, typical=bounds.LONGEST_SCHEDULE, failing=0.0, spread=0.0)
    tenants.fill_account(world)
    template = _draw_queue(world, waiting)
    world.timeline.spawn(lambda: _deploy_queue(world, template, bounds.LONGEST_SCHEDULE), after=odds.FIRST_STACK_AT)
    with wire.connected(world):
        world.timeline.run(at_most=odds.FIRST_STACK_AT + odds.LOAD_SECONDS)
    return world.traffic


def _draw_queue(world: World, count: int) -> Template:
    template: Template = {}
    for number in range(count):
        properties = draw_export(world.chance, COMMON_SIZES, plain=True)
        properties["AudienceGenerationJobArn"] = JOBS[number % len(JOBS)]
        template[f"Export{number}"] = properties | {"WaitForCompletion": "true"}
    return template


def _deploy_queue(world: World, template: Template, duration: float) -> None:
    stack, began = world.new_stack("Queue"), world.timeline.now
    stack.control.page_size = facts.EXECUTIONS_PAGE
    stack.create(template, lambda operation: None)
    took, rounds = world.timeline.now - began, ceil(len(template) / PENDING_EXPORTS_OF_AN_ACCOUNT)
    if took > bounds.QUEUE_FACTOR * rounds * duration + bounds.QUEUE_EXTRA:
        world.goes_wrong(Invariant.WAITING, "{} exports of {:.0f} s took {:.0f} s", len(template), duration, took)
    _, busiest_minute, _ = world.traffic.rates("DescribeStacks")
    if busiest_minute > bounds.QUEUE_READS:
        world.goes_wrong(
            Invariant.NEIGHBOUR, "{} exports read the stack {} times a second", len(template), busiest_minute
        )
    if stack.status != "CREATE_COMPLETE":
        world.goes_wrong(Invariant.WAITING, "the queue ended as {}", stack.status)


def _run(world: World) -> ScheduleResult:
    with wire.connected(world):
        has_ended = world.timeline.run(at_most=bounds.LONGEST_SCHEDULE)
    watch = world.watch
    if world.deployed.follower and not watch.violations:
        watch.violations += [(Invariant.EVENTS, text) for text in watch.events.missing()]
    if not has_ended:
        watch.violations.append((Invariant.ONE_ANSWER, "something never ends"))
    return ScheduleResult(
        world.seed,
        watch.violations,
        world.weather.counts,
        len(watch.started_by),
        len(world.requests),
        watch.succeeded,
        world.timeline.now,
        world.story or [],
    )
