"""`watch` on virtual time: what it shows, how often it reads, and how it ends."""

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from rich.console import Console

from cdk_cleanroomsml_cli import showing
from cdk_cleanroomsml_cli.watching import PATIENCE, Snapshot, Watch
from cdk_cleanroomsml_contract import identity
from cdk_cleanroomsml_local.emulator import Fault, FaultKind
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import JOB, STACK_ID
from tests.builders.assemblies import resource, template
from tests.builders.exports import AT
from tests.fakes.aws_clients import FakeStack
from tests.fakes.command_line import CommandLine

DECLARED = resource(path="Campaigns/Export", TimeoutSeconds=600)
GENERATED = identity.export_name(DECLARED["Properties"], stack_id=STACK_ID, logical_id="Export")


def nothing() -> None: ...


def watching(command_line: CommandLine, *during_pauses: Callable[[], object]) -> Iterator[Snapshot]:
    command_line.during_pauses = list(during_pauses)
    return Watch(command_line.clients, ["Campaigns"], command_line.clock, command_line._sleep).snapshots()


@pytest.fixture
def stack(command_line: CommandLine) -> FakeStack:
    """A stack that is being created; its export's resource begins 5 s after the stack."""
    made = FakeStack("Campaigns", template(Export=DECLARED), status="CREATE_IN_PROGRESS")
    made.event("Campaigns", "CREATE_IN_PROGRESS", command_line.clock())
    command_line.clock.sleep(5)
    made.event("Export", "CREATE_IN_PROGRESS", command_line.clock())
    made.statuses["Export"] = "CREATE_IN_PROGRESS"
    command_line.cloudformation.stacks.append(made)
    return made


def completing(stack: FakeStack) -> Callable[[], None]:
    def complete() -> None:
        stack.statuses["Export"] = stack.status = "CREATE_COMPLETE"

    return complete


def lines(command_line: CommandLine) -> list[list[str]]:
    """The lines of a watch without their times, split into columns."""
    result = command_line.run("watch", "Campaigns")
    return [line.split("  ")[1:] for line in result.stdout.splitlines()]


def rows(command_line: CommandLine) -> list[dict[str, Any]]:
    printed = command_line.run("watch", "Campaigns", "--json").stdout.splitlines()
    return [one for one in map(json.loads, printed) if "construct" in one]


def test_a_pipe_gets_a_line_for_each_change(command_line: CommandLine, stack: FakeStack) -> None:
    command_line.during_pauses = [lambda: command_line.start(GENERATED), nothing, nothing, completing(stack)]
    of_export = ["Campaigns", "Campaigns/Export"]
    assert lines(command_line) == [
        ["Campaigns", "CREATE_IN_PROGRESS"],
        [*of_export, "waits for its listing", GENERATED],
        [*of_export, "CREATE_PENDING", GENERATED],
        [*of_export, "CREATE_IN_PROGRESS", GENERATED],
        [*of_export, "ACTIVE", GENERATED],
        ["Campaigns", "CREATE_COMPLETE"],
    ]
    assert command_line.slept == [5, 5, 5, 5]


def test_it_reads_gently(command_line: CommandLine, stack: FakeStack) -> None:
    """Three stacks: 15 s between rounds, so one DescribeStacks in five seconds."""
    for name in ("Other", "Third"):
        command_line.cloudformation.stacks.append(FakeStack(name, template()))
    command_line.during_pauses = [nothing, nothing, completing(stack)]
    assert command_line.run("watch", "Campaigns", "Other", "Third").exit_code == 0
    assert command_line.slept == [15, 15, 15]
    assert command_line.cloudformation.calls["DescribeStacks"] == 12
    listing = "ListAudienceExportJobs"
    assert command_line.calls() == [listing, "GetAudienceGenerationJob", *[listing] * 3], "a finished job is read once"
    assert command_line.cloudformation.calls["GetTemplate"] == 4, "again only if a status has changed"
    assert command_line.emulator.started() == []


def test_a_full_account_is_said(command_line: CommandLine, stack: FakeStack) -> None:
    for number in range(20):
        command_line.start(f"other-{number}")
    command_line.during_pauses = [lambda: command_line.clock.sleep(60), completing(stack)]
    assert [row["status"] for row in rows(command_line)][:2] == ["waits for a slot", "waits for its listing"]


def test_a_generation_job_that_is_still_being_created_is_said(command_line: CommandLine, stack: FakeStack) -> None:
    service = command_line.emulator.service
    service.jobs[JOB] = replace(service.jobs[JOB], status="CREATE_IN_PROGRESS")

    def finish() -> None:
        service.jobs[JOB] = replace(service.jobs[JOB], status="ACTIVE")

    command_line.during_pauses = [nothing, finish, lambda: command_line.start(GENERATED), completing(stack)]
    statuses = [row["status"] for row in rows(command_line)]
    assert statuses[0] == "waits for its generation job"
    assert statuses[1:3] == ["waits for its listing", "CREATE_PENDING"]


def test_a_generation_job_that_cannot_be_read_is_said(command_line: CommandLine, stack: FakeStack) -> None:
    denied = Fault("GetAudienceGenerationJob", FaultKind.REFUSE, times=99, code="AccessDeniedException")
    command_line.emulator.faults.append(denied)
    command_line.during_pauses = [completing(stack)]
    result = command_line.run("watch", "Campaigns")
    assert "waits for its listing" in result.stdout
    assert "not read: GetAudienceGenerationJob" in result.stdout, result.stdout


def test_times_and_the_estimate(command_line: CommandLine, stack: FakeStack) -> None:
    command_line.start("earlier")
    command_line.clock.sleep(60)
    command_line.start(GENERATED)
    command_line.clock.sleep(3)
    command_line.during_pauses = [completing(stack)]
    [first, *_] = rows(command_line)
    assert first["ageSeconds"] == 3
    assert first["endsInSeconds"] == 8 - 3, "an export of the emulator takes 8 s"
    assert first["givesUpInSeconds"] == 600 - 63


def test_without_earlier_exports_there_is_no_estimate(command_line: CommandLine, stack: FakeStack) -> None:
    command_line.start(GENERATED)
    command_line.during_pauses = [completing(stack)]
    assert rows(command_line)[0]["endsInSeconds"] is None


def test_an_earlier_operation_is_not_this_one(command_line: CommandLine, stack: FakeStack) -> None:
    stack.event("Export", "CREATE_COMPLETE", command_line.clock())
    stack.event("Campaigns", "CREATE_COMPLETE", command_line.clock())
    command_line.clock.sleep(86_400)
    stack.event("Campaigns", "UPDATE_IN_PROGRESS", command_line.clock())
    stack.event("Export", "UPDATE_IN_PROGRESS", command_line.clock())
    stack.status = stack.statuses["Export"] = "UPDATE_IN_PROGRESS"
    command_line.during_pauses = [completing(stack)]
    assert rows(command_line)[0]["givesUpInSeconds"] == 600


def test_the_first_event_of_a_resource_is_its_request(command_line: CommandLine, stack: FakeStack) -> None:
    """CloudFormation reports a second one when the resource has its physical id."""
    command_line.clock.sleep(30)
    stack.event("Export", "CREATE_IN_PROGRESS", command_line.clock())
    command_line.during_pauses = [completing(stack)]
    assert rows(command_line)[0]["givesUpInSeconds"] == 570


def test_a_rollback_is_another_request(command_line: CommandLine, stack: FakeStack) -> None:
    command_line.clock.sleep(30)
    stack.event("Export", "UPDATE_FAILED", command_line.clock())
    stack.event("Export", "UPDATE_IN_PROGRESS", command_line.clock())
    command_line.during_pauses = [completing(stack)]
    assert rows(command_line)[0]["givesUpInSeconds"] == 600


def test_events_of_earlier_operations_are_not_read(command_line: CommandLine, stack: FakeStack) -> None:
    operation, stack.events = stack.events, []
    for _ in range(450):
        stack.event("Export", "UPDATE_COMPLETE", command_line.clock())
    stack.events += operation
    command_line.during_pauses = [nothing, completing(stack)]
    assert command_line.run("watch", "Campaigns").exit_code == 0
    assert command_line.cloudformation.calls["DescribeStackEvents"] == 3, "a page in each round"


def test_events_that_were_read_before_are_not_read_again(command_line: CommandLine, stack: FakeStack) -> None:
    for number in range(150):
        stack.event(f"Other{number}", "CREATE_COMPLETE", command_line.clock())
    command_line.during_pauses = [nothing, completing(stack)]
    assert command_line.run("watch", "Campaigns").exit_code == 0
    assert command_line.cloudformation.calls["DescribeStackEvents"] == 2 + 1 + 1


def test_an_arn_of_the_other_account_is_the_own_one(command_line: CommandLine, stack: FakeStack) -> None:
    command_line.emulator.service.readings = Readings(summaries_name_account="444455556666")
    command_line.start(GENERATED)
    command_line.during_pauses = [completing(stack)]
    assert rows(command_line)[0]["status"] == "CREATE_PENDING"


def test_a_deletion_is_followed_to_its_end(command_line: CommandLine, stack: FakeStack) -> None:
    stack.status = stack.statuses["Export"] = "DELETE_IN_PROGRESS"

    def delete() -> None:
        stack.status = stack.statuses["Export"] = "DELETE_COMPLETE"

    command_line.during_pauses = [delete]
    result = command_line.run("watch", "Campaigns")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "Campaigns  DELETE_COMPLETE" in result.stdout


def test_a_resource_that_has_not_begun(command_line: CommandLine, stack: FakeStack) -> None:
    del stack.statuses["Export"]
    command_line.during_pauses = [completing(stack)]
    assert rows(command_line)[0]["status"] == "not begun"


def test_a_change_set_that_waits_is_waited_for(command_line: CommandLine, stack: FakeStack) -> None:
    stack.status = "REVIEW_IN_PROGRESS"
    command_line.cloudformation.denied.add("GetTemplate")

    def execute() -> None:
        command_line.cloudformation.denied.clear()
        stack.status = "CREATE_IN_PROGRESS"

    command_line.during_pauses = [execute, completing(stack)]
    printed = lines(command_line)
    assert printed[0] == ["Campaigns", "REVIEW_IN_PROGRESS"]
    assert not any("not read" in line[0] for line in printed)
    assert ["Campaigns", "Campaigns/Export", "waits for its listing", GENERATED] in printed


class TestNested:
    @pytest.fixture
    def inner(self, command_line: CommandLine, stack: FakeStack) -> FakeStack:
        """A nested stack that is given its generation job."""
        declared = resource(path="Campaigns/Nested/Inner", job={"Ref": "Job"}, Name="inner")
        made = FakeStack("Nested-1", template(Inner=declared), statuses={"Inner": "CREATE_IN_PROGRESS"})
        command_line.cloudformation.stacks.append(made)
        given = {"Parameters": {"Job": JOB}}
        stack.template["Resources"]["Nested"] = {"Type": "AWS::CloudFormation::Stack", "Properties": given}
        stack.physical_ids["Nested"] = made.stack_id
        return made

    def test_it_belongs_to_its_stack(self, command_line: CommandLine, stack: FakeStack, inner: FakeStack) -> None:
        command_line.start("inner")
        command_line.during_pauses = [completing(stack)]
        shown = {(row["stack"], row["construct"]): row["status"] for row in rows(command_line)[:2]}
        assert shown["Campaigns", "Campaigns/Nested/Inner"] == "CREATE_PENDING", "its name is known"
        assert set(shown) == {("Campaigns", "Campaigns/Nested/Inner"), ("Campaigns", "Campaigns/Export")}

    def test_one_that_does_not_exist_yet_is_not_read(
        self, command_line: CommandLine, stack: FakeStack, inner: FakeStack
    ) -> None:
        stack.physical_ids["Nested"] = ""
        [first] = list(watching(command_line, completing(stack)))[:1]
        assert [row.construct_path for row in first.rows] == ["Campaigns/Export"]
        assert first.unread == ()

    def test_one_that_can_no_longer_be_read_stays_as_it_was(
        self, command_line: CommandLine, stack: FakeStack, inner: FakeStack
    ) -> None:
        remove = partial(command_line.cloudformation.stacks.remove, inner)
        first, second, _ = watching(command_line, remove, completing(stack))
        assert [row.construct_path for row in second.rows] == [row.construct_path for row in first.rows]
        assert [str(one) for one in second.unread] == ["ListStackResources: ValidationError"]


def test_what_can_no_longer_be_read_stays_as_it_was(command_line: CommandLine, stack: FakeStack) -> None:
    deny = partial(command_line.cloudformation.denied.add, "ListStackResources")
    first, second, _ = watching(command_line, deny, completing(stack))
    assert [(row.export, row.status) for row in second.rows] == [(row.export, row.status) for row in first.rows]


def test_a_job_that_is_not_known_is_not_read(command_line: CommandLine, stack: FakeStack) -> None:
    stack.template["Resources"]["Export"] = resource(job={"Ref": "Later"})
    list(watching(command_line, completing(stack)))
    assert set(command_line.calls()) == {"ListAudienceExportJobs"}


def test_only_a_failure_has_a_reason(command_line: CommandLine, stack: FakeStack) -> None:
    stack.reasons["Export"] = "Resource creation Initiated"
    *_, last = watching(command_line, completing(stack))
    assert [(row.status, row.reason) for row in last.rows] == [("CREATE_COMPLETE", "")]


STATUSES = {
    "CREATE_COMPLETE": (True, True),
    "UPDATE_COMPLETE": (True, True),
    "DELETE_COMPLETE": (True, True),
    "IMPORT_COMPLETE": (True, True),
    "UPDATE_ROLLBACK_COMPLETE": (True, False),
    "CREATE_FAILED": (True, False),
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": (False, False),
}


@pytest.mark.parametrize(("status", "says"), STATUSES.items(), ids=list(STATUSES))
def test_whether_an_operation_has_ended_and_succeeded(status: str, says: tuple[bool, bool]) -> None:
    snapshot = Snapshot(AT, {"Campaigns": status}, [])
    assert (snapshot.has_ended, snapshot.has_succeeded) == says
    both = Snapshot(AT, {"Campaigns": status, "Other": "CREATE_COMPLETE"}, [])
    assert (both.has_ended, both.has_succeeded) == says


class TestEnd:
    def test_0_if_the_operation_succeeds(self, command_line: CommandLine, stack: FakeStack) -> None:
        command_line.during_pauses = [completing(stack)]
        assert command_line.run("watch", "Campaigns").exit_code == 0

    def test_1_and_the_reason_if_it_fails(self, command_line: CommandLine, stack: FakeStack) -> None:
        def fail() -> None:
            stack.statuses["Export"], stack.status = "CREATE_FAILED", "ROLLBACK_COMPLETE"
            stack.reasons["Export"] = "ConflictException: taken"

        command_line.during_pauses = [fail]
        result = command_line.run("watch", "Campaigns")
        assert result.exit_code == 1
        assert "CREATE_FAILED" in result.stdout
        assert "ConflictException: taken" in result.stdout

    def test_2_if_there_is_no_such_stack(self, command_line: CommandLine) -> None:
        result = command_line.run("watch", "Campaings")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == "The stack Campaings does not exist in this account and Region.\n"

    def test_3_if_the_stack_cannot_be_read(self, command_line: CommandLine, stack: FakeStack) -> None:
        command_line.cloudformation.denied.add("DescribeStacks")
        result = command_line.run("watch", "Campaigns")
        assert result.exit_code == 3
        assert "DescribeStacks: AccessDenied" in result.stderr

    def test_3_if_it_can_no_longer_be_read(self, command_line: CommandLine, stack: FakeStack) -> None:
        command_line.during_pauses = [lambda: command_line.cloudformation.denied.add("DescribeStacks")] * PATIENCE
        result = command_line.run("watch", "Campaigns")
        assert result.exit_code == 3
        assert "not read: DescribeStacks: AccessDenied" in result.stdout
        assert command_line.slept == [5] * 12, "a minute"

    def test_one_failed_read_ends_nothing(self, command_line: CommandLine, stack: FakeStack) -> None:
        denied = command_line.cloudformation.denied
        command_line.during_pauses = [lambda: denied.add("DescribeStacks"), denied.clear, completing(stack)]
        assert command_line.run("watch", "Campaigns").exit_code == 0

    def test_failed_reads_that_are_not_in_a_row_end_nothing(self, command_line: CommandLine, stack: FakeStack) -> None:
        denied = command_line.cloudformation.denied
        failing: list[Callable[[], object]] = [lambda: denied.add("DescribeStacks")] * (PATIENCE - 1)
        command_line.during_pauses = [*failing, denied.clear, *failing, denied.clear, completing(stack)]
        assert command_line.run("watch", "Campaigns").exit_code == 0

    def test_130_if_it_is_interrupted(self, command_line: CommandLine, stack: FakeStack) -> None:
        command_line.during_pauses = [nothing, interrupt]
        result = command_line.run("watch", "Campaigns")
        assert result.exit_code == 130
        assert "Traceback" not in result.output


def interrupt() -> None:
    raise KeyboardInterrupt


class TestDenied:
    @pytest.mark.parametrize("operation", ["ListStackResources", "GetTemplate", "DescribeStackEvents"])
    def test_what_is_denied_is_said(self, command_line: CommandLine, stack: FakeStack, operation: str) -> None:
        command_line.cloudformation.denied.add(operation)
        command_line.during_pauses = [completing(stack)]
        assert f"not read: {operation}: AccessDenied" in command_line.run("watch", "Campaigns").stdout

    def test_an_export_that_cannot_be_listed_is_unknown(self, command_line: CommandLine, stack: FakeStack) -> None:
        fault = Fault("ListAudienceExportJobs", FaultKind.REFUSE, times=99, code="AccessDeniedException")
        command_line.emulator.faults.append(fault)
        command_line.during_pauses = [completing(stack)]
        assert rows(command_line)[0]["status"] == "unknown"


class TestTerminal:
    def test_it_is_as_before_after_an_interruption(self, command_line: CommandLine, stack: FakeStack) -> None:
        command_line.during_pauses = [nothing, interrupt]
        console = terminal()
        with pytest.raises(KeyboardInterrupt):
            showing.show(self.watch(command_line).snapshots(), console, as_json=False)
        printed = written(console)
        assert printed.count("\x1b[?25l") == printed.count("\x1b[?25h") == 1, "the cursor is shown again"
        assert "\x1b[?1049h" not in printed, "no other screen"
        assert printed.endswith(("\n", "\x1b[?25h"))

    def test_it_shows_the_last_table_and_the_reasons(self, command_line: CommandLine, stack: FakeStack) -> None:
        def fail() -> None:
            stack.statuses["Export"], stack.status = "CREATE_FAILED", "ROLLBACK_COMPLETE"
            stack.reasons["Export"] = "ConflictException: taken"

        command_line.during_pauses = [fail]
        console = terminal()
        showing.show(self.watch(command_line).snapshots(), console, as_json=False)
        last = written(console).rpartition("ROLLBACK_COMPLETE")[2]
        assert "CREATE_FAILED" in last
        assert "Campaigns/Export: ConflictException: taken" in last

    def test_more_exports_than_lines_are_counted(self, command_line: CommandLine, stack: FakeStack) -> None:
        for number in range(60):
            stack.template["Resources"][f"Export{number}"] = resource(path=f"Campaigns/Export{number}")
        stack.template["Resources"]["Export"] = stack.template["Resources"].pop("Export")
        command_line.during_pauses = [interrupt]
        console = terminal()
        with pytest.raises(KeyboardInterrupt):
            showing.show(self.watch(command_line).snapshots(), console, as_json=False)
        printed = written(console)
        assert "and 53 more" in printed
        assert printed.index("waits for its listing") < printed.index("not begun"), "what is under way comes first"

    def watch(self, command_line: CommandLine) -> Watch:
        return Watch(command_line.clients, ["Campaigns"], command_line.clock, command_line._sleep)


def terminal() -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=80, height=24, markup=False)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
