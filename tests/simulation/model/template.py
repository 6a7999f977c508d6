"""What the construct deploys, as far as it decides what happens to a request: read from the synthesised template."""

from __future__ import annotations

import json
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from tests.builders.arns import ACCOUNT, FOLLOWER, HANDLER, JOB
from tests.simulation import facts

_MACHINE = "AWS::StepFunctions::StateMachine"


@dataclass(frozen=True)
class Delivery:
    """How Lambda delivers events to a function: how often again, and for how many seconds at the longest.

    `timeout` is the function's own, in seconds.
    """

    retries: int
    longest: int
    timeout: int


@dataclass(frozen=True)
class Deployed:
    """`definition` is the state machine in ASL; `on_failure` the delivery to the function that receives lost events.

    It is None if the template names no such function. `follower` is the machine that follows exports after the answer,
    None if no events are wanted.
    """

    definition: dict[str, Any]
    delivery: Delivery
    on_failure: Delivery | None
    follower: dict[str, Any] | None = None


def synthesise(*, with_events: bool = False) -> Deployed:
    """Synthesise a stack with one export, whose end is published `with_events`; takes seconds, so once is enough."""
    from aws_cdk import App, Stack
    from aws_cdk.assertions import Template

    from cdk_cleanroomsml import AudienceExport, AudienceSize

    with TemporaryDirectory() as folder:
        stack = Stack(App(outdir=folder), "Campaigns")
        size = AudienceSize.percentage(10)
        export = AudienceExport(stack, "Spring", audience_generation_job_arn=JOB, audience_size=size)
        if with_events:
            export.on_event("Ended")
        template = Template.from_stack(stack)
    machines = {name: found["Properties"] for name, found in template.find_resources(_MACHINE).items()}
    [machine] = [machine for name, machine in machines.items() if "Follower" not in name]
    follower = next((machine for name, machine in machines.items() if "Follower" in name), None)
    configs = [found["Properties"] for found in template.find_resources("AWS::Lambda::EventInvokeConfig").values()]
    function, second = _told_apart(configs)
    functions = template.find_resources("AWS::Lambda::Function")
    timeouts = {name: found["Properties"]["Timeout"] for name, found in functions.items()}
    on_failure = None
    if "DestinationConfig" in function:
        last_resort = function["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
        on_failure = _delivery(second or {}, timeouts[last_resort])
    return Deployed(
        definition=json.loads(_joined(machine["DefinitionString"])),
        delivery=_delivery(function, timeouts[function["FunctionName"]["Ref"]]),
        on_failure=on_failure,
        follower=json.loads(_joined(follower["DefinitionString"])) if follower else None,
    )


def _told_apart(configs: list[dict[str, Any]]) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """The settings of the handler, which may have a destination, and those of the destination, which may have none."""
    with_destination = [config for config in configs if "DestinationConfig" in config] or configs
    [function] = with_destination
    return function, next((config for config in configs if config is not function), None)


def _delivery(config: dict[str, Any], timeout: int) -> Delivery:
    return Delivery(
        config.get("MaximumRetryAttempts", facts.DEFAULT_RETRIES),
        config.get("MaximumEventAgeInSeconds", facts.DEFAULT_EVENT_AGE),
        timeout,
    )


def _joined(text: Any) -> str:
    """The text of a Fn::Join, in which every reference is one to the handler, the follower, or a pseudo parameter."""
    if isinstance(text, str):
        return text
    [separator, parts] = text["Fn::Join"]
    return str(separator).join(part if isinstance(part, str) else _referred(part) for part in parts)


def _referred(reference: dict[str, Any]) -> str:
    name = str(reference.get("Ref") or reference["Fn::GetAtt"][0])
    if name.startswith("AWS::"):
        return {"AWS::Partition": "aws", "AWS::Region": "us-east-1", "AWS::AccountId": ACCOUNT}[name]
    return FOLLOWER if "Follower" in name else HANDLER
