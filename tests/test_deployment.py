"""The whole way on MiniStack, with the real CDK CLI and an app of a user's own.

`make demo` has its own test beside this one; here is what the demo does not show.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local_cloud import cloud, environment, seed
from local_cloud.cloud import LocalCloud
from local_cloud.readings import Readings
from local_cloud.stack_watch import StackWatch
from tests.handler.deployment import FAILING_JOB, JOB

APP = Path(__file__).parent / "apps" / "life"


@dataclass
class Stack:
    """One stack of the app, deployed again and again with other arguments."""

    cloud: LocalCloud
    name: str

    def __post_init__(self) -> None:
        self.watch = StackWatch(self.cloud, self.name, lambda line: None)

    def deploy(self, *more: str, job: str = JOB, percent: int = 10, **arguments: Any) -> int:
        export = {"audience_generation_job_arn": job, "percent": percent} | arguments
        command = ["deploy", "--require-approval", "never", *more]
        context = ["-c", f"stack={self.name}", "-c", f"export={json.dumps(export)}"]
        with self.cloud.cdk.running(*command, *context, app_folder=APP) as child:
            return self.watch.until_end_of(child)

    def describe(self) -> dict[str, Any]:
        [stack] = self.cloud.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return dict(stack)

    def outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self.describe()["Outputs"]}

    def physical_id(self) -> str:
        resources = self.cloud.client("cloudformation").describe_stack_resources(StackName=self.name)["StackResources"]
        [found] = [resource for resource in resources if resource["ResourceType"].startswith("Custom::")]
        return str(found["PhysicalResourceId"])

    def exports(self) -> list[tuple[str, int]]:
        of_this_stack = [
            export for export in self.cloud.clean_rooms_ml.service.exports if export.name.startswith("Life")
        ]
        return [(export.name, export.size["value"]) for export in of_this_stack]


@pytest.fixture(scope="module")
def local_cloud() -> Iterator[LocalCloud]:
    with cloud.running(seed.read(seed.DEMO)) as running:
        target = f"aws://{environment.ACCOUNT}/{environment.REGION}"
        assert running.cdk.run("bootstrap", target, app_folder=APP) == 0, running.cdk.log.read_text()
        yield running


def test_the_life_of_an_export(local_cloud: LocalCloud) -> None:
    stack = Stack(local_cloud, "Life")

    assert stack.deploy() == 0, local_cloud.cdk.log.read_text()
    first, first_id = stack.outputs(), stack.physical_id()
    assert stack.exports() == [(first["Name"], 10)]
    assert first["Location"].startswith("s3://lookalike-audiences/exports/")

    assert stack.deploy("--parameters", "Description=other words") == 0
    assert stack.outputs() == first, "a description is no reason for another export"
    assert (stack.physical_id(), len(stack.exports())) == (first_id, 1)

    assert stack.deploy(percent=20) == 0
    second = stack.outputs()
    assert stack.exports() == [(first["Name"], 10), (second["Name"], 20)]
    assert stack.physical_id() != first_id

    assert stack.deploy(job=FAILING_JOB) != 0
    [reason] = stack.watch.reasons()
    assert "CREATE_FAILED: export" in reason
    assert "OUTPUT_BUCKET_ACCESS_DENIED" in reason
    assert stack.describe()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.outputs() == second
    assert len(stack.exports()) == 3, "the rollback starts nothing"


def test_an_export_that_takes_too_long_is_adopted_when_it_is_done(local_cloud: LocalCloud) -> None:
    service = local_cloud.clean_rooms_ml.service
    usual, service.readings = service.readings, Readings(in_progress_for=timedelta(hours=1))
    stack = Stack(local_cloud, "Slow")
    try:
        assert stack.deploy(name="Life, slow", minutes=1) != 0
    finally:
        service.readings = usual
    [reason] = stack.watch.reasons()
    assert 'DeadlineExceeded: export "Life, slow"' in reason
    assert "An export that was started goes on by itself" in reason

    starts = len(local_cloud.clean_rooms_ml.started())
    adopter = Stack(local_cloud, "Adopter")
    assert adopter.deploy(name="Life, slow", on_conflict="ADOPT") == 0
    assert adopter.outputs()["Name"] == "Life, slow"
    assert len(local_cloud.clean_rooms_ml.started()) == starts


def test_a_value_that_is_known_only_at_deployment_is_refused_there(local_cloud: LocalCloud) -> None:
    stack = Stack(local_cloud, "LateCheck")
    before = len(local_cloud.clean_rooms_ml.calls)
    assert stack.deploy("--parameters", f"Description={'x' * 256}") != 0
    [reason] = stack.watch.reasons()
    assert "ValidationException: property Description: must be 0 to 255 characters long, not 256" in reason
    assert len(local_cloud.clean_rooms_ml.calls) == before
