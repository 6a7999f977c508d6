"""What people do with their stacks: they declare exports, change them, go back, cancel, delete, and deploy again."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from local_cloud.service_model import ApiError
from tests.builders.arns import FAILING_JOB, UNFINISHED_JOB, UNKNOWN_JOB
from tests.simulation.model.clean_rooms import JOBS, SIZES
from tests.simulation.model.cloudformation import CANCELLED, DELETED, Operation, Stack, Template
from tests.simulation.model.world import World

NAMES = ("Spring", "Summer")
_EDITS = ("name", "name", "size", "size", "revision", "revision", "description", "time-out", "conflict", "waiting")
_ODD_JOBS = (FAILING_JOB, UNFINISHED_JOB, UNKNOWN_JOB)
# A person, or a pipeline, needs so long between two operations of a stack.
_BETWEEN = (12, 600)


# Those of everybody who does not have sizes of its own.
_COMMON_SIZES = SIZES[:3]


def sizes_of(chance: Random, stack: str, logical_id: str) -> tuple[str, ...]:
    """The sizes from which one resource chooses: mostly its own, so that not all names collide."""
    if chance.random() < 0.3:
        return _COMMON_SIZES
    first = 3 * (8 * (stack == "Campaigns2") + int(logical_id.removeprefix("Export")) % 8)
    return SIZES[first : first + 3]


def draw_export(chance: Random, sizes: tuple[str, ...], *, plain: bool = False) -> dict[str, Any]:
    """ResourceProperties of one export; a plain one is sure to be fulfilled."""
    timeout = chance.choice(("60", "120", "600", "3600", "3600"))
    properties: dict[str, Any] = {
        "ServiceToken": "arn:aws:lambda:us-east-1:111122223333:function:handler",
        "AudienceGenerationJobArn": JOBS[0] if chance.random() < 0.8 else chance.choice(JOBS),
        "AudienceSize": {"Type": "PERCENTAGE", "Value": chance.choice(sizes)},
        "TimeoutSeconds": timeout,
        "ServiceTimeout": timeout,
    }
    if chance.random() < 0.3:
        properties["WaitForCompletion"] = "false"
    if plain:
        return properties | {"TimeoutSeconds": "3600", "ServiceTimeout": "3600"}
    if chance.random() < 0.4:
        properties["Name"] = chance.choice(NAMES)
    elif chance.random() < 0.3:
        properties["Revision"] = chance.choice(("1", "2"))
    if chance.random() < 0.3:
        properties["OnConflict"] = "ADOPT"
    if chance.random() < 0.2:
        properties["Description"] = chance.choice(("for spring", "for all"))
    _make_odd(properties, chance)
    return properties


def _make_odd(properties: dict[str, Any], chance: Random) -> None:
    """Some exports cannot be fulfilled, for a reason of their own."""
    odd = chance.random()
    if odd < 0.02:
        properties["AudienceGenerationJobArn"] = chance.choice(_ODD_JOBS)
    elif odd < 0.04:
        properties["AudienceSize"] = {"Type": "PERCENTAGE", "Value": chance.choice(("77", "101"))}
    elif odd < 0.05:
        properties["Nmae"] = "Spring"


def draw_template(chance: Random, stack: str) -> Template:
    """One export in most stacks, in some a few."""
    logical_ids = [f"Export{number + 1}" for number in range(chance.choice((1, 1, 1, 2, 2, 3)))]
    return {logical_id: draw_export(chance, sizes_of(chance, stack, logical_id)) for logical_id in logical_ids}


def change(template: Template, chance: Random, stack: str) -> Template:
    """The template after a person has edited it."""
    changed = {logical_id: dict(properties) for logical_id, properties in template.items()}
    logical_id = chance.choice(sorted(changed))
    edit = chance.random()
    if edit < 0.1 and len(changed) > 1:
        del changed[logical_id]
    elif edit < 0.25:
        added = f"Export{len(changed) + 1}"
        changed[added] = draw_export(chance, sizes_of(chance, stack, added))
    else:
        _edit_export(changed[logical_id], chance, sizes_of(chance, stack, logical_id))
    return changed


def _edit_export(properties: dict[str, Any], chance: Random, sizes: tuple[str, ...]) -> None:
    edit = chance.choice(_EDITS)
    if edit == "name":
        properties.pop("Revision", None)
        properties["Name"] = "Summer" if properties.get("Name") == "Spring" else "Spring"
    elif edit == "size":
        properties["AudienceSize"] = {"Type": "PERCENTAGE", "Value": chance.choice(sizes)}
    elif edit == "description":
        properties["Description"] = "for another season"
    elif edit == "revision" and "Name" not in properties:
        properties["Revision"] = chance.choice(("1", "2", "3"))
    elif edit == "conflict":
        properties["OnConflict"] = "FAIL" if properties.get("OnConflict") == "ADOPT" else "ADOPT"
    elif edit == "waiting":
        properties["WaitForCompletion"] = "false" if properties.get("WaitForCompletion") != "false" else "true"
    else:
        properties["TimeoutSeconds"] = properties["ServiceTimeout"] = chance.choice(("60", "600", "3600"))


def campaign(world: World, name: str, begins: float) -> Callable[[], None]:
    """The life of one stack, from the first deployment to the last."""
    chance = world.chance

    def live() -> None:
        # Whether this person deploys without rollback (`cdk deploy --no-rollback`).
        keeps = chance.random() < 0.35
        template = draw_template(chance, name)
        versions = [template]
        stack = _deploy_first(world, name, template, keeps=keeps)
        for _ in range(chance.choice((0, 1, 2, 3, 4))):
            world.timeline.sleep(chance.uniform(*_BETWEEN))
            if stack.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"):
                if chance.random() < 0.15:
                    stack.delete()
                    continue
                template = chance.choice(versions) if chance.random() < 0.3 else change(template, chance, name)
                versions.append(template)
                stack.update(template, meddling(world), keeps=keeps)
            elif stack.status in ("CREATE_FAILED", "UPDATE_FAILED"):
                template = _after_kept_failure(world, stack, template, versions)
            elif stack.status == "UPDATE_ROLLBACK_FAILED":
                stack.roll_back()
            elif stack.status == "DELETE_COMPLETE":
                template = change(template, chance, name) if chance.random() < 0.5 else template
                stack = _deploy_first(world, name, template, keeps=keeps)
            else:
                stack.delete()
        if stack.status == "ROLLBACK_COMPLETE" and chance.random() < 0.5:
            world.timeline.sleep(chance.uniform(*_BETWEEN))
            stack.delete()
            _deploy_first(world, name, template, keeps=keeps)

    def begin() -> None:
        world.timeline.spawn(live, after=begins)

    return begin


def _after_kept_failure(world: World, stack: Stack, template: Template, versions: list[Template]) -> Template:
    """Without rollback: try again as it is, go back by an ordinary update, mend it, or roll back after all."""
    chance = world.chance
    what = chance.choice(("again", "again", "back", "mend", "roll back"))
    if what == "roll back":
        stack.roll_back()
        return template
    if what == "back":
        template = chance.choice(versions)
    elif what == "mend":
        template = change(template, chance, stack.name)
        versions.append(template)
    stack.update(template, meddling(world), keeps=True)
    return template


def _deploy_first(world: World, name: str, template: Template, *, keeps: bool) -> Stack:
    stack = world.new_stack(name)
    stack.create(template, meddling(world), keeps=keeps)
    return stack


def meddling(world: World) -> Callable[[Operation], None]:
    """What may end an operation from outside: a neighbour that fails, a person who cancels or deletes."""

    def meddle(operation: Operation) -> None:
        if world.weather.is_calm:
            return
        fate = world.chance.random() * world.peace
        when = world.chance.choice((1, 5, 20, 100, 600)) * world.chance.random()
        if fate < 0.2:
            world.timeline.at(when, lambda: operation.fail("a neighbour failed"))
        elif fate < 0.27:
            ends = DELETED if operation.kind == "CREATE_IN_PROGRESS" else CANCELLED
            world.timeline.at(when, lambda: operation.fail(ends))

    return meddle


def tenant(world: World) -> None:
    """Somebody else of the account, who takes names and slots, past every stack."""
    chance = world.chance

    def begin(name: str, job: str, after: float, sizes: tuple[str, ...] = SIZES[-3:]) -> None:
        size = {"type": "PERCENTAGE", "value": int(chance.choice(sizes))}
        world.timeline.at(after, partial(_start_as_tenant, world, name, job, size))

    if chance.random() < 0.4:
        # Long before the first stack begins, so that it may be adopted.
        begin(chance.choice(NAMES), JOBS[0], 0, sizes_of(chance, "Campaigns1", chance.choice(("Export1", "Export2"))))
    elif chance.random() < 0.3:
        begin(chance.choice(NAMES), JOBS[0], chance.uniform(31, 70), _COMMON_SIZES)
    crowd = chance.random()
    if crowd < 0.12:
        for number in range(chance.choice((19, 20, 22, 40))):
            begin(f"tenant {number}", chance.choice(JOBS[1:]), chance.choice((0, 0, chance.uniform(0, 300))))
    elif crowd < 0.2:
        world.account.has_long_had(chance.choice((23, 24, 25)), JOBS[0])


def imitate(world: World, start: dict[str, Any]) -> None:
    """Somebody else starts the same export: while a start of it may be under way, or when that is surely over."""
    if not world.weather.is_calm and world.chance.random() < 0.25:
        wanted = (start["name"], start["audienceGenerationJobArn"], start["audienceSize"])
        world.timeline.at(world.chance.uniform(1, 150), partial(_start_as_tenant, world, *wanted))


def _start_as_tenant(world: World, name: str, job: str, size: dict[str, Any]) -> None:
    request = {"name": name, "audienceGenerationJobArn": job, "audienceSize": size, "description": "a tenant's"}
    try:
        world.account.call("StartAudienceExportJob", request)
        world.tell("a tenant starts {}", name)
    except ApiError as error:
        world.tell("a tenant cannot start {}: {}", name, error)
