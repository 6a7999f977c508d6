"""What is printed fits its width, and nothing that a reader needs is cut."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from cdk_cleanroomsml_cli import rendering
from cdk_cleanroomsml_cli.checking import Checked, JobUse, Report
from cdk_cleanroomsml_cli.facts import Unread
from cdk_cleanroomsml_cli.ledger import Entry, JobLedger, Owner
from cdk_cleanroomsml_cli.ledger_reading import Ledger
from cdk_cleanroomsml_cli.progress import NOT_BEGUN, Row
from cdk_cleanroomsml_cli.start_check import Outcome, Verdict
from cdk_cleanroomsml_cli.templates import LATER
from cdk_cleanroomsml_cli.watching import Snapshot, Watch
from tests.builders.arns import JOB, OTHER_JOB, STACK_ID
from tests.builders.assemblies import resource, template, write_assembly
from tests.builders.exports import AT, declared, listed
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


def shown(renderable: RenderableType, width: int = 80) -> list[str]:
    console = rendering.make_console(width=width)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get().splitlines()


def coloured(renderable: RenderableType) -> str:
    console = Console(width=80, force_terminal=True, color_system="standard", legacy_windows=False, markup=False)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


DENIED = Unread("ListAudienceExportJobs", "AccessDenied", "not you")
ID = "11111111-2222-4333-8444-555555555555"


def checked(outcome: Outcome = Outcome.STARTS, **changes: Any) -> Checked:
    return Checked(replace(declared(), **changes), Verdict(outcome, "cause", "a reason", "mine"))


class TestReport:
    def test_an_export_has_all_that_is_known_of_it(self) -> None:
        verdict = Verdict(Outcome.EXISTS, "exists", "a reason", "mine", 0.0, ("one", "other"))
        assert shown(rendering.report(Report([Checked(declared(), verdict)], [], {}))) == [
            "exists  Campaigns/Export",
            "        mine",
            f"        PERCENTAGE 10 of job {ID}, relevance 0",
            "        a reason",
            "        note: one",
            "        note: other",
            "",
            "0 would start, 1 exist already, 0 would fail, 0 unknown.",
        ]

    def test_what_only_the_deployment_knows_is_said(self) -> None:
        one = Checked(declared(job=LATER, AudienceSize=LATER), Verdict(Outcome.UNKNOWN, "cause", "a reason"))
        assert shown(rendering.report(Report([one], [], {}))) == [
            "unknown Campaigns/Export",
            "        name not known",
            "        size known at deployment of job known at deployment",
            "        a reason",
            "",
            "0 would start, 0 exist already, 0 would fail, 1 unknown.",
        ]

    @pytest.mark.parametrize(
        ("stack", "path", "where"),
        [
            ("Campaigns", "Campaigns/Export", "Campaigns/Export"),
            ("Campaigns", "Prod/Campaigns/Export", "Prod/Campaigns/Export"),
            ("Prod-Campaigns", "Prod/Campaigns/Export", "Prod/Campaigns/Export (stack Prod-Campaigns)"),
            ("Camp", "Campaigns/Export", "Campaigns/Export (stack Camp)"),
            (None, "Campaigns/Export", "Campaigns/Export"),
        ],
    )
    def test_a_stack_is_named_unless_it_is_in_the_path(self, stack: str | None, path: str, where: str) -> None:
        one = checked(stack=stack, construct_path=path)
        assert shown(rendering.report(Report([one], [], {})))[0] == f"starts  {where}"

    def test_the_use_of_generation_jobs_is_a_table(self) -> None:
        jobs = [JobUse(JOB, 3, 20), JobUse(JOB, None, 1)]
        assert shown(rendering.report(Report([checked()], jobs, {})))[-5:] == [
            "generation job                                    exports   to start  left of 25",
            f"{ID}                     3         20          2",
            f"{ID}               unknown          1    unknown",
            "",
            "1 would start, 0 exist already, 0 would fail, 0 unknown.",
        ]

    def test_the_slots_of_each_region_come_last(self) -> None:
        running: dict[str, int | Unread] = {"us-east-1": 3, "us-west-2": DENIED}
        assert shown(rendering.report(Report([checked()], [], running)), 200)[-2:] == [
            "3 of 20 exports run in us-east-1, 17 slots are free.",
            "How many exports run in us-west-2 is unknown (ListAudienceExportJobs: AccessDenied).",
        ]
        assert "\x1b[33mHow many" in coloured(rendering.report(Report([checked()], [], running)))

    def test_all_outcomes_are_counted(self) -> None:
        exports = [checked(outcome) for outcome, times in zip(Outcome, (1, 2, 3, 4), strict=True) for _ in range(times)]
        assert shown(rendering.report(Report(exports, [], {})))[-1] == (
            "1 would start, 2 exist already, 3 would fail, 4 unknown."
        )

    @pytest.mark.parametrize(
        ("outcome", "colour"),
        [(Outcome.STARTS, 36), (Outcome.EXISTS, 32), (Outcome.FAILS, 31), (Outcome.UNKNOWN, 33)],
    )
    def test_each_outcome_has_its_colour(self, outcome: Outcome, colour: int) -> None:
        assert f"\x1b[{colour}m{outcome.value}" in coloured(rendering.report(Report([checked(outcome)], [], {})))

    def test_without_exports_it_is_one_line(self) -> None:
        assert shown(rendering.report(Report([], [], {"us-east-1": 3}))) == ["No audience export is declared."]


OWNED = Entry(listed("mine"), Owner("Campaigns", STACK_ID, "Export", "Campaigns/Export", "mine-1", {}))


class TestLedger:
    def test_jobs_have_a_line_between_them(self) -> None:
        jobs = [JobLedger(JOB, (OWNED,)), JobLedger(OTHER_JOB, ())]
        assert shown(rendering.ledger_of(Ledger(jobs, ()))) == [
            f"Generation job {ID} (us-east-1, 111122223333)",
            "1 of 25 exports, 24 left",
            "",
            "  mine",
            "    PERCENTAGE 10, ACTIVE, created 2026-03-01T11:50:00Z",
            "    of stack Campaigns: Campaigns/Export",
            "",
            f"Generation job {rendering.job_id(OTHER_JOB)} (us-east-1, 111122223333)",
            "0 of 25 exports, 25 left",
        ]
        assert "\x1b[1mGeneration job" in coloured(rendering.ledger_of(Ledger(jobs, ())))

    def test_an_export_of_no_stack_has_the_code_that_adopts_it(self) -> None:
        jobs = [JobLedger(JOB, (Entry(listed("free"), None),))]
        assert shown(rendering.ledger_of(Ledger(jobs, ())))[-2:] == [
            "    of no stack; to adopt it:",
            '    AudienceExport(..., name="free", on_conflict=OnConflict.ADOPT)',
        ]

    def test_one_that_has_failed_has_not(self) -> None:
        jobs = [JobLedger(JOB, (Entry(listed("failed", "CREATE_FAILED"), None),))]
        assert shown(rendering.ledger_of(Ledger(jobs, ())))[-1] == "    of no stack"

    def test_what_was_not_read_makes_owners_unknown_and_is_named(self) -> None:
        jobs = [JobLedger(JOB, (OWNED, Entry(listed("free"), None)))]
        found = Ledger(jobs, (DENIED, replace(DENIED, message="")))
        lines = shown(rendering.ledger_of(found))
        assert "    of stack Campaigns: Campaigns/Export" in lines
        assert lines[-3:] == [
            "    owner unknown: not every stack could be read",
            "Not read: ListAudienceExportJobs: AccessDenied not you",
            "Not read: ListAudienceExportJobs: AccessDenied",
        ]
        assert "\x1b[33mNot read" in coloured(rendering.ledger_of(found))

    def test_without_exports_it_is_one_line(self) -> None:
        assert shown(rendering.ledger_of(Ledger([], ()))) == ["The account has no audience export."]


def seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


def row(name: str, status: str = "CREATE_PENDING", **changes: Any) -> Row:
    return Row("Campaigns", f"Campaigns/{name}", "mine", status, **changes)


class TestSnapshot:
    ended, waiting, pending = row("A", "ACTIVE", has_ended=True), row("B", NOT_BEGUN), row("C")
    found = Snapshot(AT, {"Campaigns": "CREATE_IN_PROGRESS", "Other": "CREATE_COMPLETE"}, [ended, waiting, pending])

    def test_an_export_has_its_status_and_its_times(self) -> None:
        one = row("Export", age=seconds(65), estimate=seconds(5), left=seconds(3600))
        assert shown(rendering.snapshot(replace(self.found, rows=[one]))) == [
            "Campaigns  CREATE_IN_PROGRESS",
            "Other  CREATE_COMPLETE",
            "export                         status                     age  ends in  gives up",
            "Campaigns/Export               CREATE_PENDING            1:05     0:05   1:00:00",
            "  mine",
        ]

    def test_those_under_way_come_first_and_those_that_have_ended_last(self) -> None:
        exports = [line.split()[0] for line in shown(rendering.snapshot(self.found)) if line.startswith("Campaigns/")]
        assert exports == ["Campaigns/C", "Campaigns/B", "Campaigns/A"]

    @pytest.mark.parametrize(("rows", "more"), [(2, "and 1 more"), (1, "and 2 more"), (-5, "and 2 more")])
    def test_those_that_do_not_fit_are_counted(self, rows: int, more: str) -> None:
        assert shown(rendering.snapshot(self.found, rows=rows))[-1] == more

    def test_if_all_fit_nothing_is_counted(self) -> None:
        assert shown(rendering.snapshot(self.found, rows=3)) == shown(rendering.snapshot(self.found))
        assert not any("more" in line for line in shown(rendering.snapshot(self.found)))

    def test_without_exports_it_says_so(self) -> None:
        assert shown(rendering.snapshot(replace(self.found, rows=[])))[2:] == ["No audience export."]

    def test_what_was_not_read_comes_last(self) -> None:
        found = replace(self.found, unread=(DENIED,))
        assert shown(rendering.snapshot(found))[-1] == "Not read: ListAudienceExportJobs: AccessDenied"
        assert "\x1b[33mNot read" in coloured(rendering.snapshot(found))

    def test_a_name_that_is_not_known_is_said(self) -> None:
        found = replace(self.found, rows=[replace(self.pending, export=None)])
        assert shown(rendering.snapshot(found))[-1] == "  name not known"

    @pytest.mark.parametrize(("status", "colour"), [("ACTIVE", 32), ("CREATE_FAILED", 31)])
    def test_the_end_of_an_export_has_its_colour(self, status: str, colour: int) -> None:
        found = replace(self.found, rows=[row("Export", status)])
        assert f"\x1b[{colour}m  {status}" in coloured(rendering.snapshot(found))

    def test_its_stacks_are_bold(self) -> None:
        assert coloured(rendering.snapshot(self.found)).startswith("\x1b[1mCampaigns  CREATE_IN_PROGRESS")


def test_the_reasons_are_those_of_the_exports_that_have_one() -> None:
    found = Snapshot(AT, {}, [row("A", reason="taken"), row("B")])
    assert [str(reason) for reason in rendering.reasons(found)] == ["Campaigns/A: taken"]


def test_a_line_for_logs() -> None:
    line = "2026-03-01T11:50:00Z  Campaigns  Campaigns/A  CREATE_PENDING  "
    assert rendering.line(row("A"), AT) == f"{line}mine"
    assert rendering.line(replace(row("A"), export=None), AT) == f"{line}-"


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (None, "-"),
        (seconds(0), "0:00"),
        (seconds(65), "1:05"),
        (seconds(3599), "59:59"),
        (seconds(3600), "1:00:00"),
        (seconds(36_065), "10:01:05"),
    ],
)
def test_a_time_span_is_in_minutes_and_hours_if_it_is_long(time: timedelta | None, text: str) -> None:
    assert rendering.span(time) == text


def test_a_console_prints_text_as_it_is() -> None:
    console = rendering.make_console(width=90)
    text = console.render_str("[red]10[/red] :smile: 'text'")
    assert (console.width, text.plain, text.spans) == (90, "[red]10[/red] :smile: 'text'", [])
    assert (rendering.make_console().stderr, rendering.make_console(to_stderr=True).stderr) == (False, True)
