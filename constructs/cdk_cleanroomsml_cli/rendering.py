"""The results as text, at any width from 80 columns: long names wrap, and nothing is cut.

Names can have any characters, so nothing that was read is treated as markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from rich.console import Console, Group, RenderableType
from rich.text import Text

from cdk_cleanroomsml_cli import ledger
from cdk_cleanroomsml_cli.checking import Checked, JobUse, Report
from cdk_cleanroomsml_cli.facts import Unread
from cdk_cleanroomsml_cli.layout import Block, Code, Columns
from cdk_cleanroomsml_cli.ledger_reading import Ledger
from cdk_cleanroomsml_cli.progress import NOT_BEGUN, Row
from cdk_cleanroomsml_cli.start_check import Outcome
from cdk_cleanroomsml_cli.watching import Snapshot
from cdk_cleanroomsml_contract.api_limits import ACTIVE_OF_JOB, RUNNING_OF_ACCOUNT

_COLOURS = {Outcome.STARTS: "cyan", Outcome.EXISTS: "green", Outcome.FAILS: "red", Outcome.UNKNOWN: "yellow"}
_WIDEST_OUTCOME = max(len(outcome.value) for outcome in Outcome)
_NAMED_STATUSES = {"ACTIVE": "green", "CREATE_FAILED": "red"}


def make_console(*, width: int | None = None, to_stderr: bool = False) -> Console:
    """Return a console that prints text as it is."""
    return Console(width=width, stderr=to_stderr, markup=False, highlight=False, emoji=False)


def report(found: Report) -> RenderableType:
    """Return what `check` found: each export, the generation jobs, and a summary."""
    if not found.exports:
        return Text("No audience export is declared.")
    parts: list[RenderableType] = [*map(_checked, found.exports), Text()]
    if found.jobs:
        headings = (("exports", 7), ("to start", 9), (f"left of {ACTIVE_OF_JOB}", 9))
        parts += [Columns("generation job", headings), *map(_use, found.jobs), Text()]
    counts = {outcome: found.count(outcome) for outcome in Outcome}
    summary = (
        f"{counts[Outcome.STARTS]} would start, {counts[Outcome.EXISTS]} exist already, "
        f"{counts[Outcome.FAILS]} would fail, {counts[Outcome.UNKNOWN]} unknown."
    )
    return Group(*parts, Text(summary), *_slots(found))


def ledger_of(found: Ledger) -> RenderableType:
    """Return what `exports` found, by generation job."""
    parts: list[RenderableType] = [] if found.jobs else [Text("The account has no audience export.")]
    for number, job in enumerate(found.jobs):
        account, region = job.job.split(":")[4], job.job.split(":")[3]
        parts += [Text()] if number else []
        parts.append(Text(f"Generation job {job_id(job.job)} ({region}, {account})", style="bold"))
        parts.append(Text(f"{job.alive} of {ACTIVE_OF_JOB} exports, {job.left} left"))
        for entry in job.entries:
            parts += [Text(), *_entry(entry, is_certain=not found.unread)]
    parts += [Text(f"Not read: {unread} {unread.message}".rstrip(), style="yellow") for unread in found.unread]
    return Group(*parts)


def snapshot(found: Snapshot, *, rows: int | None = None) -> RenderableType:
    """Return the table of `watch`; `rows` is how many fit, those that are under way first."""
    ordered = sorted(found.rows, key=lambda row: (row.has_ended, row.status == NOT_BEGUN))
    shown = ordered if rows is None else ordered[: max(1, rows)]
    heads = [Text(f"{name}  {status}", style="bold") for name, status in found.statuses.items()]
    headings = _columns("status", "age", "ends in", "gives up")
    table = [Columns("export", headings), *map(_row, shown)] if shown else [Text("No audience export.")]
    more = [Text(f"and {len(ordered) - len(shown)} more")] if len(shown) < len(ordered) else []
    unread = [Text(f"Not read: {one}", style="yellow") for one in found.unread]
    return Group(*heads, *table, *more, *unread)


def reasons(found: Snapshot) -> Iterable[Text]:
    """Yield the reasons of the exports that failed."""
    for row in found.rows:
        if row.reason:
            yield Text(f"{row.construct_path}: {row.reason}")


def line(row: Row, at: datetime) -> str:
    """Return a line for a change, for logs."""
    return f"{moment(at)}  {row.stack}  {row.construct_path}  {row.status}  {row.export or '-'}"


def moment(at: datetime) -> str:
    """Return a time to the second, UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def span(time: timedelta | None) -> str:
    """Return a time span in minutes and seconds, `-` for None."""
    if time is None:
        return "-"
    minutes, seconds = divmod(int(time.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _row(row: Row) -> Columns:
    values = (row.status, span(row.age), span(row.estimate), span(row.left))
    style = _NAMED_STATUSES.get(row.status, "")
    return Columns(row.construct_path, _columns(*values), row.export or "name not known", style)


def _columns(status: str, age: str, estimate: str, left: str) -> tuple[tuple[str, int], ...]:
    return (status, 21), (age, 7), (estimate, 7), (left, 8)


def _checked(checked: Checked) -> Block:
    declared, verdict = checked.declared, checked.verdict
    where = declared.construct_path
    if declared.stack and declared.stack not in where.split("/"):
        where = f"{where} (stack {declared.stack})"
    size = declared.properties.get("AudienceSize")
    size_text = f"{size.get('Type')} {size.get('Value')}" if isinstance(size, dict) else "size known at deployment"
    job = job_id(declared.job) if declared.job else "known at deployment"
    score = f", relevance {verdict.score:g}" if verdict.score is not None else ""
    lines = [where, verdict.name or "name not known", f"{size_text} of job {job}{score}", verdict.reason]
    lines += [f"note: {note}" for note in verdict.notes]
    return Block(verdict.outcome.value, _COLOURS[verdict.outcome], tuple(lines), _WIDEST_OUTCOME + 1)


def _use(use: JobUse) -> Columns:
    values = zip((use.alive, use.starts, use.left), (7, 9, 9), strict=True)
    return Columns(job_id(use.job), tuple(("unknown" if one is None else str(one), width) for one, width in values))


def _slots(found: Report) -> Iterable[Text]:
    for region, running in found.running.items():
        if isinstance(running, Unread):
            yield Text(f"How many exports run in {region} is unknown ({running}).", style="yellow")
        else:
            free = found.free_slots[region]
            yield Text(f"{running} of {RUNNING_OF_ACCOUNT} exports run in {region}, {free} slots are free.")


def job_id(arn: str) -> str:
    """Return the id of a generation job; its account and Region are those of the stack."""
    return arn.rpartition("/")[2]


def _entry(entry: ledger.Entry, *, is_certain: bool) -> Iterable[RenderableType]:
    export = entry.export
    yield Text(f"  {export.name}")
    yield Text(f"    {export.size}, {export.status}, created {moment(export.created)}")
    if entry.owner:
        yield Text(f"    of stack {entry.owner.stack}: {entry.owner.construct_path}")
    elif not is_certain:
        yield Text("    owner unknown: not every stack could be read")
    elif export.has_failed:
        yield Text("    of no stack")
    else:
        yield Text("    of no stack; to adopt it:")
        yield Code("AudienceExport", ledger.adopting_arguments(export.name), indent=4)
