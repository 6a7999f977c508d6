"""The command `local`, the only one that starts something: a cloud on this machine. It needs the extra `local`."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer

_FAILED = 1
_USAGE = 2


def add_to(app: typer.Typer) -> None:
    """Add the command."""

    @app.command("local")
    def run_local(
        catalog: Annotated[
            Path | None, typer.Option("--catalog", help="JSON file with generation jobs and models; see the docs.")
        ] = None,
        export_seconds: Annotated[
            float, typer.Option("--export-seconds", min=0, help="Seconds that an export is in progress.")
        ] = 8,
        account: Annotated[str, typer.Option("--account", help="Its account, twelve digits.")] = "111122223333",
        region: Annotated[str, typer.Option("--region", help="Its Region.")] = "us-east-1",
    ) -> None:
        """Run a cloud on this machine until Ctrl-C: MiniStack, and an emulator of Clean Rooms ML."""
        try:
            _run(catalog, export_seconds, account, region)
        except ModuleNotFoundError as error:
            _end(f"The local cloud needs {error.name}. Run: pip install 'cdk-cleanroomsml[local]'")
        except KeyboardInterrupt:
            typer.echo("\nThe local cloud has stopped. Nothing is left running.")


def _run(given: Path | None, export_seconds: float, account: str, region: str) -> None:
    from cdk_cleanroomsml_local import Readings, catalog, console, interrupt, running  # noqa: PLC0415 - may be missing
    from cdk_cleanroomsml_local.ministack import MiniStackDidNotStartError  # noqa: PLC0415 - may be missing

    if not (account.isdecimal() and len(account) == 12):
        _end(f"--account must have twelve digits; got {account!r}")
    try:
        jobs = catalog.read(given or catalog.DEMO)
    except (OSError, ValueError, KeyError, TypeError) as error:
        _end(f"The catalog {given} cannot be read: {error!r}")
    interrupt.end_in_order()
    readings = Readings(in_progress_for=timedelta(seconds=export_seconds))
    try:
        with running(jobs, account=account, region=region, readings=readings) as cloud:
            console.keep_running(cloud, settings=cloud.folder / "env")
    except MiniStackDidNotStartError as error:
        _end(str(error), _FAILED)


def _end(message: str, code: int = _USAGE) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
