"""One operation of a stack: what kind it is, and what makes it fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation import facts
from tests.simulation.model.timeline import Promise

if TYPE_CHECKING:
    from tests.simulation.model.world import World

# Reasons that end an operation even without rollback.
CANCELLED, DELETED = "cancelled", "deleted"


class Operation:
    """One operation of a stack; the first failure ends it.

    Without rollback it `keeps` what has failed: then the other resources go on after a failure, and only a person can
    end the operation.
    """

    def __init__(self, world: World, kind: str, *, keeps: bool = False) -> None:
        self.kind = kind
        self.keeps = keeps
        self.failed = Promise(world.timeline)
        self.has_failures = False
        self.is_over = False

    @property
    def is_forward(self) -> bool:
        return self.kind in facts.FORWARD

    @property
    def is_rollback(self) -> bool:
        return "ROLLBACK_IN_PROGRESS" in self.kind

    def fail(self, reason: str) -> None:
        if self.is_over:
            return
        self.has_failures = True
        if not self.keeps or reason in (CANCELLED, DELETED):
            self.failed.set(reason)
