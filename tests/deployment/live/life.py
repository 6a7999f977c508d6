"""The steps of the run: one export at most is started, and each step holds what README.md and docs/names.md say."""

from collections.abc import Callable
from dataclasses import dataclass, field

from aws_cdk import CfnOutput, Duration, Stack
from botocore.exceptions import ClientError

from cdk_cleanroomsml import AudienceExport, AudienceSize, OnConflict
from tests.deployment.clients import Client, Cloud
from tests.deployment.stack import Declare, DeployedStack

# Fixed, so that another run finds the export of the first one by its generated name, and starts none.
STACK, SECOND_STACK = "CleanRoomsMLLiveTest", "CleanRoomsMLLiveTestTwo"


@dataclass
class Life:
    """`percent` is a size that the configured audience model offers; `tell` is called with a line for each step."""

    cloud: Cloud
    client: Client
    job: str
    percent: int
    tell: Callable[[str], object]
    stacks: list[DeployedStack] = field(default_factory=list)

    def run(self) -> str:
        """Deploy, change, refuse, adopt; return the name of the export. The stacks are there until `clean_up`."""
        before = self._listed()
        stack = self._stack(STACK)
        self._expect(stack, self._export(), "CREATE_COMPLETE", "UPDATE_COMPLETE")
        name = stack.outputs()["Name"]
        self._expect_exports(before | {name}, f"the export {name} is listed as ACTIVE")

        self._expect(stack, self._export(description="other words"), "UPDATE_COMPLETE")
        self._expect_exports(before | {name}, "a description starts nothing")

        second = self._stack(SECOND_STACK)
        self._expect(second, self._export(name=name), "ROLLBACK_COMPLETE")
        [reason] = second.reasons()
        if "ConflictException: export" not in reason:
            raise AssertionError(reason)
        self._expect_exports(before | {name}, "a taken name is a conflict, and starts nothing")

        self._expect(second, self._export(name=name, on_conflict=OnConflict.ADOPT), "CREATE_COMPLETE")
        if second.outputs()["Name"] != name:
            raise AssertionError(second.outputs())
        self._expect_exports(before | {name}, "the export is adopted")
        return name

    def clean_up(self) -> None:
        """Delete the stacks that exist. Exports stay: no API deletes one."""
        while self.stacks:
            stack = self.stacks.pop()
            try:
                stack.status()
            except ClientError:
                continue  # It was never made.
            self.tell(f"{stack.name}: {stack.destroy()}")

    def _stack(self, name: str) -> DeployedStack:
        self.stacks.append(DeployedStack(self.cloud, self.client, name))
        return self.stacks[-1]

    def _export(
        self, *, name: str | None = None, description: str = "a test", on_conflict: OnConflict = OnConflict.FAIL
    ) -> Declare:
        def declare(stack: Stack) -> None:
            declared = AudienceExport(
                stack,
                "Export",
                audience_generation_job_arn=self.job,
                audience_size=AudienceSize.percentage(self.percent),
                name=name,
                description=description,
                on_conflict=on_conflict,
                timeout=Duration.hours(1),
            )
            CfnOutput(stack, "Name", value=declared.name)

        return declare

    def _expect(self, stack: DeployedStack, declare: Declare, *statuses: str) -> None:
        status = stack.deploy(declare)
        self.tell(f"{stack.name}: {status}")
        if status not in statuses:
            raise AssertionError(f"{stack.name} is {status}, not {' or '.join(statuses)}: {stack.reasons()}")

    def _expect_exports(self, expected: set[str], what: str) -> None:
        listed = self._listed()
        if listed != expected:
            raise AssertionError(f"not so: {what}; expected {sorted(expected)}, listed {sorted(listed)}")
        self.tell(f"as expected: {what}")

    def _listed(self) -> set[str]:
        """The names of the generation job's exports that have not failed."""
        pages = (
            self.cloud.client("cleanroomsml")
            .get_paginator("list_audience_export_jobs")
            .paginate(audienceGenerationJobArn=self.job)
        )
        exports = [export for page in pages for export in page["audienceExportJobs"]]
        return {str(export["name"]) for export in exports if export["status"] == "ACTIVE"}
