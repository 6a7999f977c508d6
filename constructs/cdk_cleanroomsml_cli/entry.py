"""Starts the command line, or says what to install: the library itself does not need typer, rich or boto3."""

from __future__ import annotations

import sys

_OF_THE_EXTRA = {"boto3", "rich", "typer"}


def main() -> None:
    """Run the command line; the exit code is the command's, or 2 if the extra is not installed."""
    try:
        from cdk_cleanroomsml_cli.commands import make_app  # noqa: PLC0415 - what it imports may be missing
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OF_THE_EXTRA:
            raise
        sys.stderr.write(f"cdk-cleanroomsml needs {error.name}. Run: pip install 'cdk-cleanroomsml[cli]'\n")
        sys.exit(2)
    make_app()()
