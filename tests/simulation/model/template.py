"""What the construct really deploys, as far as it shapes a request's course: read from the synthesised template."""

from __future__ import annotations

import json
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

HANDLER_ARN = "arn:aws:lambda:us-east-1:111122223333:function:handler"


@dataclass(frozen=True)
class Deployed:
    """`definition` is the state machine in ASL; the rest is the function's configuration, in seconds."""

    definition: dict[str, Any]
    function_timeout: int
    delivery_retries: int
    longest_delivery: int


def synthesise() -> Deployed:
    """Synthesise a stack with one export; takes seconds, so once is enough."""
    from aws_cdk import App, Stack
    from aws_cdk.assertions import Template

    from cdk_cleanroomsml import AudienceExport, AudienceSize
    from tests.builders.arns import JOB

    with TemporaryDirectory() as folder:
        stack = Stack(App(outdir=folder), "Campaigns")
        AudienceExport(stack, "Spring", audience_generation_job_arn=JOB, audience_size=AudienceSize.percentage(10))
        template = Template.from_stack(stack)
    machine = _only(template, "AWS::StepFunctions::StateMachine")
    delivery = _only(template, "AWS::Lambda::EventInvokeConfig")
    return Deployed(
        definition=json.loads(_joined(machine["DefinitionString"])),
        function_timeout=_only(template, "AWS::Lambda::Function")["Timeout"],
        delivery_retries=delivery["MaximumRetryAttempts"],
        longest_delivery=delivery["MaximumEventAgeInSeconds"],
    )


def _only(template: Any, resource_type: str) -> dict[str, Any]:
    [resource] = template.find_resources(resource_type).values()
    return resource["Properties"]


def _joined(text: Any) -> str:
    """The text of a Fn::Join, in which every reference is one to the handler."""
    if isinstance(text, str):
        return text
    [separator, parts] = text["Fn::Join"]
    return separator.join(part if isinstance(part, str) else HANDLER_ARN for part in parts)
