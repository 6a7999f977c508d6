"""The library as a user installs it: a wheel that carries its handler, in an environment without this checkout."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cdk_cleanroomsml import handler_code
from local_cloud import environment
from tests.builders import packages
from tests.builders.packages import Built

APP = """
from aws_cdk import App, Stack
import cdk_cleanroomsml
assert "site-packages" in cdk_cleanroomsml.__file__, cdk_cleanroomsml.__file__
app = App()
cdk_cleanroomsml.AudienceExport(
    Stack(app, "Campaigns"),
    "Spring",
    audience_generation_job_arn="arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/1",
    audience_size=cdk_cleanroomsml.AudienceSize.percentage(10),
)
app.synth()
"""


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def synthesised_handler(python: Path, folder: Path) -> Path:
    """The asset of an app that an environment synthesises."""
    (folder / "app.py").write_text(APP)
    environ = environment.base(folder) | {"CDK_OUTDIR": str(folder / "out")}
    subprocess.run([str(python), "app.py"], cwd=folder, env=environ, check=True)
    assets = json.loads((folder / "out" / "Campaigns.assets.json").read_text())["files"]
    folders = [folder / "out" / str(asset["source"]["path"]) for asset in assets.values()]
    return next(one for one in folders if (one / "audience_export_handler" / "lifecycle.py").exists())


def test_an_environment_has_no_crhelper(user_python: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "--python", str(user_python), "list", "--format", "json"]
    listed = subprocess.run(command, env=environment.base(tmp_path), check=True, capture_output=True, text=True).stdout
    names = {one["name"] for one in json.loads(listed)}
    assert {"cdk-cleanroomsml", "aws-cdk-lib", "constructs", "botocore"} <= names
    assert not {"crhelper", "boto3"} & names


def test_the_handler_is_the_same_as_from_a_checkout(user_python: Path, tmp_path: Path) -> None:
    """Another hash would deploy the same handler again."""
    handler = synthesised_handler(user_python, tmp_path)
    assert content(handler) == content(handler_code.assemble(tmp_path / "checkout"))
    assert {"crhelper/LICENSE", "crhelper/NOTICE"} <= content(handler).keys()


@pytest.mark.nightly
def test_another_crhelper_of_the_user_changes_nothing(built: Built, tmp_path: Path) -> None:
    python = packages.environment_with(tmp_path / "environment", "aws-cdk-lib", "constructs", "botocore")
    packages.install(built.wheel, python)
    [site] = python.parents[1].glob("lib/python*/site-packages")
    for name, text in {"crhelper": "", "crhelper-9.0.dist-info": "Name: crhelper\nVersion: 9.0\n"}.items():
        (site / name).mkdir()
        (site / name / ("METADATA" if text else "__init__.py")).write_text(text)
    handler = synthesised_handler(python, tmp_path)
    assert content(handler) == content(handler_code.assemble(tmp_path / "checkout"))


def test_a_checkout_without_crhelper_says_the_command(tmp_path: Path) -> None:
    python = packages.environment_with(tmp_path / "environment", "aws-cdk-lib", "constructs", "botocore")
    environ = environment.base(tmp_path) | {"PYTHONPATH": str(packages.ROOT / "constructs")}
    program = "import pathlib, cdk_cleanroomsml.handler_code as code; code.assemble(pathlib.Path('asset'))"
    command = [str(python), "-c", program]
    result = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert result.stderr.endswith("run: pip install crhelper==2.0.12\n")


@pytest.mark.parametrize("package", ["cdk_cleanroomsml", "cdk_cleanroomsml_contract"])
def test_the_version_and_the_types_are_in_it(user_python: Path, tmp_path: Path, package: str) -> None:
    [site] = user_python.parents[1].glob("lib/python*/site-packages")
    assert (site / package / "py.typed").exists()
