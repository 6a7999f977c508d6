"""Which crhelper the asset gets: the one that a wheel carries, else the installed one, and never another version."""

import os
import shutil
from importlib import metadata
from pathlib import Path

import pytest

from cdk_cleanroomsml import crhelper_files

NAMES = {f"crhelper/{name}" for name in ("__init__.py", "log_helper.py", "resource_helper.py", "utils.py")}
LEGAL = {"crhelper/LICENSE", "crhelper/NOTICE"}


@pytest.fixture
def carried(tmp_path: Path) -> Path:
    """A copy as a wheel has it, with what pip compiles beside it."""
    folder = tmp_path / "crhelper"
    folder.mkdir()
    for name, path in crhelper_files.installed().items():
        shutil.copy(path, folder.parent / name)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "utils.cpython-310.pyc").touch()
    return folder


class Installed(metadata.Distribution):
    """An installed crhelper of the right version. Its record lists `names`; without names it has no record."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder, self.names = folder, names
        for name in names:
            self.locate_file(name).parent.mkdir(exist_ok=True)
            self.locate_file(name).touch()

    def read_text(self, filename: str) -> str | None:
        record = "".join(f"{name},,\n" for name in self.names) or None
        return {"METADATA": f"Version: {crhelper_files.VERSION}\n", "RECORD": record}.get(filename)

    def locate_file(self, path: str | os.PathLike[str]) -> Path:
        return self.folder / path


def no_crhelper(name: str) -> metadata.Distribution:
    raise metadata.PackageNotFoundError(name)


def test_a_checkout_takes_what_is_installed(tmp_path: Path) -> None:
    found = crhelper_files.find(tmp_path / "crhelper")
    assert found == crhelper_files.installed()
    assert found.keys() == NAMES | LEGAL


def test_a_wheel_takes_what_it_carries_whatever_is_installed(carried: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crhelper_files, "VERSION", "another")
    found = crhelper_files.find(carried)
    assert found == {name: carried.parent / name for name in NAMES | LEGAL}


def test_without_any_the_error_says_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "distribution", no_crhelper)
    with pytest.raises(
        LookupError, match=r"is neither in this package nor installed; run: pip install crhelper==2\.0\.12$"
    ):
        crhelper_files.find(tmp_path / "crhelper")


def test_another_version_is_refused_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crhelper_files, "VERSION", "2.0.13")
    expected = r"needs crhelper 2\.0\.13; 2\.0\.12 is installed; run: pip install crhelper==2\.0\.12$"
    with pytest.raises(LookupError, match=expected):
        crhelper_files.installed()


@pytest.mark.parametrize("name", ["__init__.py", "LICENSE", "NOTICE"])
def test_an_incomplete_copy_is_refused(carried: Path, name: str) -> None:
    (carried / name).unlink()
    with pytest.raises(LookupError, match=f"the installation of cdk-cleanroomsml lacks crhelper/{name}; reinstall it"):
        crhelper_files.find(carried)


def test_of_what_is_installed_only_the_modules_of_the_package_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module of another name beside it would be in the asset too."""
    taken = ("crhelper/__init__.py", "crhelper/utils.py", "crhelper.dist-info/LICENSE", "crhelper.dist-info/NOTICE")
    distribution = Installed(tmp_path, *taken, "crhelper/utils.pyi", "tests/test_utils.py")
    monkeypatch.setattr(metadata, "distribution", lambda name: distribution)
    assert crhelper_files.installed() == {
        "crhelper/__init__.py": tmp_path / taken[0],
        "crhelper/utils.py": tmp_path / taken[1],
        "crhelper/LICENSE": tmp_path / taken[2],
        "crhelper/NOTICE": tmp_path / taken[3],
    }


def test_an_installation_that_does_not_list_its_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A system's package manager may leave the list out."""
    monkeypatch.setattr(metadata, "distribution", lambda name: Installed(tmp_path))
    missing = "crhelper/LICENSE, crhelper/NOTICE, crhelper/__init__.py"
    with pytest.raises(LookupError, match=f"^the installation of crhelper lacks {missing}; reinstall it with pip$"):
        crhelper_files.installed()
