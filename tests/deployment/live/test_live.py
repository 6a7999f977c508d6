"""What `make test-live` does, on the local cloud; on AWS it has not been run."""

import subprocess
import sys
from collections.abc import Mapping

import pytest
from botocore.exceptions import ClientError

from local_cloud import environment
from local_cloud.cloud import LocalCloud
from tests.builders.arns import JOB
from tests.deployment.clients import Client
from tests.deployment.live.__main__ import CONFIRMATION, WORD
from tests.deployment.live.life import SECOND_STACK, STACK, Life


def run_of(cloud: LocalCloud, **variables: str) -> subprocess.CompletedProcess[str]:
    environ: Mapping[str, str] = environment.base(cloud.folder) | cloud.aws_environment | variables
    command = [sys.executable, "-m", "tests.deployment.live", "--job", variables.pop("JOB", JOB), "--percent", "10"]
    paths = {"PYTHONPATH": "constructs:lambda"}
    return subprocess.run(
        command, cwd=environment.CHECKOUT, env={**environ, **paths}, capture_output=True, text=True, check=False
    )


def stacks_of(cloud: LocalCloud) -> list[str]:
    stacks = cloud.client("cloudformation").describe_stacks()["Stacks"]
    return [one["StackName"] for one in stacks if one["StackName"] in (STACK, SECOND_STACK)]


def test_one_export_is_started_and_the_stacks_are_deleted(local_cloud: LocalCloud, client: Client) -> None:
    lines: list[str] = []
    for _ in range(2):
        life = Life(local_cloud, client, JOB, 10, lines.append)
        name = life.run()
        assert set(stacks_of(local_cloud)) == {STACK, SECOND_STACK}
        life.clean_up()
        assert stacks_of(local_cloud) == []
    assert [one.name for one in local_cloud.clean_rooms_ml.service.exports] == [name], "the second run finds it"
    assert len(local_cloud.clean_rooms_ml.started()) == 1
    assert f"as expected: {SECOND_STACK} is ROLLBACK_COMPLETE" in lines


def test_a_run_that_fails_deletes_its_stacks_too(local_cloud: LocalCloud, client: Client) -> None:
    life = Life(local_cloud, client, JOB, 7, lambda _: None)
    with pytest.raises(AssertionError, match="ROLLBACK_COMPLETE"):
        life.run()
    life.clean_up()
    assert stacks_of(local_cloud) == []


def test_a_stack_that_was_never_made_is_no_reason_to_fail(local_cloud: LocalCloud, client: Client) -> None:
    life = Life(local_cloud, client, JOB, 10, lambda _: None)
    stack = life._stack(STACK)
    with pytest.raises(ClientError):
        stack.status()
    life.clean_up()


def test_nothing_is_done_without_the_confirmation(local_cloud: LocalCloud) -> None:
    run = run_of(local_cloud)
    assert run.returncode == 2, run.stdout + run.stderr
    assert f"To do it, run it again with {CONFIRMATION}={WORD}." in run.stdout
    assert "It costs money" in run.stdout
    assert local_cloud.clean_rooms_ml.calls == []
    assert stacks_of(local_cloud) == []


def test_nothing_is_done_in_another_account_than_the_job_s(local_cloud: LocalCloud) -> None:
    run = run_of(local_cloud, JOB=JOB.replace("111122223333", "444455556666"), **{CONFIRMATION: WORD})
    assert run.returncode == 2, run.stdout + run.stderr
    assert "Nothing was done." in run.stdout
    assert local_cloud.clean_rooms_ml.calls == []


@pytest.mark.nightly
def test_the_command_as_a_person_runs_it(local_cloud: LocalCloud) -> None:
    run = run_of(local_cloud, **{CONFIRMATION: WORD})
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Everything was as expected." in run.stdout
    assert stacks_of(local_cloud) == []
    assert len(local_cloud.clean_rooms_ml.started()) == 1
