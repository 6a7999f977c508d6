"""A release is made of a clean checkout whose changelog and version agree, and only once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local_cloud import environment
from release.__main__ import main, problems, version_of
from tests.builders import packages

CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n## 0.1.0 (2026-11-25)\n\nAdded:\n\n- A construct.\n\n## 0.0.9\n\n- Older.\n"
)
WHO = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@b.example",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@b.example",
}


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of this checkout that is ready for a release."""
    for name, value in (environment.base(tmp_path) | WHO).items():
        monkeypatch.setenv(name, value)
    folder = packages.copy_of_the_checkout(tmp_path / "checkout")
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    monkeypatch.chdir(folder)
    git("init", "--quiet")
    commit()
    return folder


def git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def commit() -> None:
    git("add", "--all")
    git("commit", "--quiet", "--message", "everything")


def test_builds_checks_and_tags(checkout: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (checkout / "dist").mkdir()
    (checkout / "dist" / "cdk_cleanroomsml-0.0.9.tar.gz").touch()
    main()
    assert {path.name for path in (checkout / "dist").iterdir()} == {
        "cdk_cleanroomsml-0.1.0-py3-none-any.whl",
        "cdk_cleanroomsml-0.1.0.tar.gz",
    }
    assert git("cat-file", "-t", "v0.1.0") == "tag"
    assert git("rev-parse", "v0.1.0^{}") == git("rev-parse", "HEAD")
    assert git("status", "--porcelain") == ""
    output = capfd.readouterr().out
    assert output.count("PASSED") == 2
    assert "Nothing was uploaded" in output


def test_what_twine_refuses_is_not_tagged(checkout: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Its description would have no content type."""
    project = (checkout / "pyproject.toml").read_text()
    (checkout / "pyproject.toml").write_text(project.replace('"text/markdown"', '"text/x-rst"'))
    commit()
    with pytest.raises(subprocess.CalledProcessError):
        main()
    assert git("tag") == ""


def test_one_version_is_released_once(checkout: Path) -> None:
    git("tag", "v0.1.0")
    with pytest.raises(
        SystemExit, match=r"0\.1\.0 cannot be released:\n- the tag v0\.1\.0 exists; raise __version__ in "
    ):
        main()
    assert not (checkout / "dist").exists()


def test_a_checkout_with_changes_is_not_released(checkout: Path) -> None:
    (checkout / "new.py").touch()
    assert problems(checkout, "0.1.0") == ["the checkout has changes; commit them first"]


@pytest.mark.parametrize(
    ("changelog", "expected"),
    [
        (CHANGELOG.replace("## 0.1.0", "## 0.1.1"), "CHANGELOG.md has no entry under a heading `## 0.1.0`"),
        (CHANGELOG.replace("- A construct.\n", ""), "CHANGELOG.md has no entry under a heading `## 0.1.0`"),
        (
            CHANGELOG.replace("## Unreleased\n", "## Unreleased\n\n- New.\n"),
            "CHANGELOG.md has entries under `## Unreleased`",
        ),
    ],
    ids=["another version", "an empty entry", "entries that are not released"],
)
def test_the_changelog_has_the_version(checkout: Path, changelog: str, expected: str) -> None:
    (checkout / "CHANGELOG.md").write_text(changelog)
    commit()
    [problem] = problems(checkout, "0.1.0")
    assert problem.startswith(expected)


def test_a_version_in_development_is_not_released(checkout: Path) -> None:
    assert "the version must be three numbers; got '0.2.0.dev1'" in problems(checkout, "0.2.0.dev1")


def test_a_checkout_without_a_version_is_refused(checkout: Path) -> None:
    (checkout / "constructs" / "cdk_cleanroomsml" / "__init__.py").write_text("")
    with pytest.raises(SystemExit, match="has no line __version__ ="):
        version_of(checkout)


def test_the_command_refuses_this_checkout_as_long_as_it_has_changes(checkout: Path) -> None:
    (checkout / "new.py").touch()
    command = [sys.executable, "-m", "release"]
    result = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr == "0.1.0 cannot be released:\n- the checkout has changes; commit them first\n"
