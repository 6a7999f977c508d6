"""Keeps a local cloud running in a terminal: prints the settings that a client needs, and then what happens."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from cdk_cleanroomsml_local import interrupt
from cdk_cleanroomsml_local.cloud import Cloud
from cdk_cleanroomsml_local.function_logs import Tail

_READ_EVERY_SECONDS = 0.5


def keep_running(cloud: Cloud, *, settings: Path, tools: str = "") -> None:
    """Print and write the settings, then tell what happens until KeyboardInterrupt.

    Args:
        cloud: the cloud that runs.
        settings: file that another shell can read; it is removed at the end.
        tools: folders that come first on the PATH of that shell.
    """
    lines = _settings(cloud, tools)
    # Only the user who runs it can read what a shell executes.
    with os.fdopen(os.open(settings, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("\n".join([*lines, ""]))
    try:
        _introduce(cloud, lines, settings)
        _tell(cloud)
    finally:
        settings.unlink(missing_ok=True)


def _settings(cloud: Cloud, tools: str) -> list[str]:
    # The reader's own profile or session token would override the keys; NO_PROXY keeps a proxy out of the way.
    lines = ["unset AWS_PROFILE AWS_SESSION_TOKEN"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in cloud.aws_environment.items()]
    return [*lines, f'export PATH={shlex.quote(tools)}:"$PATH"'] if tools else lines


def _introduce(cloud: Cloud, lines: Sequence[str], settings: Path) -> None:
    print("The local cloud is running. In another terminal, run these lines:\n")
    print("\n".join(f"    {line}" for line in lines))
    print(f"\nThis does the same:\n\n    . {shlex.quote(str(settings))}\n")
    print("Then run, in the folder of your app:\n")
    print("    cdk bootstrap    # once\n    cdk deploy       # or cdk diff, cdk destroy, aws ...\n")
    print("Generation jobs in the catalog:")
    for job in cloud.clean_rooms_ml.service.jobs.values():
        print(f"    {job.arn}  {job.name}")
    print("\nStatus changes of exports, and what functions log (Ctrl-C stops the cloud):", flush=True)


def _tell(cloud: Cloud) -> None:
    """Print each change of an export's status and each line of a log once."""
    service, tail = cloud.clean_rooms_ml.service, Tail(cloud)
    shown: dict[int, str] = {}
    while True:
        interrupt.check()
        for export in list(service.exports):
            status = service.status_of(export)
            if shown.get(export.number) != status:
                shown[export.number] = status
                print(f"    {status:<20} {export.name}", flush=True)
        # MiniStack may be too busy to answer; the next time shows what is missing.
        with suppress(ClientError, BotoCoreError):
            for line in tail.new_lines():
                print(f"      {line.message}", flush=True)
        time.sleep(_READ_EVERY_SECONDS)
