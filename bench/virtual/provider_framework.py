"""The framework functions of the CDK's `custom_resources.Provider`, which are JavaScript, as they behave.

Written after `custom-resources/lib/provider-framework/runtime` of aws-cdk-lib 2.275. The waiter's state machine is
the one that the CDK synthesises.
"""

from __future__ import annotations

import itertools
import json
from typing import Any

from bench.virtual.functions import CountedFunction
from bench.virtual.machines import Machine
from tests.fakes.state_machine import TaskError
from tests.simulation.model import wire
from tests.simulation.model.world import World

# The physical id with which it reports a failed Create; a Delete of that id has no effect.
_CREATE_FAILED = "AWSCDK::CustomResourceProviderFramework::CREATE_FAILED"
_PUT_RETRIES = 5


class RetryError(Exception):
    """Makes the waiter call again."""


class Framework:
    """`on_event` and `is_complete` are the user's functions; `waiter` is set once it exists."""

    waiter: Machine

    def __init__(self, world: World, on_event: CountedFunction, is_complete: CountedFunction) -> None:
        self._world, self._on_event, self._is_complete = world, on_event, is_complete
        self._number = itertools.count(1)

    def handle_event(self, event: dict[str, Any], context: object) -> None:
        """Call the user's function for an event, and start the waiter."""
        if self._is_of_failed_create(event):
            self._submit("SUCCESS", event)
            return
        try:
            result = self._call_user(self._on_event, event)
            physical_id = result.get("PhysicalResourceId") or event.get("PhysicalResourceId") or event["RequestId"]
            following = {**event, **result, "PhysicalResourceId": physical_id}
            self.waiter.start(f"waiter-{next(self._number)}", following)
        except TaskError as error:
            self._fail(event, error)

    def handle_is_complete(self, event: dict[str, Any], context: object) -> None:
        """Call the user's function, and answer if it is complete."""
        try:
            result = self._call_user(self._is_complete, event)
            if not result["IsComplete"]:
                raise RetryError(json.dumps(event))
            data = {**event.get("Data", {}), **result.get("Data", {})}
            self._submit("SUCCESS", {**event, **result, "Data": data})
        except TaskError as error:
            self._fail(event, error)

    def handle_timeout(self, event: dict[str, Any], context: object) -> None:
        """Answer that the waiter's attempts are used up."""
        self._submit("FAILED", json.loads(event["Cause"]), "Operation timed out")

    def _call_user(self, function: CountedFunction, event: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] | None = function.call(event, self._world.request_of(event))
        return result or {}

    def _is_of_failed_create(self, event: dict[str, Any]) -> bool:
        return event["RequestType"] == "Delete" and event.get("PhysicalResourceId") == _CREATE_FAILED

    def _fail(self, event: dict[str, Any], error: TaskError) -> None:
        failed = {"PhysicalResourceId": _CREATE_FAILED} if event["RequestType"] == "Create" else {}
        self._submit("FAILED", {**failed, **event}, f"Error: {error}")

    def _submit(self, status: str, event: dict[str, Any], reason: str = "") -> None:
        body = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId", "PhysicalResourceId")}
        body |= {"Status": status, "Reason": reason or status, "Data": event.get("Data", {})}
        for attempt in range(_PUT_RETRIES + 1):
            try:
                wire.put_plainly(event["ResponseURL"], json.dumps(body).encode())
            except OSError:
                if attempt == _PUT_RETRIES:
                    raise
                self._world.sleep(self._world.chance.random() * 2**attempt)
            else:
                return
