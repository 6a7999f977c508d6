"""One stack that a test deploys again and again, each time with something else declared in it."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from aws_cdk import App, Stack

from local_cloud.stack_watch import EXPORT_TYPE
from tests.deployment.clients import Assembly, Client, Cloud
from tests.deployment.declarations import Declare


@dataclass
class DeployedStack:
    """`events` are those of the last deployment, oldest first."""

    cloud: Cloud
    client: Client
    name: str
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._cloudformation = self.cloud.client("cloudformation")
        self._numbers = count()
        self._seen: set[str] = set()

    def synthesise(self, declare: Declare) -> None:
        """Make the assembly of a stack of this name with this declaration; not for several threads at the same time."""
        app = App(outdir=str(self.cloud.folder / "assemblies" / f"{self.name}-{next(self._numbers)}"))
        declare(Stack(app, self.name))
        self._assembly = Assembly(Path(app.synth().directory), self.name)

    @property
    def assembly_folder(self) -> Path:
        """The folder of what was synthesised last."""
        return self._assembly.folder

    def deploy_assembly(self, *, rollback: bool = True, **parameters: str) -> str:
        """Deploy what was synthesised last, with parameters of the stack; returns the status that it ends in."""
        self.client.deploy(self._assembly, rollback=rollback, parameters=parameters)
        pages = self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=self.name)
        newest_first = [event for page in pages for event in page["StackEvents"] if event["EventId"] not in self._seen]
        self.events = newest_first[::-1]
        self._seen.update(event["EventId"] for event in self.events)
        return self.status()

    def deploy(self, declare: Declare, *, rollback: bool = True, **parameters: str) -> str:
        """Synthesise and deploy; returns the status that the stack ends in."""
        self.synthesise(declare)
        return self.deploy_assembly(rollback=rollback, **parameters)

    def destroy(self) -> str:
        """Delete the stack; returns the status that it ends in."""
        stack_id = self._describe()["StackId"]
        self.client.destroy(self._assembly)
        [stack] = self._cloudformation.describe_stacks(StackName=stack_id)["Stacks"]
        return str(stack["StackStatus"])

    def reasons(self) -> list[str]:
        """Return the reasons of exports that failed during the last deployment."""
        failed = [event for event in self.events if event["ResourceStatus"].endswith("_FAILED")]
        return [event.get("ResourceStatusReason", "") for event in failed if event["ResourceType"] == EXPORT_TYPE]

    def events_received(self, *, wait_seconds: int = 0) -> list[dict[str, Any]]:
        """Return the events in the queue of `with_events`, without taking them out; at most ten.

        Args:
            wait_seconds: how long to wait for the first one, 0 to 20.
        """
        received = self.cloud.client("sqs").receive_message(
            QueueUrl=self.outputs()["Queue"],
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            WaitTimeSeconds=wait_seconds,
        )
        return [json.loads(message["Body"]) for message in received.get("Messages", [])]

    def status(self) -> str:
        return str(self._describe()["StackStatus"])

    def outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self._describe()["Outputs"]}

    def physical_id(self) -> str:
        resources = self._cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        [found] = [resource for resource in resources if resource["ResourceType"].startswith("Custom::")]
        return str(found["PhysicalResourceId"])

    def _describe(self) -> dict[str, Any]:
        [stack] = self._cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        return dict(stack)


NewStack = Callable[[str], DeployedStack]  # of the name given
