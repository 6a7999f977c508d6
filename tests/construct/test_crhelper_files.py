"""Which crhelper the asset gets: the one that a wheel carries, else the installed one, and never another version."""

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
