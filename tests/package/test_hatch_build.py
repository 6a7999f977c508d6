"""The wheel carries exactly the crhelper that the handler is written for, or is not built."""

import subprocess
from pathlib import Path

import pytest

from local_cloud import environment
from tests.builders import packages

OF_THE_BUILD = ("hatchling", "hatch-fancy-pypi-readme")


def try_to_build(folder: Path, python: Path) -> subprocess.CompletedProcess[str]:
    command = [str(python), "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder / "dist")]
    environ = environment.base(folder)
    return subprocess.run(command, cwd=packages.ROOT, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture
def build_python(tmp_path: Path) -> Path:
    """The Python of an environment that can build, but has no crhelper."""
    return packages.environment_with(tmp_path / "environment", *OF_THE_BUILD)


def test_without_crhelper_there_is_no_wheel(tmp_path: Path, build_python: Path) -> None:
    result = try_to_build(tmp_path, build_python)
    assert result.returncode != 0
    assert "The wheel carries crhelper, which the build environment does not have: " in result.stderr
    assert "pip install crhelper==2.0.12" in result.stderr
    assert list((tmp_path / "dist").glob("*")) == []


def test_with_another_crhelper_there_is_no_wheel(tmp_path: Path, build_python: Path) -> None:
    [site] = build_python.parents[1].glob("lib/python*/site-packages")
    (site / "crhelper-2.0.13.dist-info").mkdir()
    (site / "crhelper-2.0.13.dist-info" / "METADATA").write_text("Name: crhelper\nVersion: 2.0.13\n")
    result = try_to_build(tmp_path, build_python)
    assert result.returncode != 0
    assert "the handler needs crhelper 2.0.12; 2.0.13 is installed" in result.stderr


def test_an_editable_installation_carries_none(tmp_path: Path, build_python: Path) -> None:
    """A checkout takes the installed one, whose absence is an error of the synthesis."""
    program = "import hatchling.build, sys; hatchling.build.build_editable(sys.argv[1])"
    command = [str(build_python), "-c", program, str(tmp_path)]
    subprocess.run(command, cwd=packages.ROOT, env=environment.base(tmp_path), check=True, capture_output=True)
    assert len(list(tmp_path.glob("*.whl"))) == 1
