"""What is printed fits its width, and nothing that a reader needs is cut."""

from pathlib import Path

import pytest

from cdk_cleanroomsml_cli import rendering
from cdk_cleanroomsml_cli.watching import Watch
from tests.builders.assemblies import resource, template, write_assembly
from tests.fakes.aws_clients import FakeStack
from tests.fakes.command_line import CommandLine

LONG_NAME = "n" * 60 + "end"
LONG_PATH = "Campaigns/" + "WithALongConstructId" * 6 + "End"
DECLARED = template(
    Short=resource(path="Campaigns/Short"),
    Long=resource(path=LONG_PATH, Name=LONG_NAME),
    Wrong=resource(path="Campaigns/[red]Wrong[/red]", percent=7),
    Later=resource(path="Campaigns/Later", job={"Ref": "Job"}),
)

widths = pytest.mark.parametrize("columns", [80, 100])


def fits(text: str, columns: int) -> bool:
    return all(len(line) <= columns for line in text.splitlines())


def joined(text: str) -> str:
    """The text as if no line had ended."""
    return "".join(text.split())


@widths
def test_check(command_line: CommandLine, tmp_path: Path, columns: int) -> None:
    folder = write_assembly(tmp_path, {"Campaigns": DECLARED})
    printed = command_line.run("check", folder, columns=columns).stdout
    assert fits(printed, columns)
    assert "…" not in printed
    lines = [line.strip() for line in printed.splitlines()]
    assert LONG_NAME in lines, "a name is never broken"
    assert joined(LONG_PATH) in joined(printed)
    assert "[red]Wrong[/red]" in printed, "what was read is no markup"
    assert "PERCENTAGE 7 is not offered, but PERCENTAGE 1, 5, 10, 20" in lines
    assert "2 would start, 0 exist already, 1 would fail, 1 unknown." in lines
    assert printed.endswith("slots are free.\n")
    assert all(line == line.rstrip() for line in printed.splitlines())


@widths
def test_exports(command_line: CommandLine, columns: int) -> None:
    command_line.start(LONG_NAME)
    command_line.start("short")
    printed = command_line.run("exports", columns=columns).stdout
    assert fits(printed, columns)
    lines = [line.strip() for line in printed.splitlines()]
    assert LONG_NAME in lines
    assert f'name="{LONG_NAME}",' in lines, "the code can be copied"
    assert 'AudienceExport(..., name="short", on_conflict=OnConflict.ADOPT)' in lines


@widths
def test_watch(command_line: CommandLine, columns: int) -> None:
    stack = FakeStack("Campaigns", DECLARED, status="CREATE_IN_PROGRESS", statuses={"Long": "CREATE_IN_PROGRESS"})
    command_line.cloudformation.stacks.append(stack)
    watch = Watch(command_line.clients, ["Campaigns"], command_line.clock, command_line.clock.sleep)
    console = rendering.make_console(width=columns)
    with console.capture() as captured:
        console.print(rendering.snapshot(next(watch.snapshots())))
    printed = captured.get()
    assert fits(printed, columns)
    assert LONG_NAME in [line.strip() for line in printed.splitlines()]
    assert "waits for its listing" in printed
    assert "gives up" in printed.splitlines()[1]


def test_a_word_that_is_longer_than_a_line_is_broken_and_not_cut(command_line: CommandLine, tmp_path: Path) -> None:
    printed = command_line.run("check", write_assembly(tmp_path, {"Campaigns": DECLARED}), columns=40).stdout
    assert fits(printed, 40)
    assert LONG_NAME in joined(printed)
