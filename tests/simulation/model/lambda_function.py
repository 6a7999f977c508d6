"""Lambda for one stack's handler: warm and cold containers, deliveries, retries, and invocations that are killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.fakes.state_machine import TaskError, error_told
from tests.simulation.model.request import Request
from tests.simulation.model.template import Deployed

if TYPE_CHECKING:
    from tests.simulation.model.world import World

Handler = Callable[[dict[str, Any], object], Any]


class Killed(BaseException):
    """The end of an invocation that nothing in the handler can catch; `name` is what its caller is told."""

    def __init__(self, cause: str, name: str = "Runtime.ExitError") -> None:
        super().__init__(cause)
        self.name = name


class Invocation:
    """One run of the handler; ends at the latest at `ends_at`.

    `asked_forward` is whether the stack went forward for this request when the invocation last asked.
    """

    def __init__(self, world: World, request: Request, message: dict[str, Any], ends_at: float) -> None:
        self.world, self.request, self.message, self.ends_at = world, request, message, ends_at
        self.asked_forward = False
        self.calls = 0
        self.had_fault = False
        self.dies_at: tuple[int, str] | None = None
        self.freezes_at = 0
        if world.weather.strikes("lambda: killed"):
            self.dies_at = (world.chance.randint(1, 6), world.chance.choice(("before", "after")))
        if world.weather.strikes("lambda: frozen"):
            self.freezes_at = world.chance.randint(1, 6)

    @property
    def is_delivery(self) -> bool:
        """Whether it was called with an event of CloudFormation, not by the state machine."""
        return "Phase" not in self.message

    def sleep(self, seconds: float) -> None:
        """Let time pass inside the invocation; the function's time-out may come first."""
        left = self.ends_at - self.world.timeline.now
        if seconds >= left:
            self.world.timeline.sleep(left)
            raise Killed("time-out", "Sandbox.Timedout")
        self.world.timeline.sleep(seconds)

    def reaches(self, side: str, what: str) -> None:
        """A call is about to be made, or has just come back."""
        self.calls += side == "before"
        if self.freezes_at == self.calls:
            self.request.goes_out(self.world.timeline.now, in_delivery=self.is_delivery)
            self.sleep(10_000)
        if self.dies_at == (self.calls, side):
            raise Killed(f"killed {side} {what}")

    def finishes(self) -> None:
        """The handler has returned, and the result is on its way."""
        if self.dies_at or self.freezes_at:
            raise Killed("killed at the end")


class Function:
    """The handler, deployed."""

    def __init__(self, world: World, deployed: Deployed, make_handler: Callable[[], Handler]) -> None:
        self._world = world
        self._deployed = deployed
        self._make_handler = make_handler
        self._idle: list[Handler] = []

    def deliver(self, request: Request) -> None:
        """Take an event for asynchronous invocation, as CloudFormation hands it over."""
        world = self._world
        world.timeline.spawn(lambda: self._deliver(request), after=world.chance.uniform(0.05, 1.0))
        if world.weather.strikes("lambda: delivered again"):
            world.timeline.spawn(lambda: self._deliver(request), after=world.chance.uniform(0.05, 200))

    def _deliver(self, request: Request) -> None:
        world, event = self._world, request.event
        if world.weather.strikes("lambda: delivered late"):
            request.goes_out(world.timeline.now, in_delivery=True)
            world.timeline.sleep(world.chance.uniform(1, 120))
        retries = 0
        while True:
            while world.weather.is_out("lambda", world.timeline.now) or world.weather.strikes("lambda: throttled"):
                request.goes_out(world.timeline.now, in_delivery=True)
                world.timeline.sleep(world.chance.uniform(1, 60))
            if world.timeline.now - request.sent_at > self._deployed.longest_delivery:
                world.tell("Lambda gives up on {}", request)
                return
            began = world.timeline.now
            request.goes_on(began, in_delivery=True)
            try:
                self._run(event, request, began + self._deployed.function_timeout)
            except TaskError as error:
                world.tell("the delivery of {} fails: {}", request, error)
                request.goes_out(began, in_delivery=True)
            else:
                return
            retries += 1
            if retries > self._deployed.delivery_retries:
                world.tell("Lambda gives up on {}", request)
                return
            world.timeline.sleep(60 * retries)

    def invoke(self, message: dict[str, Any], request: Request) -> Any:
        """Call it as Step Functions does, and wait for what it returns."""
        world = self._world
        called = world.timeline.now
        if message["Phase"] == "Step":
            world.watch.stepped(request, message)
        if world.weather.strikes("step functions: task late"):
            request.goes_out(called)
            # A late invocation ends within the function's time-out of when it was to begin.
            world.timeline.sleep(world.chance.uniform(1, 40))
        else:
            world.timeline.sleep(world.chance.uniform(0.02, 0.1))
        if world.weather.is_out("lambda", world.timeline.now) or world.weather.strikes("lambda: throttled"):
            request.goes_out(called)
            raise TaskError("Lambda.TooManyRequestsException")
        began = world.timeline.now
        request.goes_on(began)
        try:
            result = self._run(message, request, called + self._deployed.function_timeout)
        except TaskError as error:
            world.tell("{} of {} fails: {}", message["Phase"], request, error)
            request.goes_out(began)
            raise
        if world.weather.strikes("step functions: result lost"):
            request.goes_out(began)
            raise TaskError("Lambda.SdkClientException")
        return result

    def _run(self, message: dict[str, Any], request: Request, ends_at: float) -> Any:
        world, timeline = self._world, self._world.timeline
        invocation = Invocation(world, request, message, ends_at)
        before, timeline.current = timeline.current, invocation
        handler = None
        try:
            handler = self._container(invocation)
            result = handler(json.loads(json.dumps(message)), SimpleNamespace(aws_request_id="1", function_name="f"))
            invocation.finishes()
        except Killed as killed:
            handler = None
            raise TaskError(killed.name, str(killed)) from killed
        except Exception as error:
            world.watch.handler_raised(request, error)
            raise TaskError(*error_told(error)) from error
        finally:
            timeline.current = before
            if handler:
                self._idle.append(handler)
        world.watch.returned(invocation, result)
        return json.loads(json.dumps(result))

    def _container(self, invocation: Invocation) -> Handler:
        if self._idle and not self._world.weather.strikes("lambda: cold"):
            return self._idle.pop()
        invocation.sleep(self._world.chance.uniform(0.3, 1.5))
        return self._make_handler()
