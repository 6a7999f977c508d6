"""What DescribeStacks shows of one stack: the latest status, or on some days an earlier one for a while."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from tests.simulation import facts, odds

if TYPE_CHECKING:
    from tests.simulation.model.operation import Operation
    from tests.simulation.model.world import World


@dataclass
class Status:
    """A status that a stack has had, with the operation that it belongs to and the LastUpdatedTime beside it.

    It is shown from `shown_from` on. The first reading after `goes_back_from`, and before `goes_back_until`, shows the
    status before it once more, and so do those of the next seconds.
    """

    name: str
    updated_at: datetime | None
    operation: Operation
    shown_from: float
    goes_back_from: float
    goes_back_until: float

    def is_forward_in(self, operation: Operation) -> bool:
        """Whether the stack is creating or updating in this operation."""
        return self.name in facts.FORWARD and self.operation is operation


class ShownStatus:
    """The statuses of one stack, and which of them a reading shows."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._statuses: list[Status] = []

    def changed(self, name: str, updated_at: datetime | None, operation: Operation) -> None:
        """The stack has another status from now on."""
        world, shown_from, goes_back_until = self._world, self._world.timeline.now, 0.0
        if self._statuses and world.weather.strikes("cloudformation: stale"):
            shown_from += world.chance.uniform(*odds.STATUS_LATE)
        goes_back_from = shown_from
        if self._statuses and world.weather.strikes("cloudformation: goes back"):
            goes_back_from += world.chance.uniform(*odds.STATUS_GOES_BACK)
            goes_back_until = shown_from + odds.STATUS_GOES_BACK[1]
        self._statuses.append(Status(name, updated_at, operation, shown_from, goes_back_from, goes_back_until))

    def read(self) -> Status:
        """What a reading shows now."""
        now = self._world.timeline.now
        number = max(index for index, status in enumerate(self._statuses) if status.shown_from <= now)
        status = self._statuses[number]
        if number and status.goes_back_from < now < status.goes_back_until:
            status.goes_back_until = min(status.goes_back_until, now + odds.STATUS_STAYS_BACK)
            status.goes_back_from = 0.0
            return self._statuses[number - 1]
        return status

    def is_latest(self, status: Status) -> bool:
        return status is self._statuses[-1]
