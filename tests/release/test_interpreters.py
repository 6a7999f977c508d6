"""Which Pythons of a machine the matrix finds."""

from pathlib import Path

import pytest

from release import interpreters


def python(path: Path, version: str) -> Path:
    """A command that says a version, as an interpreter does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho {version}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}:/bin")
    for minor in range(10, 30):  # whatever the machine has is behind these, and is not called
        python(tmp_path / "path" / f"python3.{minor}", "2 7")
    return tmp_path / "path"


def test_those_on_the_path_in_the_order_of_their_versions(path: Path) -> None:
    default = python(path / "python3", "3 12")
    newest = python(path / "python3.14", "3 14")
    assert list(interpreters.found().items()) == [((3, 12), default), ((3, 14), newest)]


def test_those_of_pyenv_whose_commands_on_the_path_do_not_run(path: Path, tmp_path: Path) -> None:
    for name in ("python3", "python3.10"):
        (path / name).write_text("#!/bin/sh\nexit 127\n")
        (path / name).chmod(0o755)
    (path / "pyenv").write_text(f"#!/bin/sh\necho {tmp_path / 'pyenv'}\n")
    (path / "pyenv").chmod(0o755)
    oldest = python(tmp_path / "pyenv" / "versions" / "3.10.13" / "bin" / "python3", "3 10")
    assert interpreters.found() == {(3, 10): oldest}


def test_none_older_than_supported(path: Path) -> None:
    python(path / "python3", "3 9")
    assert interpreters.found() == {}
