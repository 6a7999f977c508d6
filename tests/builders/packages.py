"""Builds the project as a release does, and makes environments as users have them."""

import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

from local_cloud import environment

ROOT = environment.CHECKOUT
TIME = {"SOURCE_DATE_EPOCH": "1700000000"}


@dataclass(frozen=True)
class Built:
    """A wheel and a source distribution."""

    wheel: Path
    sdist: Path

    @property
    def in_wheel(self) -> set[str]:
        """The files of the wheel."""
        return set(zipfile.ZipFile(self.wheel).namelist())

    @property
    def in_sdist(self) -> set[str]:
        """The files of the source distribution, below its one folder."""
        with tarfile.open(self.sdist) as archive:
            return {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}


def build(source: Path, target: Path) -> Built:
    """Build wheel and source distribution of a folder with what this environment has installed."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-t", "sdist", "-d", str(target)]
    subprocess.run(command, cwd=source, env=environment.base(target.parent) | TIME, check=True, capture_output=True)
    [wheel], [sdist] = target.glob("*.whl"), target.glob("*.tar.gz")
    return Built(wheel, sdist)


def requirements(*names: str) -> set[str]:
    """The names and all that they require here, without extras."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop().lower().replace("_", "-")
        if name in found:
            continue
        found.add(name)
        parsed = [Requirement(text) for text in distribution(name).requires or []]
        waiting += [one.name for one in parsed if one.marker is None or one.marker.evaluate({"extra": ""})]
    return found


def environment_with(folder: Path, *names: str) -> Path:
    """Make an environment that has these distributions and their requirements, and nothing else; return its Python.

    They are links to what is installed here, so that nothing is downloaded.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    [site] = folder.glob("lib/python*/site-packages")
    for name in requirements(*names):
        for file in distribution(name).files or []:
            top = site / file.parts[0]
            if file.parts[0] != ".." and not top.exists():
                top.symlink_to(Path(str(distribution(name).locate_file(file.parts[0]))))
    return folder / "bin" / "python"


def install(wheel: Path, python: Path) -> None:
    """Install a wheel with pip, which refuses it if a requirement is missing: no index is asked."""
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--isolated", "install", "--no-index", str(wheel)]
    subprocess.run(pip, env=environment.base(wheel.parent), check=True, capture_output=True)


def copy_of_the_checkout(target: Path) -> Path:
    """Copy what git has or would add, with other times and modes than here."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target / name)
            (target / name).chmod(0o600)
    return target
