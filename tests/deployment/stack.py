"""One stack on the local cloud, deployed again and again with the real CDK CLI."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from aws_cdk import App, CfnOutput, Duration, Stack

from cdk_cleanroomsml import AudienceExport, AudienceSize, OnConflict
from local_cloud.cloud import LocalCloud
from local_cloud.stack_watch import StackWatch
from tests.builders.arns import JOB

# What an app declares in a stack.
Declare = Callable[[Stack], object]


def export(
    *, job: str = JOB, percent: int = 10, minutes: int = 60, on_conflict: str = "FAIL", **arguments: Any
) -> Declare:
    """Return the declaration of one export and of what it tells."""

    def declare(stack: Stack) -> AudienceExport:
        declared = AudienceExport(
            stack,
            "Export",
            audience_generation_job_arn=job,
            audience_size=AudienceSize.percentage(percent),
            timeout=Duration.minutes(minutes),
            on_conflict=OnConflict[on_conflict],
            **arguments,
        )
        CfnOutput(stack, "Name", value=declared.name)
        CfnOutput(stack, "Location", value=declared.output_location)
        return declared

    return declare


@dataclass
class DeployedStack:
    """`watch` has the events of the last command."""

    cloud: LocalCloud
    name: str
    watch: StackWatch = field(init=False)

    def __post_init__(self) -> None:
        self.watch = StackWatch(self.cloud, self.name, lambda line: None)
        self._numbers = count()

    def synthesise(self, declare: Declare) -> None:
        """Make the assembly of a stack of this name in which that is declared; not for several threads at once."""
        app = App(outdir=str(self.cloud.folder / "assemblies" / f"{self.name}-{next(self._numbers)}"))
        declare(Stack(app, self.name))
        self._assembly = app.synth().directory

    def deploy_assembly(self, *options: str) -> int:
        """Deploy what was synthesised last; returns the CLI's exit status."""
        return self._run("deploy", "--app", self._assembly, "--require-approval", "never", *options)

    def deploy(self, declare: Declare, *options: str) -> int:
        """Synthesise and deploy."""
        self.synthesise(declare)
        return self.deploy_assembly(*options)

    def destroy(self) -> int:
        return self._run("destroy", "--app", self._assembly, "--force")

    def _run(self, *command: str) -> int:
        with self.cloud.cdk.running(*command) as child:
            return self.watch.until_end_of(child)

    def status(self) -> str:
        return str(self._describe()["StackStatus"])

    def outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self._describe()["Outputs"]}

    def physical_id(self) -> str:
        resources = self.cloud.client("cloudformation").describe_stack_resources(StackName=self.name)["StackResources"]
        [found] = [resource for resource in resources if resource["ResourceType"].startswith("Custom::")]
        return str(found["PhysicalResourceId"])

    def _describe(self) -> dict[str, Any]:
        [stack] = self.cloud.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return dict(stack)
