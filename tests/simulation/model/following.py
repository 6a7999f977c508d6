"""What stands behind events: the follower of one stack, EventBridge, and what CloudFormation shows of a resource.

All chance here is from a separate source, so that a world without events is what it was.
"""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.fakes.state_machine import Execution, StateMachine, TaskError
from tests.simulation import facts, odds
from tests.simulation.model.lambda_function import Function

if TYPE_CHECKING:
    from tests.simulation.model.cloudformation import Stack
    from tests.simulation.model.request import Request

FAILED_ENTRY, THROTTLED = "EventBridge.FailedEntry", "StepFunctions.ThrottlingException"
ALREADY_EXISTS = "StepFunctions.ExecutionAlreadyExistsException"


class Followers(StateMachine):
    """The follower of one stack; its tasks call the function, and EventBridge takes what it publishes."""

    def __init__(self, stack: Stack, definition: dict[str, Any], function: Function) -> None:
        self._stack, self._world, self._function = stack, stack.world, function
        clock = partial(_clock, stack)
        super().__init__(definition, self._call, clock, {"events:putEvents": self._publish})  # type: ignore[arg-type]
        self._requests: dict[str, Request] = {}

    def begin(self, request: Request, parameters: dict[str, Any]) -> dict[str, Any]:
        """Start an execution for a request, as the state machine that follows requests does."""
        name, started_with = parameters["Name"], parameters["Input"]
        if self._strikes():
            raise TaskError(THROTTLED)
        known = self.executions.get(name)
        if known and (known.status != "RUNNING" or known.input != started_with):
            raise TaskError(ALREADY_EXISTS)
        if not known:
            self._world.tell("{} is followed: {}", request, started_with)
            self._requests[name] = request
            execution = self.start(name, started_with)
            self._world.timeline.spawn(partial(self._run, execution), after=odds.EXECUTION_BEGINS[1])
        if self._strikes():
            raise TaskError(facts.RESULT_LOST)  # it was started, and nobody knows
        return {}

    def stop(self, execution: Execution) -> None:
        self._world.tell("the following for {} is stopped", self._requests[execution.name])
        super().stop(execution)

    def _run(self, execution: Execution) -> None:
        timeline = self._world.timeline
        ends_at = execution.started_at + timedelta(seconds=self.definition["TimeoutSeconds"])
        try:
            for seconds in execution.course:
                timeline.sleep(seconds + odds.STATE_CHANGES[1])
                if execution.status == "RUNNING" and self.clock() > ends_at:
                    execution.end("TIMED_OUT", ends_at)
        except TaskError as error:
            self._world.tell("the following for {} fails: {}", self._requests[execution.name], error)
            execution.end("FAILED", self.clock())
        else:
            if execution.status == "RUNNING":
                execution.end("SUCCEEDED", self.clock())

    def _invoke_once(self, execution: Execution, *task: Any) -> object:
        self._running = execution  # until another task begins
        return super()._invoke_once(execution, *task)

    def _call(self, message: dict[str, Any]) -> Any:
        return self._function.invoke(message, self._requests[self._running.name])

    def _publish(self, parameters: dict[str, Any]) -> dict[str, Any]:
        [entry] = parameters["Entries"]
        if self._strikes():
            raise TaskError(FAILED_ENTRY)
        self._world.watch.events.published(self._stack, self._requests[self._running.name], entry)
        if self._strikes():
            raise TaskError(facts.RESULT_LOST)
        return {"FailedEntryCount": 0}

    def _strikes(self) -> bool:
        return self._world.event_chance.random() < self._world.event_faults


def _clock(stack: Stack) -> Any:
    return stack.world.timeline.time(stack.world.clock_errors["states"])


class ShownResources:
    """What CloudFormation shows of the resources of a stack: their physical ids and statuses, late on some days."""

    def __init__(self, stack: Stack) -> None:
        self._world = stack.world
        self._records: dict[str, list[tuple[float, tuple[str, str] | None]]] = {}

    def record(self, logical_id: str, physical_id: str, status: str) -> None:
        """A resource is so from now on; one that is deleted has no status."""
        shown = (physical_id, status) if status else None
        self._records.setdefault(logical_id, []).append((self._world.timeline.now, shown))

    def read(self) -> dict[str, tuple[str, str]]:
        """What one reading shows now."""
        lag = self._world.event_chance.choice(odds.RESOURCE_LAGS) * self._world.event_chance.random()
        return {name: shown for name in self._records if (shown := self.at(name, self._world.timeline.now - lag))}

    def at(self, logical_id: str, second: float) -> tuple[str, str] | None:
        """What a resource was at a time."""
        records = [shown for when, shown in self._records.get(logical_id, []) if when <= second]
        return records[-1] if records else None

    def held_between(self, logical_id: str, physical_id: str, begin: float, end: float) -> bool:
        """Whether a resource had this id, and was not being deleted, all the time."""
        moments = [begin, *(when for when, _ in self._records.get(logical_id, []) if begin < when <= end)]
        shown = [self.at(logical_id, moment) for moment in moments]
        return all(one and one[0] == physical_id and not one[1].startswith("DELETE") for one in shown)

    def gone_since(self, logical_id: str, physical_id: str, second: float) -> bool:
        """Whether a resource has not had this id since a time, or has been deleted since."""
        moments = [second, *(when for when, _ in self._records.get(logical_id, []) if when > second)]
        shown = [self.at(logical_id, moment) for moment in moments]
        return not any(one and one[0] == physical_id and not one[1].startswith("DELETE") for one in shown)
