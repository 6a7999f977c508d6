"""Other tenants of the account, who also start exports: of the same names, of the same job, or just many."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from cdk_cleanroomsml_local.clean_rooms_ml import PENDING_EXPORTS_OF_AN_ACCOUNT
from cdk_cleanroomsml_local.service_model import ApiError
from tests.simulation import odds
from tests.simulation.model.clean_rooms import JOBS, SIZES
from tests.simulation.model.declarations import COMMON_SIZES, NAMES, sizes_of

if TYPE_CHECKING:
    from tests.simulation.model.world import World

# No resource has these sizes.
_OWN_SIZES = SIZES[-len(COMMON_SIZES) :]


def use_account(world: World) -> None:
    """Let another tenant take names and slots of the account, outside every stack."""
    chance = world.chance

    def begin(name: str, job: str, after: float, sizes: tuple[str, ...] = _OWN_SIZES) -> None:
        size = {"type": "PERCENTAGE", "value": int(chance.choice(sizes))}
        world.timeline.at(after, partial(_start_as_tenant, world, name, job, size))

    if chance.random() < odds.TENANT_BEFORE:
        # Long before the first stack begins, so that it may be adopted.
        begin(chance.choice(NAMES), JOBS[0], 0, sizes_of(chance, "Campaigns1", chance.choice(("Export1", "Export2"))))
    elif chance.random() < odds.TENANT_MEANWHILE:
        begin(chance.choice(NAMES), JOBS[0], chance.uniform(*odds.TENANT_BEGINS), COMMON_SIZES)
    crowd = chance.random()
    if crowd < odds.CROWD:
        for number in range(chance.choice(odds.CROWD_EXPORTS)):
            begin(
                f"tenant {number}", chance.choice(JOBS[1:]), chance.choice((0, 0, chance.uniform(*odds.CROWD_BEGINS)))
            )
    elif crowd < odds.USED_UP_JOB:
        count = chance.choice(odds.EXPORTS_OF_LONG_AGO)
        world.account.has_long_had([f"of long ago {number}" for number in range(count)], JOBS[0])


def fail_with_names(world: World) -> None:
    """Let failed exports of another tenant have every name that is given."""
    world.account.has_long_had(NAMES, JOBS[0], failure="EXPORT_FAILED")


def fill_account(world: World) -> None:
    """Let another tenant take every slot of the account now."""
    for number in range(PENDING_EXPORTS_OF_AN_ACCOUNT):
        _start_as_tenant(world, f"tenant {number}", JOBS[number % len(JOBS)], {"type": "PERCENTAGE", "value": 1})


def imitate(world: World, start: dict[str, Any]) -> None:
    """Let another tenant start the same export: while a start of it may be under way, or when that is surely over."""
    if not world.weather.is_calm and world.chance.random() < odds.IMITATED:
        wanted = (start["name"], start["audienceGenerationJobArn"], start["audienceSize"])
        world.timeline.at(world.chance.uniform(*odds.IMITATED_AFTER), partial(_start_as_tenant, world, *wanted))


def _start_as_tenant(world: World, name: str, job: str, size: dict[str, Any]) -> None:
    request = {"name": name, "audienceGenerationJobArn": job, "audienceSize": size, "description": "a tenant's"}
    try:
        world.account.call("StartAudienceExportJob", request)
        world.tell("a tenant starts {}", name)
    except ApiError as error:
        world.tell("a tenant cannot start {}: {}", name, error)
