"""A child process in a separate session: its output goes to a file, and it stops at the end of the block."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

# `python GUARD module …` runs a module that ends with this program, if its standard input is a pipe.
GUARD = Path(__file__).with_name("guarded.py")


@contextmanager
def running(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: Path,
    log: Path,
    grace_seconds: float = 0,
    stdin: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in a folder; at the end of the block it is stopped, with all processes that it started.

    Args:
        log: its output is appended to this file.
        grace_seconds: how long it may take to stop after SIGTERM; with 0 it is killed immediately.
        stdin: `subprocess.PIPE` for a module that GUARD runs: the pipe ends with this program, even if that is killed.
    """
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=stdin,
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
        if child.stdin:
            child.stdin.close()
