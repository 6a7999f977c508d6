"""What the matrix runs, and that it says which cell has failed at what. `make matrix` itself takes long."""

from pathlib import Path

import pytest

from release import matrix
from release.matrix import Cell

OLD, NEW = (3, 10), (3, 13)
PYTHONS = {OLD: Path("python3.10"), (3, 11): Path("python3.11"), NEW: Path("python3.13")}
PINS = ("aws-cdk-lib==2.167.0", "constructs==10.3.0")


class Steps:
    """Runs nothing, and fails at one command."""

    def __init__(self, fail_at: str = "nothing") -> None:
        self.fail_at = fail_at
        self.commands: list[str] = []

    def run(self, cell: Cell, command: list[str]) -> bool:
        self.commands.append(" ".join(command))
        return self.fail_at not in self.commands[-1]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(matrix, "FOLDER", tmp_path)
    return tmp_path


def test_the_lowest_versions_are_those_that_the_wheel_promises() -> None:
    assert matrix.lowest(["constructs<11,>=10.3.0", "aws-cdk-lib<3,>=2.167.0"]) == PINS


def test_the_requirements_of_extras_are_left_out() -> None:
    """They can need a newer version of something that the construct needs too."""
    assert matrix.lowest(["constructs<11,>=10.3.0", "boto3>=1.34; extra == 'cli'"]) == ("constructs==10.3.0",)


@pytest.mark.parametrize("text", ["botocore", "botocore<2", "botocore>=1,>=2"])
def test_a_requirement_must_have_one_lowest_version(text: str) -> None:
    with pytest.raises(ValueError, match=f"a requirement must have one lowest version, name>=version; got '{text}'"):
        matrix.lowest([text])


def test_the_oldest_and_the_newest_of_both() -> None:
    names = [cell.name for cell in matrix.cells(PYTHONS, PINS)]
    assert names == ["python3.10-lowest", "python3.10-newest", "python3.13-lowest", "python3.13-newest"]


def test_without_the_oldest_python_nothing_runs() -> None:
    with pytest.raises(SystemExit, match=r"The matrix needs Python 3\.10, the oldest supported one"):
        matrix.cells({NEW: Path("python3.13")}, PINS)


def test_a_cell_has_the_wheel_as_users_have_it_before_the_tests_tools_come() -> None:
    steps = Steps()
    assert matrix.outcome(Cell(Path("python3.10"), OLD, PINS), Path("the.whl"), steps.run) == ""
    make, install, app, tools, tests = steps.commands
    assert make.startswith("python3.10 -m venv")
    assert install.endswith("aws-cdk-lib==2.167.0 constructs==10.3.0 the.whl")
    assert app.endswith("app.py")
    assert "aws-cdk-lib==2.167.0 constructs==10.3.0" in tools, "the tools raise no version"
    assert "crhelper" in tools
    assert "-m pytest" in tests


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("-m venv", "no environment"),
        ("the.whl", "these versions cannot be installed together"),
        ("app.py", "the README's app cannot be synthesised"),
        ("pytest-xdist", "these versions cannot be installed with what the tests need"),
        ("-m pytest", "tests failed"),
    ],
)
def test_a_failure_says_what_failed_and_ends_the_cell(command: str, expected: str) -> None:
    steps = Steps(fail_at=command)
    assert matrix.outcome(Cell(Path("python3.10"), OLD, PINS), Path("the.whl"), steps.run) == expected
    assert command in steps.commands[-1]


def test_one_failed_cell_fails_the_matrix(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    steps = Steps(fail_at="python3.13-lowest/bin/python -m pytest")
    monkeypatch.setattr(matrix, "run", steps.run)
    monkeypatch.setattr("release.interpreters.found", lambda: PYTHONS)
    with pytest.raises(SystemExit, match=r"its logs are in \.cache/matrix"):
        matrix.main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("python3.10-lowest: passed  (aws-cdk-lib==2.")
    assert lines[2].startswith("python3.13-lowest: tests failed")
    assert len(lines) == 4


def test_the_log_of_a_cell_has_each_command_with_its_end(folder: Path) -> None:
    """A process that was killed prints nothing."""
    cell = Cell(Path("python3.10"), OLD, ())
    assert matrix.run(cell, ["sh", "-c", "echo said"])
    assert not matrix.run(cell, ["sh", "-c", "kill -9 $$"])
    log = (folder / "python3.10-newest.log").read_text()
    assert log.splitlines() == ["$ sh -c echo said", "said", "(exit code 0)", "$ sh -c kill -9 $$", "(exit code -9)"]
