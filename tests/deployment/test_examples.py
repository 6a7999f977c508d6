"""The apps in examples/: each is synthesised, and deployed as its README says."""

import json
import re
import runpy
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from typer.testing import CliRunner

from cdk_cleanroomsml_cli.aws import Session
from cdk_cleanroomsml_cli.commands import make_app
from cdk_cleanroomsml_local import Cloud, catalog
from local_cloud import environment
from local_cloud.cloud import LocalCloud
from local_cloud.stack_watch import EXPORT_TYPE
from tests.fakes.waiting import wait_until

EXAMPLES = environment.CHECKOUT / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/cdk.json"))
NIGHTLY = pytest.mark.nightly


def app_of(name: str) -> App:
    app: App = runpy.run_path(str(EXAMPLES / name / "app.py"))["app"]
    return app


def templates(app: App) -> list[dict[str, Any]]:
    return [json.loads(path.read_text()) for path in Path(app.synth().directory).glob("*.template.json")]


@pytest.fixture
def cloud(local_cloud: LocalCloud) -> Iterator[Cloud]:
    """A cloud in which handlers do not wait, and to which an example can add jobs."""
    service = local_cloud.clean_rooms_ml.service
    jobs, models = dict(service.jobs), dict(service.models)
    local_cloud.scale_waits(0.05)
    with local_cloud.environment():
        yield local_cloud
    local_cloud.scale_waits(1)
    service.forget(jobs, models)


def test_every_example_is_in_the_list() -> None:
    listed = re.findall(r"^\| \[(\w+)\]\(\1\)", (EXAMPLES / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == NAMES
    assert len(NAMES) == 9


@pytest.mark.parametrize("name", NAMES)
def test_an_example_synthesises(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES / name))
    assert json.loads((EXAMPLES / name / "cdk.json").read_text()) == {"app": "python3 app.py"}
    assert (EXAMPLES / name / "README.md").exists()
    resources = [one for template in templates(app_of(name)) for one in template["Resources"].values()]
    assert EXPORT_TYPE in [one["Type"] for one in resources]


@pytest.mark.parametrize(
    "name", ["minimal", *(pytest.param(name, marks=NIGHTLY) for name in ("vpc_and_role", "cdk_nag"))]
)
def test_an_example_with_one_export_deploys(cloud: Cloud, name: str) -> None:
    deployment = cloud.deploy(app_of(name))
    assert deployment.succeeded, deployment.reasons
    assert [export.status for export in cloud.exports] == ["ACTIVE"]
    assert cloud.destroy(deployment.stack) == "DELETE_COMPLETE"


def test_another_stack_reads_the_output_location(cloud: Cloud) -> None:
    app = app_of("output_in_another_stack")
    deployments = cloud.deploy_all(app)
    assert [(one.stack, one.succeeded) for one in deployments] == [("Campaigns", True), ("Reports", True)]
    resources = cloud.client("cloudformation").describe_stack_resources(StackName="Reports")["StackResources"]
    [function] = [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == "AWS::Lambda::Function"]
    result = cloud.client("lambda").invoke(FunctionName=function)["Payload"].read()
    assert json.loads(result).startswith("s3://lookalike-audiences/exports/")
    assert not cloud.deploy(app, "Reports").has_changed
    for stack in ("Reports", "Campaigns"):
        assert cloud.destroy(stack) == "DELETE_COMPLETE"


def test_a_pipeline_reacts_to_the_end_of_an_export(cloud: Cloud) -> None:
    deployment = cloud.deploy(app_of("react_to_the_end"))
    assert deployment.succeeded, deployment.reasons
    resources = cloud.client("cloudformation").describe_stack_resources(StackName="Pipeline")["StackResources"]
    [parameter] = [one["PhysicalResourceId"] for one in resources if one["ResourceType"] == "AWS::SSM::Parameter"]
    ssm = cloud.client("ssm")
    wait_until(
        lambda: ssm.get_parameter(Name=parameter)["Parameter"]["Value"].startswith("s3://lookalike-audiences/"),
        "the function has noted the location",
    )
    assert cloud.destroy("Pipeline") == "DELETE_COMPLETE"


def test_the_seed_data_provider_exports_without_seeing_the_location(cloud: Cloud) -> None:
    usual = cloud.readings
    cloud.readings = replace(usual, output_locations_are_visible=False, models_are_readable=False)
    deployment = cloud.deploy(app_of("two_parties"), "SeedDataProvider")
    assert deployment.outputs == {"ExportName": "spring-campaign"}, deployment.reasons
    assert cloud.destroy("SeedDataProvider") == "DELETE_COMPLETE"


@NIGHTLY
def test_sixty_exports_of_three_jobs_deploy(cloud: Cloud) -> None:
    given = catalog.read(EXAMPLES / "sixty_exports" / "catalog.json")
    for job in given.jobs.values():
        cloud.clean_rooms_ml.service.add(job, given.models[job.configured_audience_model_arn])
    deployment = cloud.deploy(app_of("sixty_exports"))
    assert deployment.succeeded, deployment.reasons
    assert [export.status for export in cloud.exports] == ["ACTIVE"] * 60
    per_job = [sum(one.audience_generation_job_arn == job for one in cloud.exports) for job in given.jobs]
    assert per_job == [20, 20, 20]
    assert cloud.destroy(deployment.stack) == "DELETE_COMPLETE"


@pytest.mark.parametrize(("max_new", "exit_code"), [(2, 1), (3, 0)])
def test_the_check_of_a_pipeline_stops_what_starts_too_much(cloud: Cloud, max_new: int, exit_code: int) -> None:
    folder = app_of("check_before_deploy").synth().directory
    arguments = ["check", folder, "--max-new", str(max_new)]
    assert CliRunner().invoke(make_app(open_session=Session), arguments).exit_code == exit_code


@NIGHTLY
def test_the_steps_of_a_pipeline(cloud: Cloud, tmp_path: Path) -> None:
    def run(**settings: str) -> int:
        environ = environment.base(tmp_path) | cloud.aws_environment | settings
        command = ["/usr/bin/env", "bash", str(EXAMPLES / "check_before_deploy" / "deploy.sh")]
        # A copy, because the CDK CLI writes into the folder of the app.
        return subprocess.run(command, cwd=tmp_path / "app", env=environ, check=False).returncode

    (tmp_path / "app").mkdir()
    for name in ("app.py", "cdk.json"):
        (tmp_path / "app" / name).write_text((EXAMPLES / "check_before_deploy" / name).read_text())
    assert run(MAX_NEW="2") == 1
    assert cloud.clean_rooms_ml.started() == []
    assert run(MAX_NEW="3") == 0
    assert [export.status for export in cloud.exports] == ["ACTIVE"] * 3
    assert cloud.destroy("CheckedCampaigns") == "DELETE_COMPLETE"
