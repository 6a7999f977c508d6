"""Two hundred scripted bad days, the same for each peer: one thing goes wrong on each, at a time that is drawn.

Each kind says what must hold at the end, which is the same for each peer too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from random import Random

from bench.virtual import runs
from bench.virtual.runs import Plan, Run
from bench.virtual.sdk_integrations import ServiceCall
from cdk_cleanroomsml_local.readings import Readings
from cdk_cleanroomsml_local.service_model import Response
from tests.simulation import facts
from tests.simulation.model import tenants
from tests.simulation.model.operation import Operation
from tests.simulation.model.permissions import ROOMS
from tests.simulation.odds import FIRST_STACK_AT

# Days of each kind: 200 in all.
_DAYS = {
    "an event is delivered twice": 23,
    "crash after the start": 23,
    "the account is full": 22,
    "5xx after the effect": 22,
    "a long logical id": 22,
    "a rollback": 22,
    "listed late": 22,
    "an old status of the stack": 22,
    "permissions come late": 22,
}
KINDS = tuple(_DAYS)
# Seconds that an export takes.
_EXPORT = (20, 240)
# CDK logical ids have up to 255 characters: the path of the construct, and a hash.
_LONG_ID = (57, 120)
# How late a new policy is known, from what was seen: seconds to minutes.
_LATE_POLICIES = (5, 10, 20, 45, 90, 170)
_ONCE = {"lambda: delivered again": 1}


@dataclass(frozen=True)
class Day:
    """`expected` are the statuses with which the stack should end, `asked` how many exports may start in all."""

    kind: str
    plan: Plan
    expected: tuple[str, ...] = ("CREATE_COMPLETE",)
    asked: int = 1


def all_days(of_each: int | None = None) -> Iterator[Day]:
    """All days, or so many of each kind at most."""
    for kind, count in _DAYS.items():
        for number in range(min(count, of_each or count)):
            yield day(kind, number)


def day(kind: str, number: int) -> Day:
    """One day of a kind; the same number is the same day for each peer."""
    chance = Random(f"{kind} {number}")  # noqa: S311 - repeatable
    return _MAKERS[kind](chance, Plan(seconds=chance.uniform(*_EXPORT), seed=number))


def _twice(chance: Random, plan: Plan) -> Day:
    """Lambda delivers the event again, up to 200 s after it."""
    return Day(KINDS[0], replace(plan, times=_ONCE))


def _crash(chance: Random, plan: Plan) -> Day:
    """The function that has sent the start is killed before it sees the response."""

    def kill(run: Run) -> None:
        invocation = run.world.invocation
        # A service that sends a start itself has no function that could be killed.
        if not isinstance(invocation, ServiceCall):
            invocation.dies_at = (invocation.calls, "after")

    return Day(KINDS[1], replace(plan, prepare=partial(_after_start, do=kill)))


def _full(chance: Random, plan: Plan) -> Day:
    """Twenty exports of others begin just before the stack."""

    def fill(run: Run) -> None:
        run.world.timeline.at(FIRST_STACK_AT - 1, lambda: tenants.fill_account(run.world))

    return Day(KINDS[2], replace(plan, prepare=fill))


def _error_after(chance: Random, plan: Plan) -> Day:
    """The start takes effect, and the response is a 500."""
    return Day(KINDS[3], replace(plan, prepare=partial(_after_start, do=_ignore, fails=True)))


def _long_id(chance: Random, plan: Plan) -> Day:
    """The logical id is as long as those of constructs that are nested a few levels deep."""
    logical_id = "Export0".ljust(chance.randint(*_LONG_ID), "x")
    return Day(KINDS[4], replace(plan, act=lambda run: runs.create(run, (logical_id,))))


def _rollback(chance: Random, plan: Plan) -> Day:
    """A neighbour fails: of a first deployment whose event came late, or of an update to another export."""
    seconds = chance.uniform(1, 30)
    if chance.random() < 0.5:
        act = partial(_create_and_fail, seconds=seconds)
        return Day(KINDS[5], replace(plan, act=act, times={"lambda: delivered late": 1}), ("ROLLBACK_COMPLETE",), 1)
    return Day(
        KINDS[5], replace(plan, act=partial(_update_and_fail, seconds=seconds)), ("UPDATE_ROLLBACK_COMPLETE",), 2
    )


def _listed_late(chance: Random, plan: Plan) -> Day:
    """Clean Rooms ML lists a new export up to 14 s after its start."""
    return Day(KINDS[6], replace(plan, readings=Readings(listing_lag=timedelta(seconds=chance.uniform(5, 14)))))


def _old_status(chance: Random, plan: Plan) -> Day:
    """DescribeStacks shows the status of before for up to 30 s: the exports are added to a stack that is there."""
    shares = {"cloudformation: stale": 1.0, "cloudformation: goes back": 0.5}
    return Day(KINDS[7], replace(plan, act=_add_later, shares=shares), ("UPDATE_COMPLETE",))


def _late_permissions(chance: Random, plan: Plan) -> Day:
    """The permission for Clean Rooms ML is not known to all its hosts for a while."""
    late = chance.choice(_LATE_POLICIES)

    def deny(run: Run) -> None:
        permissions = run.stack.permissions
        permissions._refusal = "denied"
        permissions._unknown_until = {ROOMS: run.world.timeline.now + FIRST_STACK_AT + late}

    return Day(KINDS[8], replace(plan, prepare=deny))


_MAKERS: dict[str, Callable[[Random, Plan], Day]] = dict(
    zip(
        KINDS,
        (_twice, _crash, _full, _error_after, _long_id, _rollback, _listed_late, _old_status, _late_permissions),
        strict=True,
    )
)


def _ignore(_: Run) -> None:
    """Nothing happens beside."""


def _after_start(run: Run, do: Callable[[Run], None], *, fails: bool = False) -> None:
    """Have something happen when the service has accepted a start; `fails` makes the response a 500.

    A start that is sent again is a conflict, so this happens once.
    """
    account, respond = run.world.account, run.world.account.respond

    def respond_and_fail(method: str, target: str, body: bytes) -> Response:
        response = respond(method, target, body)
        is_start = method == "POST" and "audienceGenerationJobArn" in json.loads(body or b"{}")
        if not (is_start and response.status == facts.OK_STATUS):
            return response
        do(run)
        return account.refuse("InternalServerException", "simulated", 500) if fails else response

    account.respond = respond_and_fail  # type: ignore[method-assign]


def _create_and_fail(run: Run, seconds: float) -> None:
    run.stack.create(runs.template_for(run.peer, ("Export0",), "spring"), _failing(run, seconds))


def _update_and_fail(run: Run, seconds: float) -> None:
    """The stack has an export; it is updated to another one, and a neighbour fails meanwhile."""
    runs.create(run)
    run.world.timeline.sleep(60)
    run.stack.update(runs.template_for(run.peer, ("Export0",), "summer"), _failing(run, seconds))


def _failing(run: Run, seconds: float) -> Callable[[Operation], None]:
    """A neighbour that fails after so many seconds, or when the exports are done if that is earlier."""
    run.world.late_failures = 1.0
    return lambda operation: run.world.timeline.at(seconds, lambda: operation.fail("a neighbour failed"))


def _add_later(run: Run) -> None:
    run.stack.create_without_exports()
    run.world.timeline.sleep(60)
    run.stack.deploy_provider()
    run.stack.update(runs.template_for(run.peer, ("Export0",), "spring"), runs.leave_alone)
