"""Step Functions for the state machine of one stack, on the timeline: executions side by side, each in its own task."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.fakes.state_machine import Execution, StateMachine, TaskError
from tests.simulation import odds
from tests.simulation.model.lambda_function import Function

if TYPE_CHECKING:
    from tests.simulation.model.following import Followers
    from tests.simulation.model.world import World


class Executions(StateMachine):
    """The machine that the construct deploys; its tasks call the function."""

    def __init__(self, world: World, definition: dict[str, Any], function: Function) -> None:
        self._world = world
        super().__init__(definition, self._call, lambda: world.timeline.time(world.clock_errors["states"]))  # type: ignore[arg-type]
        self._function = function
        self.listed_from: dict[str, float] = {}  # by name, of those that are listed late
        self._running: Execution | None = None
        self.broken: set[str] = set()  # by name, those that a task ended

    def follow_with(self, followers: Followers) -> None:
        """Start executions of another machine where the definition says so."""

        def follow(parameters: dict[str, Any]) -> object:
            assert self._running is not None
            return followers.begin(self._world.request_of(self._running.input["Request"]), parameters)

        self.services = {"states:startExecution": follow}

    def _invoke_once(self, execution: Execution, *task: Any) -> object:
        self._running = execution  # until another task begins
        return super()._invoke_once(execution, *task)

    def start(self, name: str, execution_input: dict[str, Any]) -> Execution:
        execution = super().start(name, execution_input)
        request = self._world.request_of(execution_input["Request"])
        request.goes_on(self._world.timeline.now)
        request.has_execution = True
        if self._world.weather.strikes("step functions: listed late"):
            self.listed_from[name] = self._world.timeline.now + self._world.chance.uniform(*odds.EXECUTION_LISTED_LATE)
        self._world.timeline.spawn(
            partial(self._run, execution), after=self._world.chance.uniform(*odds.EXECUTION_BEGINS)
        )
        return execution

    def listed(self) -> list[Execution]:
        now = self._world.timeline.now
        return [one for one in super().listed() if self.listed_from.get(one.name, 0.0) <= now]

    def stop(self, execution: Execution) -> None:
        self._world.watch.stopped(execution, self._world.timeline.current)
        super().stop(execution)

    def _run(self, execution: Execution) -> None:
        timeline, world = self._world.timeline, self._world
        ends_at = execution.started_at + timedelta(seconds=self.definition["TimeoutSeconds"])
        try:
            for seconds in execution.course:
                timeline.sleep(seconds + world.chance.uniform(*odds.STATE_CHANGES))
                if execution.status == "RUNNING" and self.clock() > ends_at:
                    execution.end("TIMED_OUT", ends_at)
        except TaskError as error:
            request = world.request_of(execution.input["Request"])
            world.tell("the execution for {} fails: {}", request, error)
            self.broken.add(execution.name)
            # It gave up, so nothing keeps it from going on any more.
            request.goes_on(timeline.now)
            if execution.status == "RUNNING":
                execution.end("FAILED", self.clock())
        else:
            if execution.status == "RUNNING":
                execution.end("SUCCEEDED", self.clock())

    def _call(self, message: dict[str, Any]) -> Any:
        return self._function.invoke(message, self._world.request_of(message["Request"]))
