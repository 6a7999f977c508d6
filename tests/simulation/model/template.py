"""What the construct deploys, as far as it decides what happens to a request: read from the synthesised template."""

from __future__ import annotations

import json
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

from tests.builders.arns import HANDLER, JOB


@dataclass(frozen=True)
class Deployed:
    """`definition` is the state machine in ASL; the rest is the function's configuration, in seconds."""

    definition: dict[str, Any]
    function_timeout: int
    delivery_retries: int
    longest_delivery: int
    has_last_resort: bool


def synthesise() -> Deployed:
    """Synthesise a stack with one export; takes seconds, so once is enough."""
    from aws_cdk import App, Stack
    from aws_cdk.assertions import Template

    from cdk_cleanroomsml import AudienceExport, AudienceSize

    with TemporaryDirectory() as folder:
        stack = Stack(App(outdir=folder), "Campaigns")
        AudienceExport(stack, "Spring", audience_generation_job_arn=JOB, audience_size=AudienceSize.percentage(10))
        template = Template.from_stack(stack)
    machine = _only(template, "AWS::StepFunctions::StateMachine")
    delivery = _only(template, "AWS::Lambda::EventInvokeConfig")
    return Deployed(
        definition=json.loads(_joined(machine["DefinitionString"])),
        function_timeout=_timeout(template),
        delivery_retries=delivery["MaximumRetryAttempts"],
        longest_delivery=delivery["MaximumEventAgeInSeconds"],
        has_last_resort="OnFailure" in delivery.get("DestinationConfig", {}),
    )


def _timeout(template: Any) -> int:
    """The time-out of the handler, which its last resort shares."""
    functions = template.find_resources("AWS::Lambda::Function").values()
    [timeout] = {function["Properties"]["Timeout"] for function in functions}
    return int(timeout)


def _only(template: Any, resource_type: str) -> dict[str, Any]:
    [resource] = template.find_resources(resource_type).values()
    properties: dict[str, Any] = resource["Properties"]
    return properties


def _joined(text: Any) -> str:
    """The text of a Fn::Join, in which every reference is one to the handler."""
    if isinstance(text, str):
        return text
    [separator, parts] = text["Fn::Join"]
    return str(separator).join(part if isinstance(part, str) else HANDLER for part in parts)
