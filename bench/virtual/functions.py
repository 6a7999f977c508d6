"""Lambda functions whose use is counted, in the simulation's model of Lambda."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.virtual.deployed import FunctionSettings
from bench.virtual.usage import Usage
from tests.simulation import facts
from tests.simulation.model.lambda_function import Function, Handler
from tests.simulation.model.request import Request
from tests.simulation.model.template import Delivery, Deployed
from tests.simulation.model.world import World


class CountedFunction(Function):
    """A function that can be called by events of CloudFormation, or directly by `call`."""

    def __init__(
        self,
        world: World,
        usage: Usage,
        name: str,
        *,
        settings: FunctionSettings,
        deployed: Deployed,
        make: Callable[[], Handler],
    ) -> None:
        super().__init__(world, deployed, make)
        self._usage, self._name, self._settings = usage, name, settings

    def call(self, message: dict[str, Any], request: Request) -> Any:
        """Call it and wait for what it returns.

        Raises:
            TaskError: it failed.
        """
        return self._run(message, request, self._world.timeline.now + self._deployed.delivery.timeout)

    def fire(self, message: dict[str, Any], request: Request) -> None:
        """Invoke it asynchronously, as an EventBridge rule does, with Lambda's retries."""
        world = self._world
        world.timeline.spawn(lambda: self._try_delivery(request, message, self._deployed.delivery, world.timeline.now))

    def _run(self, message: dict[str, Any], request: Request, ends_at: float) -> Any:
        began = self._world.timeline.now
        try:
            return super()._run(message, request, ends_at)
        finally:
            self._usage.invoked(self._name, self._world.timeline.now - began, self._settings.memory)


def plain(
    world: World, usage: Usage, name: str, *, settings: FunctionSettings, make: Callable[[], Handler]
) -> CountedFunction:
    """A function with Lambda's default settings of delivery."""
    delivery = Delivery(facts.DEFAULT_RETRIES, facts.DEFAULT_EVENT_AGE, settings.timeout)
    deployed = Deployed({}, delivery, None)
    return CountedFunction(world, usage, name, settings=settings, deployed=deployed, make=make)
