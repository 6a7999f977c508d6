"""A child process in a session of its own, whose output goes to a file, and which ends with the block."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def running(
    command: Sequence[str], *, environment: Mapping[str, str], folder: Path, log: Path, grace_seconds: float = 0
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a folder; when the block ends, so does the command with all that it started.

    Args:
        log: file that its output is appended to.
        grace_seconds: how long it may take to end by itself after it was asked to; with 0 it is not asked.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield child
    finally:
        if grace_seconds:
            child.terminate()
            with suppress(subprocess.TimeoutExpired):
                child.wait(grace_seconds)
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
