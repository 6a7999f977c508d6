"""The command line on the local cloud: before a deployment, after it, and after the stack is gone."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner

from cdk_cleanroomsml_cli.aws import Session
from cdk_cleanroomsml_cli.commands import make_app
from local_cloud.cloud import LocalCloud
from tests.deployment.clients import Api
from tests.deployment.declarations import export
from tests.deployment.stack import DeployedStack


@pytest.fixture
def settings(local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, str]:
    """What `make local` prints for another terminal."""
    for name, value in local_cloud.aws_environment.items():
        monkeypatch.setenv(name, value)
    return local_cloud.aws_environment


def run(*arguments: object) -> Any:
    return CliRunner().invoke(make_app(open_session=Session), [*map(str, arguments), "--json"])


def test_check_exports_and_watch(local_cloud: LocalCloud, settings: Mapping[str, str]) -> None:
    stack = DeployedStack(local_cloud, Api(local_cloud), "CommandLine")
    stack.synthesise(export())

    before = run("check", stack.assembly_folder)
    assert before.exit_code == 0, before.output
    [expected] = json.loads(before.stdout)["exports"]
    assert expected["outcome"] == "starts"

    assert stack.deploy_assembly() == "CREATE_COMPLETE", stack.reasons()
    [started] = local_cloud.clean_rooms_ml.service.exports
    assert expected["name"] == started.name
    [after] = json.loads(run("check", stack.assembly_folder).stdout)["exports"]
    assert (after["outcome"], after["cause"], after["name"]) == ("exists", "unchanged", started.name)

    [job] = json.loads(run("exports").stdout)["generationJobs"]
    assert [(one["name"], one["stack"]) for one in job["exports"]] == [(started.name, "CommandLine")]
    watched = run("watch", "CommandLine")
    assert watched.exit_code == 0, watched.output
    [of_stack, of_export] = map(json.loads, watched.stdout.splitlines())
    assert of_stack["stackStatus"] == "CREATE_COMPLETE"
    assert (of_export["export"], of_export["status"]) == (started.name, "ACTIVE")

    assert stack.destroy() == "DELETE_COMPLETE"
    [job] = json.loads(run("exports").stdout)["generationJobs"]
    assert job["exports"][0]["adoptWith"] == f'AudienceExport(..., name="{started.name}", on_conflict=OnConflict.ADOPT)'
