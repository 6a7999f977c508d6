"""What a peer's app deploys, as far as it decides what happens to a request: read from the synthesised template."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aws_cdk import App as CdkApp
from aws_cdk import Stack
from aws_cdk.assertions import Template

from bench.peers.apps import APPS

# AWS::Lambda::Function in CloudFormation's template reference: if a template does not say.
_DEFAULT_MEMORY, _DEFAULT_TIMEOUT = 128, 3


@dataclass(frozen=True)
class FunctionSettings:
    """Memory in MB and time-out in seconds."""

    memory: int
    timeout: int


@dataclass(frozen=True)
class PeerTemplate:
    """`functions` by their handler; `machine` is the state machine in ASL, None if there is none."""

    functions: dict[str, FunctionSettings]
    machine: dict[str, Any] | None


@cache
def template_of(name: str) -> PeerTemplate:
    """Synthesise a stack with one export of the peer of that name."""
    [app] = [app for app in APPS if app.name == name]
    with TemporaryDirectory() as folder:
        stack = Stack(CdkApp(outdir=str(Path(folder, "out"))), "Campaigns")
        app.declare(stack, 1, Path(folder, "code"))
        template = Template.from_stack(stack)
    found = template.find_resources("AWS::Lambda::Function").values()
    machines = list(template.find_resources("AWS::StepFunctions::StateMachine").values())
    return PeerTemplate(
        functions={one["Properties"]["Handler"]: _settings(one["Properties"]) for one in found},
        machine=json.loads(_text(machines[0]["Properties"]["DefinitionString"])) if machines else None,
    )


def _settings(properties: dict[str, Any]) -> FunctionSettings:
    return FunctionSettings(properties.get("MemorySize", _DEFAULT_MEMORY), properties.get("Timeout", _DEFAULT_TIMEOUT))


def _text(definition: Any) -> str:
    """The text of a definition; what it refers to is shown by the logical id."""
    if isinstance(definition, str):
        return definition
    [separator, parts] = definition["Fn::Join"]
    return str(separator).join(part if isinstance(part, str) else next(iter(part.values()))[0] for part in parts)
