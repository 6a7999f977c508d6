"""The Pythons of this machine, so that the matrix downloads none."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

OLDEST = (3, 10)
_PROGRAM = "import sys; print(*sys.version_info[:2])"


def found() -> dict[tuple[int, int], Path]:
    """Return an interpreter for each version of Python from the oldest supported one, those on the PATH first."""
    versions: dict[tuple[int, int], Path] = {}
    for candidate in _candidates():
        version = _version(candidate)
        if version >= OLDEST:
            versions.setdefault(version, candidate)
    return dict(sorted(versions.items()))


def _candidates() -> Iterable[Path]:
    for name in ("python3", *(f"python3.{minor}" for minor in range(OLDEST[1], 30))):
        if path := shutil.which(name):
            yield Path(path)
    if pyenv := shutil.which("pyenv"):
        root = subprocess.run([pyenv, "root"], check=True, capture_output=True, text=True).stdout.strip()
        yield from sorted(Path(root).glob("versions/*/bin/python3"), reverse=True)


def _version(python: Path) -> tuple[int, int]:
    """Return an interpreter's version; none is before the oldest one. pyenv has commands that only say an error."""
    result = subprocess.run([str(python), "-c", _PROGRAM], check=False, capture_output=True, text=True)
    if result.returncode != 0:
        return (0, 0)
    major, minor = result.stdout.split()
    return int(major), int(minor)
