"""What IAM, and Step Functions, do not know yet of a provider that was just deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.simulation import odds

if TYPE_CHECKING:
    from tests.simulation.model.world import World

# What a call needs: the permission for it spreads separately.
ROOMS, EXECUTIONS, START_EXECUTION, STACK, INVOCATION = "rooms", "executions", "start execution", "stack", "invocation"
_NEEDS = {
    "DescribeStacks": STACK,
    "DescribeStackResource": STACK,
    "ListExecutions": EXECUTIONS,
    "StopExecution": EXECUTIONS,
}
_NEEDS["StartExecution"] = START_EXECUTION
_POLICY, _MACHINE = "iam: not known yet", "step functions: machine unknown"
_REFUSALS = ("denied", "denied", "denied", "unrecognised", "expired")


class Permissions:
    """Those of one stack's provider, whose policies and state machine were written at `written_at`."""

    def __init__(self, world: World, written_at: float) -> None:
        self._world = world
        self._missing_until = 0.0
        self._unknown_until: dict[str, float] = {}
        chance = world.chance
        if world.weather.includes(_POLICY):
            for needed in (ROOMS, EXECUTIONS, START_EXECUTION, STACK, INVOCATION):
                if chance.random() < odds.PERMISSION_LATE:
                    self._unknown_until[needed] = written_at + chance.choice(odds.PERMISSION_KNOWN_AFTER)
        if world.weather.includes(_MACHINE):
            self._missing_until = written_at + chance.uniform(*odds.MACHINE_KNOWN_AFTER)
        self._refusal = chance.choice(_REFUSALS)

    def refusal(self, operation: str) -> str | None:
        """How a call is refused now, if it is."""
        needed = _NEEDS.get(operation, ROOMS)
        if needed in (EXECUTIONS, START_EXECUTION) and self._strikes(_MACHINE, self._missing_until):
            return "missing"
        return self._refusal if self._strikes(_POLICY, self._unknown_until.get(needed, 0.0)) else None

    def forbids_invocation(self) -> bool:
        """Whether the state machine may not call the function yet."""
        return self._strikes(_POLICY, self._unknown_until.get(INVOCATION, 0.0))

    def _strikes(self, kind: str, until: float) -> bool:
        """Some hosts of a service know a policy before others."""
        world = self._world
        if world.timeline.now >= until or world.chance.random() >= odds.PERMISSION_UNKNOWN_HERE:
            return False
        world.weather.counts[kind] += 1
        return True
