"""How many of two hundred scripted bad days end right with each peer, and what happens on the others."""

from __future__ import annotations

from collections import Counter

from bench import days
from bench.days import Day
from bench.figure import Cell, Figure, Goal, Plot, Table
from bench.peers.apps import PROJECT
from bench.virtual import runs, runtimes
from bench.virtual.runs import Run

RIGHT = "right"
_DOES_NOT_WAIT = "AwsCustomResource"


def measure(of_each: int | None = None) -> Figure:
    """Run all days, or so many of each kind, with each peer."""
    found: dict[str, dict[str, Counter[str]]] = {}
    with runs.network():
        for name in runtimes.NAMES:
            found[name] = {kind: Counter() for kind in days.KINDS}
            for one in days.all_days(of_each):
                found[name][one.kind][outcome_of(one, runs.run(name, one.plan))] += 1
    counts = {kind: found[PROJECT.name][kind].total() for kind in days.KINDS}
    return Figure(
        title="Faults survived",
        how=(
            f"On virtual time, {sum(counts.values())} scripted days (`bench/days.py`): one thing goes wrong on each, "
            "and each peer has the same days. The name of an export is unique in its generation job. A day ends right "
            "if the stack ends as it should, no export starts that nobody requested or while the stack rolls back, and "
            "no success is reported before the export is ACTIVE. The figure repeats exactly: the days are drawn from "
            "fixed seeds."
        ),
        tables=[_right_table(found, counts), _wrong_table(found)],
        goals=_goals(found, counts),
        notes=[
            f"{_DOES_NOT_WAIT} cannot wait for an export. So for it, and only for it, a success before ACTIVE counts "
            "as right.",
            "A crash after the start cannot strike the SDK integration, because no function sends the start. Old "
            "statuses of the stack cannot strike a peer, because no peer reads the stack; that is also why peers start "
            "exports in a rollback.",
            "The days are bad on purpose, and say nothing about how often such a day comes. Late permissions are drawn "
            "from 5 to 170 seconds after the stack began, and four of five calls meet a host that does not know them.",
            "Not in these days: a name that somebody else has taken. The peers treat an export of that name as their "
            "own, whoever started it.",
        ],
        plots=[
            Plot(
                "faults",
                "Days that end right",
                "days",
                ["all days"],
                {name: [float(_right(kinds))] for name, kinds in found.items()},
            )
        ],
    )


def outcome_of(day: Day, run: Run) -> str:
    """What came of a day, in words; `RIGHT` if it ended as it should."""
    observer, status = run.observer, run.stack.status
    late = [start for start in observer.starts if not start.was_forward]
    if late:
        return "an export starts in a rollback"
    if len(observer.starts) > day.asked:
        return "an export too many starts"
    early = [
        answer
        for answer in observer.answers
        if answer.body["Status"] == "SUCCESS" and answer.request.type != "Delete" and answer.export_status != "ACTIVE"
    ]
    if early and run.peer != _DOES_NOT_WAIT:
        return "success before the export is ACTIVE"
    if observer.timed_out:
        return "no answer: CloudFormation gives up after an hour"
    if status not in day.expected:
        return "the deployment fails, the export runs and is paid for" if observer.starts else "the deployment fails"
    return RIGHT


def _right(kinds: dict[str, Counter[str]]) -> int:
    return sum(outcomes[RIGHT] for outcomes in kinds.values())


def _right_table(found: dict[str, dict[str, Counter[str]]], counts: dict[str, int]) -> Table:
    rows: list[list[Cell]] = [
        [f"{kind} ({counts[kind]})", *(kinds[kind][RIGHT] for kinds in found.values())] for kind in days.KINDS
    ]
    rows.append([f"**all ({sum(counts.values())})**", *(f"**{_right(kinds)}**" for kinds in found.values())])
    return Table("Days that end right", ["day (how many)", *found], rows)


def _wrong_table(found: dict[str, dict[str, Counter[str]]]) -> Table:
    rows: list[list[Cell]] = []
    for name, kinds in found.items():
        for kind, outcomes in kinds.items():
            wrong = [f"{what} ({count})" for what, count in sorted(outcomes.items()) if what != RIGHT]
            if wrong:
                rows.append([name, kind, "; ".join(wrong)])
    return Table("What happens on the others", ["peer", "day", "what happens (days)"], rows)


def _goals(found: dict[str, dict[str, Counter[str]]], counts: dict[str, int]) -> list[Goal]:
    total, own = sum(counts.values()), _right(found[PROJECT.name])
    return [Goal(f"all {total} days end right", str(own), own == total)]
