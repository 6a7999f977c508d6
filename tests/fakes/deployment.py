"""The handler as a stack meets it: real boto3, the emulator, an https endpoint, and the synthesised state machine."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from audience_export_handler import lifecycle
from audience_export_handler.aws import clean_rooms_ml, cloudformation, step_functions
from cdk_cleanroomsml import follower_states, states
from cdk_cleanroomsml_contract.api_limits import ACTIVE_OF_JOB, RUNNING_OF_ACCOUNT
from cdk_cleanroomsml_local.emulator import Emulator
from tests.builders.arns import EVENT_BUS, FOLLOWER, JOB, OTHER_JOB
from tests.builders.events import Event, Properties, event
from tests.fakes.answer_endpoint import AnswerEndpoint
from tests.fakes.clock import VirtualClock
from tests.fakes.control_plane import ControlPlane
from tests.fakes.state_machine import Execution, StateMachine, TaskError

# Of every ResponseURL that leads to the endpoint.
SIGNATURE = "Signature=secret"


@dataclass
class Deployment:
    """Delivers events and runs the executions that they start."""

    emulator: Emulator
    control: ControlPlane
    endpoint: AnswerEndpoint
    clock: VirtualClock
    handler: Any = field(init=False)
    machine: StateMachine = field(init=False)
    follower: StateMachine = field(init=False)
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - repeatable

    def __post_init__(self) -> None:
        self.handler = lifecycle.make_handler(clock=self.clock, sleep=self.clock.sleep, draw=self.chance.random)
        definition = states.with_follower("arn:handler", follower_arn=FOLLOWER, partition="aws")
        self.follower = self.control.follower = StateMachine(
            follower_states.definition("arn:handler", event_bus_arn=EVENT_BUS, partition="aws"),
            self.invoke,
            self.clock,
            {"events:putEvents": self._publish},
        )
        self.machine = self.control.machine = StateMachine(
            definition, self.invoke, self.clock, {"states:startExecution": self._start_follower}
        )
        self.machine.beside.append(self.follower)
        self.published: list[dict[str, Any]] = []
        self._number = 0

    def invoke(self, message: dict[str, Any]) -> Any:
        result = self.handler(message, SimpleNamespace(aws_request_id="1", function_name="handler"))
        assert SIGNATURE not in json.dumps(result), "what a step returns is stored"
        return result

    def _publish(self, request: dict[str, Any]) -> dict[str, Any]:
        """EventBridge takes events, which come after the answer."""
        assert self.endpoint.bodies
        [entry] = request["Entries"]
        assert SIGNATURE not in json.dumps(entry)
        self.published.append(entry)
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "1"}]}

    def _start_follower(self, request: dict[str, Any]) -> dict[str, Any]:
        """Step Functions starts an execution of another machine; a running one with the same input is not started."""
        assert request["StateMachineArn"] == FOLLOWER
        assert SIGNATURE not in json.dumps(request)
        known = self.follower.executions.get(request["Name"])
        if known and (known.status != "RUNNING" or known.input != request["Input"]):
            raise TaskError("StepFunctions.ExecutionAlreadyExistsException")
        if not known:
            self.follower.start(request["Name"], request["Input"])
        return {}

    def event(self, request_type: str = "Create", **rest: Any) -> Event:
        """An event as CloudFormation makes it now, with its URL signed as S3 signs them."""
        self._number += 1
        url = f"{self.endpoint.url}&X-Amz-Date={self.clock():%Y%m%dT%H%M%SZ}&n={self._number}"
        return event(request_type, url=url, request_id=f"request-{self._number}", **rest)

    def deliver(self, sent: Event) -> None:
        """Invoke the handler as CloudFormation does."""
        assert self.invoke(sent) is None

    def run_executions(self) -> None:
        """Run every execution to its end, all side by side."""
        self.machine.run()

    def run_for(self, time: timedelta) -> None:
        """Run the executions for so long."""
        self.machine.run(until=self.clock() + time)

    def execution_of(self, sent: Event) -> Execution:
        """The execution that an event has started."""
        return self.machine.executions[step_functions.execution_name(sent)]

    def begin_operation(self, status: str) -> None:
        """Begin another operation of the stack now."""
        self.control.stack_status, self.control.stack_updated = status, self.clock()

    def request(self, request_type: str = "Create", **rest: Any) -> dict[str, Any]:
        """Deliver a request, run what it started, and return the one answer."""
        answered = len(self.endpoint.bodies)
        self.deliver(self.event(request_type, **rest))
        self.run_executions()
        assert len(self.endpoint.bodies) == answered + 1
        return self.endpoint.bodies[-1]

    def update(self, answered: dict[str, Any], *, old: Properties, new: Properties) -> dict[str, Any]:
        """Update the resource that an earlier answer was for, in a stack that is updating; return the answer."""
        self.control.stack_status = "UPDATE_IN_PROGRESS"
        held = answered["PhysicalResourceId"]
        return self.request("Update", PhysicalResourceId=held, ResourceProperties=new, OldResourceProperties=old)

    def starts(self) -> list[str]:
        """Names of the starts that were requested, whatever their outcome."""
        return [call.request["name"] for call in self.emulator.started()]

    def started_by_us(self) -> list[str]:
        """Names of the exports that exist, but for those of neighbours."""
        return [one.name for one in self.emulator.service.exports if not one.name.startswith("neighbour")]

    def start_elsewhere(self, name: str, *, job: str = JOB, percent: int = 10) -> None:
        """Start an export as somebody else would, past the handler."""
        size = {"type": "PERCENTAGE", "value": percent}
        request = {"name": name, "audienceGenerationJobArn": job, "audienceSize": size}
        self.emulator.service.call("StartAudienceExportJob", request)

    def fill_account(self) -> None:
        """Have another generation job take all slots of the account."""
        for number in range(RUNNING_OF_ACCOUNT):
            self.start_elsewhere(f"neighbour {number}", job=OTHER_JOB)

    def fill_job(self, job: str = JOB) -> None:
        """Start all the exports that a generation job may have, one after the other."""
        for number in range(ACTIVE_OF_JOB):
            self.start_elsewhere(f"earlier {number}", job=job)
            self.clock.sleep(10)


def forget_clients() -> None:
    for module in (clean_rooms_ml, step_functions, cloudformation):
        module._client.cache_clear()
