"""The installed command, as a separate process: with its extra, without it, and without AWS."""

import subprocess
import sys
from pathlib import Path

import pytest

from local_cloud import environment
from tests.builders.assemblies import resource, template, write_assembly

START = "from cdk_cleanroomsml_cli.entry import main; main()"
# A finder that knows nothing of one package, as if it were not installed.
WITHOUT = """
import importlib.abc, sys
class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] == {missing!r}:
            raise ModuleNotFoundError("No module named " + name, name=name)
sys.meta_path.insert(0, Nothing())
"""


def run(tmp_path: Path, program: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    environ = environment.base(tmp_path) | {"PYTHONPATH": str(environment.CHECKOUT / "constructs")} | variables
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("missing", ["typer", "rich", "boto3"])
def test_without_the_extra_it_says_what_to_install(tmp_path: Path, missing: str) -> None:
    result = run(tmp_path, WITHOUT.format(missing=missing) + START, "check")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"cdk-cleanroomsml needs {missing}. Run: pip install 'cdk-cleanroomsml[cli]'\n"


def test_a_part_of_the_extra_that_is_missing_is_named_too(tmp_path: Path) -> None:
    part = WITHOUT.replace('name.partition(".")[0] ==', "name ==").format(missing="typer.main")
    result = run(tmp_path, part + START, "check")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("cdk-cleanroomsml needs typer.main. ")


def test_another_missing_module_is_an_error_of_its_own(tmp_path: Path) -> None:
    result = run(tmp_path, WITHOUT.format(missing="statistics") + START, "check")
    assert "ModuleNotFoundError: No module named statistics" in result.stderr


def test_without_credentials_aws_cannot_be_asked(tmp_path: Path) -> None:
    folder = write_assembly(tmp_path / "cdk.out", {"Campaigns": template(Export=resource())})
    result = run(tmp_path, START, "check", folder, AWS_EC2_METADATA_DISABLED="true")
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr == "No AWS credentials were found. Set them up, or name a profile with --profile.\n"


def test_an_unknown_profile_and_no_region_are_said(tmp_path: Path) -> None:
    result = run(tmp_path, START, "exports", "--profile", "nobody")
    assert (result.returncode, result.stderr) == (3, "The config profile (nobody) could not be found.\n")
    result = run(tmp_path, START, "exports", AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b")
    assert (result.returncode, result.stderr) == (
        3,
        "No AWS Region is set. Name one with --region, or set AWS_REGION.\n",
    )
