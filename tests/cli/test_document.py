"""The outputs in docs/command-line.md are what the commands print."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from cdk_cleanroomsml_cli import rendering
from cdk_cleanroomsml_cli.commands import Exit
from cdk_cleanroomsml_cli.watching import Watch
from cdk_cleanroomsml_contract import identity
from tests.builders.arns import JOB, STACK_ID
from tests.builders.assemblies import resource, template, write_assembly
from tests.fakes.aws_clients import FakeStack
from tests.fakes.command_line import CommandLine

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "command-line.md").read_text()
SHOWN = re.findall(r"```text\n(.*?)```", DOCUMENT, re.DOTALL)

SPRING, SUMMER = resource(path="Campaigns/Spring"), resource(path="Campaigns/Summer", Name="summer-lookalikes")
AUTUMN = resource(path="Campaigns/Autumn", percent=7)
WINTER = resource(path="Campaigns/Winter", job={"Ref": "WinterJob"})
NAME = identity.export_name(SPRING["Properties"], stack_id=STACK_ID, logical_id="Spring")


@pytest.fixture
def account(command_line: CommandLine) -> CommandLine:
    """An account with one export of nobody's."""
    service = command_line.emulator.service
    measured = ({"type": "PERCENTAGE", "value": 10},)
    service.jobs[JOB] = replace(service.jobs[JOB], measured_sizes=measured)
    command_line.start("summer-lookalikes")
    command_line.clock.sleep(3600)
    return command_line


def deployed(command_line: CommandLine) -> FakeStack:
    stack = FakeStack("Campaigns", template(Spring=SPRING), status="CREATE_IN_PROGRESS")
    stack.event("Campaigns", "CREATE_IN_PROGRESS", command_line.clock())
    stack.event("Spring", "CREATE_IN_PROGRESS", command_line.clock())
    stack.statuses["Spring"] = "CREATE_IN_PROGRESS"
    command_line.cloudformation.stacks.append(stack)
    return stack


def test_check(account: CommandLine, tmp_path: Path) -> None:
    body = template(Spring=SPRING, Summer=SUMMER, Autumn=AUTUMN, Winter=WINTER)
    result = account.run("check", write_assembly(tmp_path, {"Campaigns": body}), columns=80)
    assert result.exit_code == 1
    assert result.stdout == SHOWN[0]


def test_watch(account: CommandLine) -> None:
    stack = deployed(account)
    account.clock.sleep(7)
    account.start(NAME)
    account.clock.sleep(3)
    watch = Watch(account.clients, ["Campaigns"], account.clock, account.clock.sleep)
    console = rendering.make_console(width=80)
    with console.capture() as captured:
        console.print(rendering.snapshot(next(watch.snapshots())))
    assert captured.get() == SHOWN[1]

    def complete() -> None:
        stack.statuses["Spring"] = stack.status = "CREATE_COMPLETE"

    account.during_pauses = [complete]
    assert account.run("watch", "Campaigns").stdout == SHOWN[2]


def test_exports(account: CommandLine) -> None:
    deployed(account)
    account.start(NAME)
    assert account.run("exports", columns=80).stdout == SHOWN[3]


def test_every_cause_and_exit_code_is_listed() -> None:
    rooms = ROOT / "constructs" / "cdk_cleanroomsml_cli"
    causes = {
        cause
        for file in rooms.glob("*.py")
        for cause in re.findall(r'Outcome\.[A-Z]+,\s*"([a-z-]+)"', file.read_text())
    }
    assert len(causes) > 12
    assert causes == set(re.findall(r"^\| `([a-z-]+)` \|", DOCUMENT, re.MULTILINE))
    assert [int(code) for code in Exit] == [int(code) for code in re.findall(r"^\| (\d+) \|", DOCUMENT, re.MULTILINE)]


def test_every_permission_is_listed() -> None:
    """The operations that the readers name in their errors are all that they call."""
    rooms = ROOT / "constructs" / "cdk_cleanroomsml_cli"
    source = (
        (rooms / "service.py").read_text() + (rooms / "stacks.py").read_text() + (rooms / "watching.py").read_text()
    )
    operations = set(re.findall(r'unread\("(\w+)"', source))
    assert len(operations) == 8
    assert all(f":{operation}`" in DOCUMENT for operation in operations), operations
