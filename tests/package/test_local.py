"""The local cloud as a user installs it: a wheel with its extra, and the example's tests in a folder of their own."""

import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from local_cloud import environment
from tests.builders import packages
from tests.builders.packages import Built

EXAMPLE = packages.ROOT / "examples" / "tests_of_your_own"
OF_THE_EXTRA = ("boto3", "ministack", "rich", "trustme", "typer")
LIBRARY = ("aws-cdk-lib", "constructs", "botocore")


@pytest.fixture(scope="module")
def local_python(built: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel, its extra `local`, and pytest."""
    python = packages.environment_with(
        tmp_path_factory.mktemp("local") / "environment", *LIBRARY, *OF_THE_EXTRA, "pytest"
    )
    packages.install(built.wheel, python)
    return python


def run(python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder with an empty home."""
    environ = environment.base(folder.parent / "homes") | {
        "AWS_PROFILE": "of-somebody",
        "AWS_ENDPOINT_URL": "https://0",
    }
    return subprocess.run(
        [str(python), *arguments], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )


@pytest.mark.nightly
def test_the_tests_of_the_example_and_of_the_page_pass(local_python: Path, tmp_path: Path) -> None:
    example = tmp_path / "example"
    shutil.copytree(EXAMPLE, example, ignore=shutil.ignore_patterns("__pycache__", "cdk.out"))
    page = (packages.ROOT / "docs" / "test-your-stack.md").read_text()
    [first, *_] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (example / "tests" / "test_of_the_page.py").write_text(first)
    result = run(local_python, example, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines()[-1].startswith("6 passed")


def test_the_command_runs_the_cloud_until_it_is_interrupted(local_python: Path, tmp_path: Path) -> None:
    command = [str(local_python.with_name("cdk-cleanroomsml")), "local", "--account", "999988887777"]
    started = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment.base(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with started:
        try:
            assert started.stdout
            printed = []
            for line in started.stdout:
                printed.append(line)
                if line.startswith("Status changes"):
                    break
            assert "    export AWS_ACCESS_KEY_ID=999988887777\n" in printed, printed
            [source] = [line.split(maxsplit=1)[1].strip() for line in printed if line.startswith("    . ")]
            assert Path(source).stat().st_mode & 0o077 == 0
            started.send_signal(signal.SIGINT)
            rest, _ = started.communicate(timeout=60)
        finally:
            started.kill()
    assert (started.returncode, rest) == (0, "\nThe local cloud has stopped. Nothing is left running.\n")
    assert not Path(source).parent.exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_without_the_extra_a_fixture_says_what_to_install(built: Built, tmp_path: Path) -> None:
    python = packages.environment_with(tmp_path / "environment", *LIBRARY, "pytest")
    packages.install(built.wheel, python)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_it.py").write_text(
        "import sys\n"
        "def test_other_tests_run():\n    assert 'cdk_cleanroomsml_local.pytest_plugin' in sys.modules\n"
        "def test_with_the_cloud(cleanroomsml_cloud):\n    pass\n"
    )
    result = run(python, tmp_path / "tests", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert "1 passed, 1 error" in result.stdout
    # Which of them is missed first depends on the order of imports.
    said = r"The local cloud needs (boto3|ministack|trustme)\. Run: pip install 'cdk-cleanroomsml\[local\]'"
    # pytest cuts its summary to the width of the terminal, and shows the whole message above it.
    assert re.search(said, result.stdout), result.stdout
