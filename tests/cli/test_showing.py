"""What `watch` writes, snapshot by snapshot: a change that is not written is not seen, and logs keep what is."""

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from cdk_cleanroomsml_cli import json_output
from cdk_cleanroomsml_cli.facts import Unread
from cdk_cleanroomsml_cli.progress import Row
from cdk_cleanroomsml_cli.showing import show
from cdk_cleanroomsml_cli.watching import CannotWatchError, Snapshot
from tests.builders.exports import AT

ROW = Row("Campaigns", "Campaigns/Export", "mine", "CREATE_PENDING")
FIRST = Snapshot(AT, {"Campaigns": "CREATE_IN_PROGRESS"}, [ROW])
DENIED = Unread("ListStackResources", "AccessDenied", "not you")


def later(**changes: Any) -> Snapshot:
    return replace(FIRST, at=AT + timedelta(seconds=5), **changes)


def lines(*snapshots: Snapshot, as_json: bool = False) -> list[str]:
    file = io.StringIO()
    last = show(snapshots, Console(file=file, width=80), as_json=as_json)
    assert last is snapshots[-1]
    return file.getvalue().splitlines()


class TestLines:
    first = (
        "2026-03-01T11:50:00Z  Campaigns  CREATE_IN_PROGRESS",
        "2026-03-01T11:50:00Z  Campaigns  Campaigns/Export  CREATE_PENDING  mine",
    )

    def test_what_stays_the_same_is_written_once(self) -> None:
        assert lines(FIRST, later(), later()) == [*self.first]

    def test_a_change_of_a_stack_is_written(self) -> None:
        changed = later(statuses={"Campaigns": "CREATE_COMPLETE"})
        assert lines(FIRST, changed, changed) == [*self.first, "2026-03-01T11:50:05Z  Campaigns  CREATE_COMPLETE"]

    @pytest.mark.parametrize(
        ("changes", "end"),
        [
            ({"status": "ACTIVE"}, "ACTIVE  mine"),
            ({"export": "mine-2"}, "CREATE_PENDING  mine-2"),
            ({"reason": "taken"}, "CREATE_PENDING  mine  taken"),
        ],
        ids=["status", "name", "reason"],
    )
    def test_a_change_of_an_export_is_written(self, changes: dict[str, Any], end: str) -> None:
        changed = later(rows=[replace(ROW, **changes)])
        assert lines(FIRST, changed, changed)[2:] == [f"2026-03-01T11:50:05Z  Campaigns  Campaigns/Export  {end}"]

    def test_a_change_of_its_times_only_is_not(self) -> None:
        assert lines(FIRST, later(rows=[replace(ROW, age=timedelta(seconds=5))]))[2:] == []

    def test_exports_of_two_stacks_are_two(self) -> None:
        other = replace(ROW, stack="Other", construct_path="Campaigns/Export")
        assert len(lines(later(rows=[ROW, other]))) == 3

    def test_what_could_not_be_read_is_written_when_it_changes(self) -> None:
        denied, two = later(unread=(DENIED,)), later(unread=(DENIED, Unread("GetTemplate", "Throttling")))
        said = "2026-03-01T11:50:05Z  not read: ListStackResources: AccessDenied"
        assert lines(FIRST, denied, denied, two, later(), denied)[2:] == [
            said,
            f"{said}, GetTemplate: Throttling",
            said,
        ]

    def test_a_long_line_is_not_wrapped(self) -> None:
        [_, line] = lines(later(rows=[replace(ROW, export="n" * 200)]))
        assert line.endswith("n" * 200)

    def test_each_line_is_there_before_the_next_snapshot_is_read(self) -> None:
        raw = io.BytesIO()
        console = Console(file=io.TextIOWrapper(raw), width=80)

        def snapshots() -> Iterator[Snapshot]:
            yield FIRST
            assert raw.getvalue().decode().splitlines() == [*self.first]

        show(snapshots(), console, as_json=False)
        assert len(raw.getvalue().splitlines()) == 2

    def test_a_watch_that_reads_nothing_is_a_mistake(self) -> None:
        with pytest.raises(AssertionError, match="a watch reads at least once"):
            show([], Console(file=io.StringIO()), as_json=False)


class TestJson:
    def test_each_change_is_an_object(self) -> None:
        changed = later(statuses={"Campaigns": "CREATE_COMPLETE"})
        assert list(map(json.loads, lines(FIRST, changed, as_json=True))) == [
            json_output.of_stack("Campaigns", FIRST),
            json_output.of_row(ROW, FIRST),
            json_output.of_stack("Campaigns", changed),
        ]

    def test_what_could_not_be_read_is_no_change(self) -> None:
        assert lines(FIRST, later(unread=(DENIED,)), as_json=True) == lines(FIRST, as_json=True)

    def test_it_is_lines_on_a_terminal_too(self) -> None:
        console = terminal()
        show([FIRST], console, as_json=True)
        assert [*map(json.loads, written(console).splitlines())][1] == json_output.of_row(ROW, FIRST)


def terminal(height: int = 24) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, width=80, height=height, markup=False)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def many(number: int) -> list[Row]:
    return [replace(ROW, construct_path=f"Campaigns/Export{one}") for one in range(number)]


class TestTerminal:
    def test_each_snapshot_is_drawn_before_the_next_one_is_read(self) -> None:
        console = terminal()

        def snapshots() -> Iterator[Snapshot]:
            yield FIRST
            assert "CREATE_PENDING" in written(console)
            yield later(rows=[replace(ROW, status="CREATE_IN_PROGRESS")], statuses={"Campaigns": "UPDATE_COMPLETE"})
            assert "UPDATE_COMPLETE" in written(console)
            yield later(rows=[replace(ROW, status="ACTIVE")])

        last = show(snapshots(), console, as_json=False)
        assert last.rows[0].status == "ACTIVE"
        assert "ACTIVE" in written(console)
        assert "2026-03-01T11:50:00Z" not in written(console), "no lines"

    @pytest.mark.parametrize(("height", "stacks", "more"), [(23, 1, 12), (24, 1, 12), (25, 1, 11), (24, 3, 13)])
    def test_the_table_fits_the_terminal_while_it_is_live(self, height: int, stacks: int, more: int) -> None:
        """An export has two lines; around the table are the stacks, the headings and what could not be read."""
        console, statuses = terminal(height), {f"Stack{number}": "CREATE_COMPLETE" for number in range(stacks)}
        snapshot = Snapshot(AT, statuses, many(20))

        def snapshots() -> Iterator[Snapshot]:
            yield snapshot
            assert f"and {more} more" in written(console)
            console.file.truncate(0)
            yield snapshot
            assert f"and {more} more" in written(console)

        show(snapshots(), console, as_json=False)

    def test_the_last_table_has_all_exports(self) -> None:
        console = terminal()
        show([later(rows=many(20))], console, as_json=False)
        table = written(console).rpartition("export ")[2]
        assert all(f"Campaigns/Export{number} " in table for number in range(20))
        assert "more" not in table

    def test_the_reasons_come_after_it(self) -> None:
        console = terminal()
        show([FIRST, later(rows=[replace(ROW, status="CREATE_FAILED", reason="taken")])], console, as_json=False)
        assert written(console).endswith("Campaigns/Export: taken\n")

    def test_for_an_error_of_the_first_read_nothing_is_drawn(self) -> None:
        def snapshots() -> Iterator[Snapshot]:
            yield from ()
            raise CannotWatchError("no such stack", is_missing=True)

        console = terminal()
        with pytest.raises(CannotWatchError):
            show(snapshots(), console, as_json=False)
        assert written(console) == ""
