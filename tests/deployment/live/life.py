"""The steps of the run: one export at most is started, and each step holds what README.md and docs/names.md say."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from aws_cdk import CfnOutput, Stack
from botocore.exceptions import ClientError

from cdk_cleanroomsml import AudienceExport
from tests.deployment.clients import Client, Cloud
from tests.deployment.declarations import (
    Declare,
    DeclareExport,
    export,
    with_broken_neighbour,
    with_events,
    with_late_description,
)
from tests.deployment.stack import DeployedStack

# Fixed, so that another run finds the export of the first one by its generated name, and starts none.
STACK, SECOND_STACK = "CleanRoomsMLLiveTest", "CleanRoomsMLLiveTestTwo"

# The name of an export, and when it was created.
Listed = tuple[str, datetime]


@dataclass
class Life:
    """`percent` is a size that the configured audience model offers; `tell` is called with a line for each step.

    `until_listed` waits for as long as a new export may be missing from a listing.
    """

    cloud: Cloud
    client: Client
    job: str
    percent: int
    tell: Callable[[str], object]
    until_listed: Callable[[], object] = lambda: None
    stacks: list[DeployedStack] = field(default_factory=list)

    def run(self) -> str:
        """Deploy, change, refuse, adopt; return the name of the export. The stacks are there until `clean_up`."""
        self._remove_what_an_earlier_run_left()
        before = self._listed()
        stack = self._stack(STACK)
        declare = self._named(with_late_description(**self._arguments))
        self._expect(stack, declare, "CREATE_COMPLETE")
        name = stack.outputs()["Name"]
        exports, known = self._listed(), {known for known, _ in before}
        new = {found for found, _ in exports - before}
        self._expect_so(new == {name} - known, f"the export {name} is listed, and nothing else is new", new)

        self._expect(stack, declare, "UPDATE_COMPLETE", Description="other words")
        self._expect_exports(exports, "a description starts nothing")

        self._expect(stack, declare, "UPDATE_ROLLBACK_COMPLETE", Description="x" * 256)
        self._expect_reason(stack, "ValidationException: property Description")
        self._expect_exports(
            exports, "a value that breaks a rule at deployment starts nothing, and neither does going back"
        )

        self._expect(stack, with_broken_neighbour(declare), "UPDATE_ROLLBACK_COMPLETE", Description="more words")
        self._expect_exports(exports, "a rollback to the export that the resource holds starts nothing")

        second = self._stack(SECOND_STACK)
        self._expect(second, self._named(export(name=name, **self._arguments)), "ROLLBACK_COMPLETE")
        self._expect_reason(second, "ConflictException: export")
        self._expect_exports(exports, "a taken name is a conflict, and starts nothing")

        adopting = self._named(export(name=name, on_conflict="ADOPT", **self._arguments))
        self._expect(second, with_events(adopting), "CREATE_COMPLETE")
        self._expect_so(second.outputs()["Name"] == name, "the export is adopted", second.outputs())
        self._expect_exports(exports, "an adopted export is no other one")

        events = next(filter(None, (second.events_received(wait_seconds=20) for _ in range(6))), [])
        ends = {(event["detail"]["name"], event["detail"]["status"]) for event in events}
        found = events or "no event within two minutes; perhaps EventBridge did not know the new rule yet"
        self._expect_so(ends == {(name, "ACTIVE")}, "its end is published", found)
        return name

    def clean_up(self) -> None:
        """Delete the stacks that exist, whatever becomes of each. Exports stay: no API deletes one."""
        failures = []
        while self.stacks:
            stack = self.stacks.pop()
            try:
                if _exists(stack):
                    self.tell(f"{stack.name}: {stack.destroy()}")
            except (ClientError, AssertionError) as failure:
                failures.append(f"{stack.name} may still be there: {failure}")
        if failures:
            raise AssertionError("\n".join(failures))

    def _remove_what_an_earlier_run_left(self) -> None:
        for name in (SECOND_STACK, STACK):
            stack = self._stack(name)
            if _exists(stack):
                stack.synthesise(export(**self._arguments))
                self.tell(f"{name}, left by an earlier run: {stack.destroy()}")
            self.stacks.remove(stack)

    def _stack(self, name: str) -> DeployedStack:
        self.stacks.append(DeployedStack(self.cloud, self.client, name))
        return self.stacks[-1]

    @property
    def _arguments(self) -> dict[str, Any]:
        return {"job": self.job, "percent": self.percent, "with_outputs": False}

    def _named(self, declare_export: DeclareExport) -> DeclareExport:
        """The name alone is an output: the location is empty if the model belongs to another account."""

        def declare(stack: Stack) -> AudienceExport:
            declared = declare_export(stack)
            CfnOutput(stack, "Name", value=declared.name)
            return declared

        return declare

    def _expect(self, stack: DeployedStack, declare: Declare, expected: str, **parameters: str) -> None:
        status = stack.deploy(declare, rollback=True, **parameters)
        self._expect_so(status == expected, f"{stack.name} is {expected}", f"it is {status}: {stack.reasons()}")

    def _expect_reason(self, stack: DeployedStack, beginning: str) -> None:
        what = f"one resource has failed, with {beginning}"
        self._expect_so(len(stack.reasons()) == 1 and beginning in stack.reasons()[0], what, stack.reasons())

    def _expect_exports(self, expected: set[Listed], what: str) -> None:
        listed = self._listed()
        self._expect_so(listed == expected, what, f"expected {sorted(expected)}, listed {sorted(listed)}")

    def _expect_so(self, is_so: bool, what: str, found: object) -> None:
        if not is_so:
            raise AssertionError(f"not so: {what}; {found}")
        self.tell(f"as expected: {what}")

    def _listed(self) -> set[Listed]:
        """The generation job's exports, in whatever status."""
        self.until_listed()
        paginator = self.cloud.client("cleanroomsml").get_paginator("list_audience_export_jobs")
        pages = paginator.paginate(audienceGenerationJobArn=self.job)
        return {(one["name"], one["createTime"]) for page in pages for one in page["audienceExportJobs"]}


def _exists(stack: DeployedStack) -> bool:
    try:
        stack.status()
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return False
    return True
