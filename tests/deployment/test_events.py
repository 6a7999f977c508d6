"""The end of an export reaches a queue, also long after its deployment; of a deleted resource nothing does."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aws_cdk import CfnOutput, Stack
from aws_cdk.aws_logs import CfnLogGroup
from aws_cdk.aws_sqs import Queue

from cdk_cleanroomsml import AudienceExportProvider
from cdk_cleanroomsml_local import catalog
from cdk_cleanroomsml_local.clean_rooms_ml import CleanRoomsML
from local_cloud import cloud
from local_cloud.cloud import LocalCloud
from tests.builders.arns import FAILING_JOB
from tests.deployment.clients import Api, prepare
from tests.deployment.conftest import QUICK
from tests.deployment.declarations import DeclareExport, export, with_events
from tests.deployment.stack import DeployedStack
from tests.fakes.waiting import wait_until

# A minute of the state machines takes less than a second, so 90 minutes of looks take less than a minute.
SCALE = 0.01
LONG = replace(QUICK, in_progress_for=timedelta(minutes=90))


@pytest.fixture(scope="module")
def quick_cloud() -> Iterator[LocalCloud]:
    with cloud.running(catalog.read(catalog.DEMO)) as running:
        prepare(running)
        running.scale_waits(SCALE)
        yield running


@pytest.fixture
def stack(quick_cloud: LocalCloud, request: pytest.FixtureRequest) -> DeployedStack:
    quick_cloud.clean_rooms_ml.service.readings = QUICK
    return DeployedStack(quick_cloud, Api(quick_cloud), f"Campaigns{abs(hash(request.node.name)) % 10**6}")


def not_waiting(**arguments: Any) -> DeclareExport:
    return export(wait_for_completion=False, with_outputs=False, minutes=None, **arguments)


def ends_now(stack: DeployedStack) -> None:
    """The exports that run end now."""
    service_of(stack).readings = QUICK


def service_of(stack: DeployedStack) -> CleanRoomsML:
    assert isinstance(stack.cloud, LocalCloud)
    return stack.cloud.clean_rooms_ml.service


def followers(stack: DeployedStack) -> list[str]:
    """The statuses of the follower's executions for this stack."""
    client = stack.cloud.client("stepfunctions")
    machines = [one for one in client.list_state_machines()["stateMachines"] if "Follower" in one["name"]]
    own = [one["stateMachineArn"] for one in machines if stack.name in one["name"]]
    return [one["status"] for arn in own for one in client.list_executions(stateMachineArn=arn)["executions"]]


@pytest.mark.parametrize("bus", [False, True], ids=["default bus", "own bus"])
def test_an_end_that_the_deployment_waits_for_reaches_a_queue(stack: DeployedStack, bus: bool) -> None:
    assert stack.deploy(with_events(export(), bus=bus)) == "CREATE_COMPLETE", stack.reasons()
    wait_until(stack.events_received, "the event is received")
    [event] = stack.events_received()
    assert (event["source"], event["detail-type"]) == ("cdk-cleanroomsml", "Audience Export Status Change")
    outputs = stack.outputs()
    detail = event["detail"]
    assert (detail["name"], detail["outputLocation"]) == (outputs["Name"], outputs["Location"])
    assert detail["status"] == "ACTIVE"


def test_a_failed_export_reaches_a_queue(stack: DeployedStack) -> None:
    declare = with_events(export(job=FAILING_JOB))
    assert stack.deploy(declare, rollback=False) == "CREATE_FAILED"
    queue = stack.cloud.client("sqs").list_queues(QueueNamePrefix=stack.name)["QueueUrls"][0]
    sqs = stack.cloud.client("sqs")
    wait_until(lambda: "Messages" in sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0), "the event is received")
    [message] = sqs.receive_message(QueueUrl=queue, VisibilityTimeout=0)["Messages"]
    detail = json.loads(message["Body"])["detail"]
    assert detail["status"] == "CREATE_FAILED"
    assert detail["statusDetails"]["message"] in stack.reasons()[0]


def test_an_export_that_ends_90_minutes_after_its_deployment_reaches_a_queue_once(stack: DeployedStack) -> None:
    service_of(stack).readings = LONG
    assert stack.deploy(with_events(not_waiting())) == "CREATE_COMPLETE", stack.reasons()
    wait_until(lambda: followers(stack) == ["RUNNING"], "the export is followed")
    assert stack.events_received() == []
    ends_now(stack)
    wait_until(stack.events_received, "the event is received")
    wait_until(lambda: followers(stack) == ["SUCCEEDED"], "the following ends")
    assert len(stack.events_received()) == 1


def test_the_end_of_a_deleted_export_reaches_no_queue(stack: DeployedStack) -> None:
    """Its resource is removed from the stack while it runs."""
    service_of(stack).readings = LONG

    def without_export(stack: Stack) -> None:
        queue = Queue(stack, "Ends")
        CfnOutput(stack, "Queue", value=queue.queue_url)
        AudienceExportProvider.of(stack)
        CfnLogGroup(stack, "Neighbour")

    assert stack.deploy(with_events(not_waiting())) == "CREATE_COMPLETE", stack.reasons()
    wait_until(lambda: followers(stack) == ["RUNNING"], "the export is followed")
    assert stack.deploy(without_export) == "UPDATE_COMPLETE"
    ends_now(stack)
    assert "RUNNING" not in followers(stack)
    assert stack.events_received() == []
