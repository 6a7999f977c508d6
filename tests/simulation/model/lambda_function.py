"""Lambda for one stack's handler: warm and cold containers, deliveries, retries, and invocations that are killed."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from tests.builders.arns import HANDLER
from tests.fakes.state_machine import TaskError, name_and_cause
from tests.simulation import facts, odds
from tests.simulation.model.request import Request
from tests.simulation.model.template import Delivery, Deployed

if TYPE_CHECKING:
    from tests.simulation.model.world import World

Handler = Callable[[dict[str, Any], object], Any]
_FOR_EVER = float("inf")  # until the function's time-out


class Killed(BaseException):
    """The end of an invocation that nothing in the handler can catch; `name` is the error that its caller sees."""

    def __init__(self, cause: str, name: str = facts.CRASHED) -> None:
        super().__init__(cause)
        self.name = name


class Invocation:
    """One run of the handler; it ends at `ends_at` at the latest.

    `saw_forward` is whether the stack was creating or updating for this request when the invocation last asked.
    """

    def __init__(self, world: World, request: Request, message: dict[str, Any], ends_at: float) -> None:
        self.world, self.request, self.message, self.ends_at = world, request, message, ends_at
        self.saw_forward = False
        self.calls = 0
        self.had_fault = False
        self.dies_at: tuple[int, str] | None = None
        self._name_of_death = facts.CRASHED
        self.freezes_at = 0
        if world.weather.strikes("lambda: killed"):
            self._name_of_death = world.chance.choice((facts.CRASHED, facts.UNKNOWN_ERROR))
            self.dies_at = (world.chance.randint(*odds.FATAL_CALL), world.chance.choice(("before", "after")))
        if world.weather.strikes("lambda: frozen"):
            self.freezes_at = world.chance.randint(*odds.FATAL_CALL)

    @property
    def is_delivery(self) -> bool:
        """Whether it was called with an event of CloudFormation, not by the state machine."""
        return "Phase" not in self.message

    def sleep(self, seconds: float) -> None:
        """Let time pass inside the invocation; the function's time-out may end it."""
        left = self.ends_at - self.world.timeline.now
        if seconds >= left:
            self.world.timeline.sleep(left)
            raise Killed("time-out", facts.TIMED_OUT)
        self.world.timeline.sleep(seconds)

    def reaches(self, side: str, what: str) -> None:
        """A call is about to be made, or has just come back."""
        self.calls += side == "before"
        if self.freezes_at == self.calls:
            self.request.goes_out(self.world.timeline.now, in_delivery=self.is_delivery)
            self.sleep(_FOR_EVER)
        if self.dies_at == (self.calls, side):
            raise Killed(f"killed {side} {what}", self._name_of_death)

    def finishes(self) -> None:
        """The handler has returned, and the result is on its way."""
        if self.dies_at or self.freezes_at:
            raise Killed("killed at the end", self._name_of_death)


class Function:
    """The handler, deployed."""

    def __init__(self, world: World, deployed: Deployed, make_handler: Callable[[], Handler]) -> None:
        self._world = world
        self._deployed = deployed
        self._make_handler = make_handler
        self._idle: list[Handler] = []

    def deliver(self, request: Request) -> None:
        """Accept an event for asynchronous invocation, as CloudFormation sends it."""
        world = self._world
        world.timeline.spawn(lambda: self._deliver(request), after=world.chance.uniform(*odds.DELIVERY))
        if world.weather.strikes("lambda: delivered again"):
            world.timeline.spawn(lambda: self._deliver(request), after=world.chance.uniform(*odds.DELIVERY_AGAIN))

    def _deliver(self, request: Request) -> None:
        """Deliver an event, and if that fails a record of it, as Lambda does."""
        world = self._world
        if world.weather.strikes("lambda: delivered late"):
            request.goes_out(world.timeline.now, in_delivery=True)
            world.timeline.sleep(world.chance.uniform(*odds.DELIVERY_LATE))
        record = self._try_delivery(request, request.event, self._deployed.delivery, request.sent_at)
        if record is None:
            return
        world.tell("Lambda gives up on {}", request)
        request.is_lost = True
        if self._deployed.on_failure is None:
            # From now on nobody tries, so nothing keeps it from going on: that is no excuse.
            request.goes_on(world.timeline.now, in_delivery=True)
            return
        world.timeline.sleep(world.chance.uniform(*odds.DELIVERY))
        if self._try_delivery(request, record, self._deployed.on_failure, world.timeline.now):
            world.tell("Lambda gives up on the record of {}", request)

    def _try_delivery(
        self, request: Request, message: dict[str, Any], settings: Delivery, since: float
    ) -> dict[str, Any] | None:
        """Wait while Lambda cannot run the handler, and try again when it fails; the record of it if all fails."""
        world, invoked, condition = self._world, 0, facts.RETRIES_EXHAUSTED
        for retries in range(settings.retries + 1):
            if retries:
                world.timeline.sleep(facts.DELIVERY_RETRY_PAUSE * retries)
            while self._is_unavailable():
                request.goes_out(world.timeline.now, in_delivery=True)
                world.timeline.sleep(world.chance.uniform(*odds.DELIVERY_THROTTLED))
            if world.timeline.now - since > settings.longest:
                condition = facts.EVENT_AGE_EXCEEDED
                break
            invoked += 1
            if self._accepts(request, message, settings.timeout):
                return None
        return self._record(message, condition, invoked)

    def _record(self, message: dict[str, Any], condition: str, invoked: int) -> dict[str, Any]:
        """What Lambda sends to the destination for failures."""
        return {
            "version": "1.0",
            "timestamp": f"{self._world.clock():%Y-%m-%dT%H:%M:%S.000Z}",
            "requestContext": {
                "requestId": "1",
                "functionArn": f"{HANDLER}:$LATEST",
                "condition": condition,
                "approximateInvokeCount": invoked,
            },
            "requestPayload": message,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": "simulated", "errorType": facts.CRASHED},
        }

    def _is_unavailable(self) -> bool:
        weather = self._world.weather
        return weather.is_out("lambda", self._world.timeline.now) or weather.strikes("lambda: throttled")

    def _accepts(self, request: Request, message: dict[str, Any], timeout: int) -> bool:
        """Run the handler with an event, or the record of one; whether it returned."""
        began = self._world.timeline.now
        request.goes_on(began, in_delivery=True)
        try:
            self._run(json.loads(json.dumps(message)), request, began + timeout)
        except TaskError as error:
            self._world.tell("the delivery of {} fails: {}", request, error)
            request.goes_out(began, in_delivery=True)
            return False
        return True

    def invoke(self, message: dict[str, Any], request: Request) -> Any:
        """Call it as Step Functions does, and wait for what it returns."""
        world = self._world
        called = world.timeline.now
        if message["Phase"] == "Step":
            world.watch.stepped(request, message)
        is_late = world.weather.strikes("step functions: task late")
        if is_late:
            request.goes_out(called)
        world.timeline.sleep(world.chance.uniform(*(odds.TASK_LATE if is_late else odds.TASK_BEGINS)))
        if self._is_unavailable():
            request.goes_out(called)
            raise TaskError(facts.TOO_MANY_REQUESTS)
        if request.stack.permissions.forbids_invocation():
            request.goes_out(called)
            raise TaskError(facts.FORBIDDEN)
        began = world.timeline.now
        request.goes_on(began)
        try:
            # The time-out of a late invocation runs from when it should have begun: a bound of docs/simulation.md.
            result = self._run(message, request, called + self._deployed.delivery.timeout)
        except TaskError as error:
            world.tell("{} of {} fails: {}", message["Phase"], request, error)
            request.goes_out(began)
            raise
        if world.weather.strikes("step functions: result lost"):
            request.goes_out(began)
            raise TaskError(facts.RESULT_LOST)
        return result

    def _run(self, message: dict[str, Any], request: Request, ends_at: float) -> Any:
        world, timeline = self._world, self._world.timeline
        invocation = Invocation(world, request, message, ends_at)
        before, timeline.current = timeline.current, invocation
        handler: Handler | None = None
        try:
            handler = self._container(invocation)
            result = handler(message, SimpleNamespace(aws_request_id="1", function_name="f"))
            invocation.finishes()
        except Killed as killed:
            handler = None
            raise TaskError(killed.name, str(killed)) from killed
        except Exception as error:
            world.watch.handler_raised(request, error)
            raise TaskError(*name_and_cause(error)) from error
        finally:
            timeline.current = before
            if handler is not None:
                self._idle.append(handler)
        world.watch.returned(invocation, result)
        return result

    def _container(self, invocation: Invocation) -> Handler:
        if self._idle and not self._world.weather.strikes("lambda: cold"):
            return self._idle.pop()
        invocation.sleep(self._world.chance.uniform(*odds.COLD_START))
        return self._make_handler()
