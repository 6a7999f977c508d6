"""State machines of peers on the timeline: what their definitions use of the Amazon States Language.

Expressions in JSONata are not parsed: each is named in a table with the function that it means, and an expression that
is not there is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bench.virtual.usage import Usage
from tests.fakes.state_machine import TaskError, name_and_cause
from tests.simulation import odds
from tests.simulation.model.request import Request
from tests.simulation.model.world import World

Data = dict[str, Any]
Task = Callable[[Data, Request], Any]
# Takes the state's input, and the task's result or error.
Expression = Callable[[Data, Any], Any]


@dataclass
class Execution:
    """`status` as Step Functions reports it."""

    name: str
    input: Data
    started_at: datetime
    status: str = "RUNNING"


class Machine:
    """A state machine; `tasks` by the resource of a Task, `request_of` finds the request in an execution's input."""

    def __init__(
        self,
        world: World,
        usage: Usage,
        *,
        definition: dict[str, Any],
        tasks: dict[str, Task],
        request_of: Callable[[Data], Request],
        expressions: dict[str, Expression] | None = None,
    ) -> None:
        self._world, self._usage = world, usage
        self._states: dict[str, dict[str, Any]] = definition["States"]
        self._first = definition["StartAt"]
        self._tasks, self._request_of, self._expressions = tasks, request_of, expressions or {}
        self.executions: dict[str, Execution] = {}

    def start(self, name: str, execution_input: Data) -> Execution:
        """Start an execution."""
        world = self._world
        execution = Execution(name, execution_input, world.timeline.time(world.clock_errors["states"]))
        self.executions[name] = execution
        delay = world.chance.uniform(*odds.EXECUTION_BEGINS)
        world.timeline.spawn(lambda: self._run(execution), after=delay)
        return execution

    def _run(self, execution: Execution) -> None:
        data, name = execution.input, self._first
        request = self._request_of(data)
        while name:
            state = self._states[name]
            self._usage.transitions += 1
            self._world.timeline.sleep(self._world.chance.uniform(*odds.STATE_CHANGES))
            try:
                data, name = self._take(state, data, request)
            except TaskError:
                execution.status = "FAILED"
                return
        execution.status = "SUCCEEDED"

    def _take(self, state: dict[str, Any], data: Data, request: Request) -> tuple[Data, str]:
        following = str(state.get("Next", ""))
        if state["Type"] == "Wait":
            self._world.timeline.sleep(state["Seconds"])
            return data, following
        if state["Type"] == "Choice":
            chosen = (rule["Next"] for rule in state["Choices"] if self._expressions[rule["Condition"]](data, None))
            return data, str(next(chosen, state["Default"]))
        if state["Type"] == "Pass":
            return self._output(state, data, None), following
        return self._take_task(state, data, request)

    def _take_task(self, state: dict[str, Any], data: Data, request: Request) -> tuple[Data, str]:
        failures = [0] * len(state.get("Retry", []))
        while True:
            try:
                result = self._tasks[state["Resource"]](data, request)
            except Exception as error:
                failed = name_and_cause(error)
                number = next((n for n, one in enumerate(state.get("Retry", [])) if _fits(one, failed[0])), None)
                if number is None or failures[number] == state["Retry"][number]["MaxAttempts"]:
                    return self._catch(state, data, failed, error)
                retry = state["Retry"][number]
                self._world.timeline.sleep(retry["IntervalSeconds"] * retry["BackoffRate"] ** failures[number])
                failures[number] += 1
                self._usage.transitions += 1  # Step Functions pricing: a retry is a transition
            else:
                return self._output(state, data, result), str(state.get("Next", ""))

    def _catch(self, state: dict[str, Any], data: Data, failed: tuple[str, str], error: Exception) -> tuple[Data, str]:
        for catch in state.get("Catch", []):
            if _fits(catch, failed[0]):
                return self._output(catch, data, {"Error": failed[0], "Cause": failed[1]}), str(catch["Next"])
        raise TaskError(*failed) from error

    def _output(self, state: dict[str, Any], data: Data, result: Any) -> Any:
        """What a state, or a Catch, passes on: what its Output says, the result if it says nothing."""
        return self._expressions[state["Output"]](data, result) if "Output" in state else result


def _fits(one: dict[str, Any], error_name: str) -> bool:
    return error_name in one["ErrorEquals"] or one["ErrorEquals"] == ["States.ALL"]
