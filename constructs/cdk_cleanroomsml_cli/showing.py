"""Shows snapshots as they come: a live table on a terminal, a line for each change anywhere else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from rich.console import Console, RenderableType
from rich.live import Live

from cdk_cleanroomsml_cli import json_output, rendering
from cdk_cleanroomsml_cli.progress import Row
from cdk_cleanroomsml_cli.watching import Snapshot

_LINES_OF_AN_EXPORT, _LINES_AROUND = 2, 6


def show(snapshots: Iterable[Snapshot], console: Console, *, as_json: bool) -> Snapshot:
    """Show each snapshot and return the last one.

    KeyboardInterrupt passes through; the terminal is then as it was before.
    """
    if as_json or not console.is_terminal:
        return _lines(snapshots, console, as_json=as_json)
    iterator = iter(snapshots)
    # The first one may be an error, for which no table is drawn.
    last = next(iterator)
    with Live(_fitting(last, console), console=console, auto_refresh=False) as live:
        for last in iterator:
            live.update(_fitting(last, console), refresh=True)
        live.update(rendering.snapshot(last), refresh=True)
    for reason in rendering.reasons(last):
        console.print(reason)
    return last


def _fitting(snapshot: Snapshot, console: Console) -> RenderableType:
    rows = (console.height - _LINES_AROUND - len(snapshot.statuses)) // _LINES_OF_AN_EXPORT
    return rendering.snapshot(snapshot, rows=rows)


def _lines(snapshots: Iterable[Snapshot], console: Console, *, as_json: bool) -> Snapshot:
    shown: dict[tuple[str, str], object] = {}
    last: Snapshot | None = None
    for last in snapshots:
        for line in _changes(last, shown, as_json=as_json):
            console.file.write(f"{line}\n")
            console.file.flush()
    if last is None:
        raise AssertionError("a watch reads at least once")
    return last


def _changes(snapshot: Snapshot, shown: dict[tuple[str, str], object], *, as_json: bool) -> Iterator[str]:
    for name, status in snapshot.statuses.items():
        if shown.get((name, "")) != status:
            shown[name, ""] = status
            text = f"{rendering.moment(snapshot.at)}  {name}  {status}"
            yield json.dumps(json_output.of_stack(name, snapshot)) if as_json else text
    for row in snapshot.rows:
        key, state = (row.stack, row.construct_path), (row.status, row.export, row.reason)
        if shown.get(key) != state:
            shown[key] = state
            yield json.dumps(json_output.of_row(row, snapshot)) if as_json else _text(row, snapshot)
    unread = tuple(map(str, snapshot.unread))
    if shown.get(("", ""), ()) != unread:
        shown["", ""] = unread
        if unread and not as_json:
            yield f"{rendering.moment(snapshot.at)}  not read: {', '.join(unread)}"


def _text(row: Row, snapshot: Snapshot) -> str:
    return rendering.line(row, snapshot.at) + (f"  {row.reason}" if row.reason else "")
