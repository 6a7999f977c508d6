"""The commands, their options and their exit codes.

Each command reads, then prints, then ends with an exit code that docs/command-line.md explains.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime, timezone
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from cdk_cleanroomsml_cli import assembly, json_output, ledger_reading, local_command, rendering, showing
from cdk_cleanroomsml_cli.aws import Clients, NoAwsError, Session
from cdk_cleanroomsml_cli.checking import Report, check
from cdk_cleanroomsml_cli.facts import Unread
from cdk_cleanroomsml_cli.start_check import Outcome
from cdk_cleanroomsml_cli.watching import CannotWatchError, Watch
from cdk_cleanroomsml_contract.api_limits import broken_rule


class Exit(IntEnum):
    """The exit codes."""

    FINE = 0
    WOULD_FAIL = 1
    USAGE = 2
    UNKNOWN = 3
    INTERRUPTED = 130


Profile = Annotated[str | None, typer.Option("--profile", help="Profile of the AWS configuration.")]
Region = Annotated[str | None, typer.Option("--region", help="AWS Region; by default the one that is configured.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Open = Callable[[str | None, str | None], Clients]
_utc_now = partial(datetime.now, timezone.utc)


def make_app(
    *,
    open_session: Open = Session,
    clock: Callable[[], datetime] = _utc_now,
    sleep: Callable[[float], None] = time.sleep,
) -> typer.Typer:
    """Return the command line; AWS, time and sleep are passed in."""
    app = typer.Typer(
        help="Shows what a deployment of audience exports would do, and where exports stand. It only reads; "
        "local runs a cloud on this machine.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    _add_check(app, open_session)
    _add_watch(app, open_session, clock, sleep)
    _add_exports(app, open_session)
    local_command.add_to(app)
    return app


def _add_check(app: typer.Typer, open_session: Open) -> None:
    @app.command("check")
    def run_check(  # noqa: PLR0917 - typer calls it by name
        path: Annotated[Path, typer.Argument(help="Folder of a cloud assembly, or one template.")] = Path("cdk.out"),
        stack_name: Annotated[
            str | None, typer.Option("--stack-name", help="Stack of a template that is in no cloud assembly.")
        ] = None,
        max_new: Annotated[
            int | None, typer.Option("--max-new", min=0, help="Exit with 1 if more exports than this would start.")
        ] = None,
        profile: Profile = None,
        region: Region = None,
        as_json: Json = False,
    ) -> None:
        """Show what a deployment would start, and what would fail. Exit code 0 only if every export is fine."""
        try:
            stacks = assembly.read(path, stack_name=stack_name)
            report = check(stacks, _open(open_session, profile, region))
        except assembly.UnreadableError as error:
            _end(str(error), Exit.USAGE)
        if as_json:
            _print_json(json_output.of_report(report))
        else:
            rendering.make_console().print(rendering.report(report))
        raise typer.Exit(_of_report(report, max_new))


def _of_report(report: Report, max_new: int | None) -> Exit:
    """An unknown export may start, so it counts for --max-new."""
    unknown = report.count(Outcome.UNKNOWN)
    may_start = report.count(Outcome.STARTS) + unknown
    if max_new is not None and may_start > max_new:
        counted = f"{may_start} exports would start" if not unknown else f"Up to {may_start} exports would start"
        _end(f"{counted}, and --max-new allows {max_new}", Exit.WOULD_FAIL)
    if report.count(Outcome.FAILS):
        return Exit.WOULD_FAIL
    return Exit.UNKNOWN if unknown else Exit.FINE


def _add_watch(
    app: typer.Typer, open_session: Open, clock: Callable[[], datetime], sleep: Callable[[float], None]
) -> None:
    @app.command("watch")
    def run_watch(
        stacks: Annotated[list[str], typer.Argument(metavar="STACK", help="Names of deployed stacks.")],
        profile: Profile = None,
        region: Region = None,
        as_json: Json = False,
    ) -> None:
        """Show where the exports of stacks stand, until the stacks' operations have ended."""
        names = list(dict.fromkeys(stacks))
        watch = Watch(_open(open_session, profile, region), names, clock, sleep)
        try:
            last = showing.show(watch.snapshots(), rendering.make_console(), as_json=as_json)
        except CannotWatchError as error:
            _end(str(error), Exit.USAGE if error.is_missing else Exit.UNKNOWN)
        except KeyboardInterrupt:
            raise typer.Exit(Exit.INTERRUPTED) from None
        raise typer.Exit(Exit.FINE if last.has_succeeded else Exit.WOULD_FAIL)


def _add_exports(app: typer.Typer, open_session: Open) -> None:
    @app.command("exports")
    def run_exports(
        job: Annotated[str | None, typer.Option("--job", help="ARN of one generation job.")] = None,
        profile: Profile = None,
        region: Region = None,
        as_json: Json = False,
    ) -> None:
        """List the exports of a generation job, or of the account, and which stack each belongs to."""
        if job is not None and (rule := broken_rule("audienceGenerationJobArn", job)):
            _end(f"--job {rule}; got {job!r}", Exit.USAGE)
        found = ledger_reading.read_ledger(_open(open_session, profile, region), job)
        if isinstance(found, Unread):
            _end(f"The exports cannot be listed. {found} {found.message}".rstrip(), Exit.UNKNOWN)
        if as_json:
            _print_json(json_output.of_ledger(found))
        else:
            rendering.make_console().print(rendering.ledger_of(found))
        raise typer.Exit(Exit.UNKNOWN if found.unread else Exit.FINE)


def _open(open_session: Open, profile: str | None, region: str | None) -> Clients:
    try:
        return open_session(profile, region)
    except NoAwsError as error:
        _end(str(error), Exit.UNKNOWN)


def _print_json(content: dict[str, Any]) -> None:
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))


def _end(message: str, code: Exit) -> NoReturn:
    typer.echo(f"{message.rstrip('.')}.", err=True)
    raise typer.Exit(code)
