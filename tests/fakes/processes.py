"""Commands of the project as a person starts them, and what of theirs still runs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from coverage import Coverage

from local_cloud.environment import CHECKOUT

_GRACE_SECONDS = 30


@contextmanager
def program_running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run Python in this checkout; what still runs when the block ends is asked to end, and then killed."""
    started = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env=dict(os.environ) | _coverage(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with started:
        try:
            yield started
        finally:
            _end(started)


def _coverage() -> dict[str, str]:
    """What a process needs to be measured, if this one is; workers of pytest-xdist must not see it."""
    return {"COVERAGE_PROCESS_START": str(CHECKOUT / "pyproject.toml")} if Coverage.current() else {}


def _end(started: subprocess.Popen[str]) -> None:
    if started.poll() is not None:
        return
    started.terminate()
    try:
        started.communicate(timeout=_GRACE_SECONDS)
    except subprocess.TimeoutExpired:
        started.kill()


def run_folders(command: subprocess.Popen[str]) -> set[Path]:
    """The folders of the local clouds that a command runs."""
    return set((CHECKOUT / ".local").glob(f"run-{command.pid}-*"))


def processes_of(command: subprocess.Popen[str]) -> list[str]:
    """Command lines of the processes that know a run's folder of a command: by argument, directory or environment."""
    folder, found = bytes(CHECKOUT / ".local" / f"run-{command.pid}-"), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "environ").read_bytes() + bytes((process / "cwd").readlink())
            known += (process / "cmdline").read_bytes()
            if folder in known:
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found
