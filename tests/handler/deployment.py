"""The handler as a stack meets it: real boto3, the emulator, an https endpoint, and the synthesised state machine."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from audience_export_handler import export_job, lifecycle
from cdk_cleanroomsml import state_machine
from local_cloud.emulator import Emulator
from tests.fakes.answer_endpoint import AnswerEndpoint
from tests.fakes.clock import VirtualClock
from tests.fakes.control_plane import ControlPlane
from tests.fakes.state_machine import StateMachine

JOB = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/11111111-2222-4333-8444-555555555555"
FAILING_JOB = JOB.replace("11111111-", "33333333-")
UNFINISHED_JOB = JOB.replace("11111111-", "44444444-")
UNKNOWN_JOB = JOB.replace("11111111-", "99999999-")
OTHER_JOB, THIRD_JOB = JOB.replace("11111111-", "55555555-"), JOB.replace("11111111-", "66666666-")
MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:exports"
# Of every ResponseURL that leads to the endpoint.
SIGNATURE = "Signature=secret"
STACK_ID = "arn:aws:cloudformation:us-east-1:111122223333:stack/Campaigns/0c4d7c40"


def properties(**changes: Any) -> dict[str, Any]:
    """ResourceProperties as CloudFormation sends them, scalars as strings; None leaves a property out."""
    base = {
        "ServiceToken": "arn:aws:lambda:us-east-1:111122223333:function:handler",
        "AudienceGenerationJobArn": JOB,
        "AudienceSize": {"Type": "PERCENTAGE", "Value": "10"},
        "StateMachineArn": MACHINE,
    }
    return {key: value for key, value in (base | changes).items() if value is not None}


def event(
    request_type: str = "Create", *, request_id: str = "request-1", url: str = "https://127.0.0.1:1/", **rest: Any
) -> dict:
    base = {
        "RequestType": request_type,
        "ResponseURL": url,
        "StackId": STACK_ID,
        "RequestId": request_id,
        "ResourceType": "Custom::CleanRoomsMLAudienceExport",
        "LogicalResourceId": "SpringCampaign399F6554",
        "ResourceProperties": properties(),
    }
    return base | rest


@dataclass
class Deployment:
    """Delivers events and runs the executions that they start."""

    emulator: Emulator
    control: ControlPlane
    endpoint: AnswerEndpoint
    clock: VirtualClock
    handler: Any = field(init=False)
    machine: StateMachine = field(init=False)
    chance: random.Random = field(default_factory=lambda: random.Random(1))  # noqa: S311 - repeatable

    def __post_init__(self) -> None:
        self.handler = lifecycle.make_handler(clock=self.clock, sleep=self.clock.sleep, draw=self.chance.random)
        definition = state_machine.definition("arn:handler", timeout_seconds=3900)
        self.machine = self.control.machine = StateMachine(definition, self.invoke, self.clock)
        self._number = 0

    def invoke(self, message: dict) -> Any:
        result = self.handler(message, SimpleNamespace(aws_request_id="1", function_name="handler"))
        assert SIGNATURE not in json.dumps(result), "what a step returns is stored"
        return result

    def event(self, request_type: str = "Create", **rest: Any) -> dict:
        """An event as CloudFormation makes it now, with its URL signed as S3 signs them."""
        self._number += 1
        url = f"{self.endpoint.url}&X-Amz-Date={self.clock():%Y%m%dT%H%M%SZ}&n={self._number}"
        return event(request_type, url=url, request_id=f"request-{self._number}", **rest)

    def deliver(self, sent: dict) -> None:
        """Invoke the handler as CloudFormation does."""
        assert self.invoke(sent) is None

    def run_executions(self) -> None:
        """Run every execution to its end, all side by side."""
        self.machine.run()

    def request(self, request_type: str = "Create", **rest: Any) -> dict:
        """Deliver a request, run what it started, and return the one answer."""
        answered = len(self.endpoint.bodies)
        self.deliver(self.event(request_type, **rest))
        self.run_executions()
        assert len(self.endpoint.bodies) == answered + 1
        return self.endpoint.bodies[-1]

    def update(self, answered: dict, *, old: dict, new: dict) -> dict:
        """Update the resource that an earlier answer was for, in a stack that goes forward; return the answer."""
        self.control.stack_status = "UPDATE_IN_PROGRESS"
        held = answered["PhysicalResourceId"]
        return self.request("Update", PhysicalResourceId=held, ResourceProperties=new, OldResourceProperties=old)

    def starts(self) -> list[str]:
        """Names of the starts that were asked for, whatever came of them."""
        return [call.request["name"] for call in self.emulator.started()]

    def start_elsewhere(self, name: str, *, job: str = JOB, percent: int = 10) -> None:
        """Start an export as somebody else would, past the handler."""
        size = {"type": "PERCENTAGE", "value": percent}
        request = {"name": name, "audienceGenerationJobArn": job, "audienceSize": size}
        self.emulator.service.call("StartAudienceExportJob", request)


def forget_clients() -> None:
    from audience_export_handler import executions, stack

    for module in (export_job, executions, stack):
        module._client.cache_clear()
