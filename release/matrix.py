"""Tests the library on the oldest and the newest versions of what it requires, on the oldest and the newest Python.

pyproject.toml promises the lowest versions to users, and no other test installs them. Each cell of the matrix has an
environment in .cache/matrix, where the wheel is installed as a user would. First an app is synthesised, then the tests
of the construct and the contract run. The local cloud is not part of it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from zipfile import Path as ZipPath

from packaging.requirements import Requirement

from release import interpreters

CHECKOUT = Path(__file__).resolve().parents[1]
FOLDER = CHECKOUT / ".cache" / "matrix"

# What the tests need beside the library.
TOOLS = (
    "boto3",
    f"crhelper=={metadata.version('crhelper')}",
    "hypothesis",
    "packaging",
    "pytest",
    "pytest-cov",
    "pytest-xdist",
)
# cdk-nag needs a newer CDK than the library.
NEWER = ("tests/construct/test_lint.py", "tests/construct/places/test_lint.py")
TESTS = ("tests/construct", "tests/contract", *(f"--ignore={path}" for path in NEWER))


@dataclass(frozen=True)
class Cell:
    """One environment: a Python, and the pins of what the library requires; none means the newest."""

    python: Path
    version: tuple[int, int]
    pins: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of its environment and log."""
        return f"python{self.version[0]}.{self.version[1]}-{'lowest' if self.pins else 'newest'}"


def main() -> None:
    """Run every cell, print what came of each, and fail if one failed."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    wheel = build()
    outcomes = {}
    for cell in cells(interpreters.found(), lowest(requirements_of(wheel))):
        outcomes[cell] = outcome(cell, wheel, run)
        print(f"{cell.name}: {outcomes[cell] or 'passed'}  ({', '.join(cell.pins) or 'newest releases'})", flush=True)
    if any(outcomes.values()):
        sys.exit(
            "The matrix failed; its logs are in .cache/matrix. Raise a lowest version in pyproject.toml if it fails."
        )


def lowest(requirements: Iterable[str]) -> tuple[str, ...]:
    """Return pins of the lowest version of each requirement; one without a lowest version is an error.

    Those of extras are left out: the tests of the matrix are those of the construct, which needs none.
    """
    pins = []
    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        versions = [part.version for part in requirement.specifier if part.operator == ">="]
        if len(versions) != 1:
            raise ValueError(f"a requirement must have one lowest version, name>=version; got {text!r}")
        pins.append(f"{requirement.name}=={versions[0]}")
    return tuple(sorted(pins))


def cells(pythons: Mapping[tuple[int, int], Path], pins: tuple[str, ...]) -> list[Cell]:
    """Return the oldest and the newest Python, each with the lowest and the newest versions."""
    if interpreters.OLDEST not in pythons:
        wanted = ".".join(map(str, interpreters.OLDEST))
        sys.exit(
            f"The matrix needs Python {wanted}, the oldest supported one; install it where the PATH or pyenv has it."
        )
    chosen = sorted({min(pythons), max(pythons)})
    return [Cell(pythons[version], version, some) for version in chosen for some in (pins, ())]


def outcome(cell: Cell, wheel: Path, run: Callable[[Cell, list[str]], bool]) -> str:
    """Run the steps of a cell and return what failed, empty if nothing did."""
    python = FOLDER / cell.name / "bin" / "python"
    # pip, because it installs aws-cdk-lib after its requirements: one of them has files of the same names, other ones.
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", *cell.pins]
    steps = {
        "no environment": [str(cell.python), "-m", "venv", "--without-pip", str(python.parents[1])],
        "these versions cannot be installed together": [*install, str(wheel)],
        "the README's app cannot be synthesised": [str(python), str(readme_app())],
        "these versions cannot be installed with what the tests need": [*install, *TOOLS],
        "tests failed": [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS],
    }
    return next((failure for failure, command in steps.items() if not run(cell, command)), "")


def run(cell: Cell, command: list[str]) -> bool:
    """Run a step, write what it prints into the cell's log, and return whether it succeeded."""
    environ = os.environ | {"CDK_OUTDIR": str(FOLDER / f"{cell.name}.out"), "PYTHONDONTWRITEBYTECODE": "1"}
    with (FOLDER / f"{cell.name}.log").open("a") as log:
        print("$", *command, file=log, flush=True)
        code = subprocess.run(command, cwd=CHECKOUT, env=environ, stdout=log, stderr=log, check=False).returncode
        print(f"(exit code {code})", file=log)
    return code == 0


def readme_app() -> Path:
    """Write the README's first app into a file, and return it."""
    [code, *_] = re.findall(r"```python\n(.*?)```", (CHECKOUT / "README.md").read_text(), re.DOTALL)
    app = FOLDER / "app.py"
    app.write_text(code)
    return app


def build() -> Path:
    """Build the wheel that every cell installs."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(FOLDER)]
    subprocess.run(command, cwd=CHECKOUT, check=True, capture_output=True)
    return next(FOLDER.glob("*.whl"))


def requirements_of(wheel: Path) -> list[str]:
    """Return what a wheel requires, as its metadata say."""
    name, version, *_ = wheel.name.split("-")
    return metadata.PathDistribution(ZipPath(wheel, f"{name}-{version}.dist-info/")).requires or []


if __name__ == "__main__":
    main()
