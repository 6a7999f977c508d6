"""What the stack is doing, which is read before every start."""

import io
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from audience_export_handler.aws import cloudformation
from audience_export_handler.aws.cloudformation import read_phase, read_resource
from audience_export_handler.core.facts import StackPhase
from audience_export_handler.core.following import Resource, ResourceState
from tests.builders.arns import STACK_ID
from tests.builders.requests import START
from tests.fakes.clients import clients_used
from tests.fakes.deployment import Deployment

# Every status that a stack can have, by CloudFormation's model.
PHASES = {
    StackPhase.FORWARD: ["CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"],
    StackPhase.ROLLING_BACK: ["ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", "IMPORT_ROLLBACK_IN_PROGRESS"],
    StackPhase.ENDING: [
        "DELETE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    ],
    StackPhase.OTHER: [
        "CREATE_FAILED",
        "CREATE_COMPLETE",
        "ROLLBACK_FAILED",
        "ROLLBACK_COMPLETE",
        "DELETE_FAILED",
        "DELETE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_FAILED",
        "UPDATE_ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_COMPLETE",
        "REVIEW_IN_PROGRESS",
        "IMPORT_IN_PROGRESS",
        "IMPORT_COMPLETE",
        "IMPORT_ROLLBACK_FAILED",
        "IMPORT_ROLLBACK_COMPLETE",
    ],
}


@pytest.mark.parametrize(
    ("status", "phase"),
    [(status, phase) for phase, statuses in PHASES.items() for status in statuses],
    ids=[status for statuses in PHASES.values() for status in statuses],
)
def test_every_status_has_a_phase(deployment: Deployment, status: str, phase: StackPhase) -> None:
    deployment.control.stack_status = status
    assert read_phase(STACK_ID, requested_at=deployment.clock()) is phase


def test_no_status_of_the_model_is_left_out() -> None:
    model = botocore.session.get_session().get_service_model("cloudformation")
    shape: Any = model.shape_for("StackStatus")
    assert sorted(shape.enum) == sorted(status for known in PHASES.values() for status in known)


def test_a_stack_that_cannot_be_read(deployment: Deployment) -> None:
    deployment.control.stack_status = None
    assert read_phase(STACK_ID, requested_at=deployment.clock()) is StackPhase.UNREADABLE


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """boto3's own client, which returns what a test gives it, if the service's model allows that."""
    client: Any = boto3.client("cloudformation", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    monkeypatch.setattr(cloudformation, "_client", lambda seconds: client)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_a_stack_that_is_not_described_is_not_readable(stub: Stubber) -> None:
    stub.add_response("describe_stacks", {"Stacks": []}, {"StackName": STACK_ID})
    assert read_phase(STACK_ID, requested_at=START) is StackPhase.UNREADABLE


@pytest.mark.parametrize(("given", "seconds"), [({}, 5), ({"call_seconds": 1}, 1)], ids=["of a step", "of a Delete"])
def test_the_stack_is_read_once_and_not_for_long(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], seconds: float
) -> None:
    used = clients_used(monkeypatch, cloudformation)
    read_phase(STACK_ID, requested_at=deployment.clock(), **given)
    [config] = used
    assert config.retries["total_max_attempts"] == 1
    assert (config.connect_timeout, config.read_timeout) == (seconds, seconds)


@pytest.mark.parametrize(("seconds", "phase"), [(5, StackPhase.FORWARD), (6, StackPhase.LATER)], ids=["5 s", "6 s"])
def test_a_stack_whose_operation_began_after_the_request_has_moved_on(
    deployment: Deployment, seconds: int, phase: StackPhase
) -> None:
    deployment.control.stack_status = "UPDATE_IN_PROGRESS"
    deployment.control.stack_updated = deployment.clock() + timedelta(seconds=seconds)
    assert read_phase(STACK_ID, requested_at=deployment.clock()) is phase


HELD = Resource(STACK_ID, "Export", "mine")


def test_a_server_error_that_is_no_xml_is_not_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(request: AWSPreparedRequest, **_: object) -> Any:
        return AWSResponse(request.url, 503, HTTPHeaders(), _Body(b"Service Unavailable"))

    client = boto3.client("cloudformation", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    client.meta.events.register("before-send.cloudformation", unavailable)
    monkeypatch.setattr(cloudformation, "_client", lambda seconds: client)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # botocore's own retries
    assert read_phase(STACK_ID, requested_at=START) is StackPhase.UNREADABLE
    assert read_resource(HELD) is ResourceState.UNREADABLE


class _Body(io.BytesIO):
    """What botocore reads of a response of urllib3."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


class TestResource:
    READ = "describe_stack_resource"

    def add(self, stub: Stubber, status: str, **members: str) -> None:
        detail = {"LogicalResourceId": "Export", "ResourceType": "Custom::C", "LastUpdatedTimestamp": START}
        detail |= {"ResourceStatus": status} | members
        asked = {"StackName": STACK_ID, "LogicalResourceId": "Export"}
        stub.add_response(self.READ, {"StackResourceDetail": detail}, asked)

    @pytest.mark.parametrize(
        ("physical_id", "status", "state"),
        [
            ("mine", "CREATE_COMPLETE", ResourceState.HELD),
            ("mine", "UPDATE_IN_PROGRESS", ResourceState.HELD),
            ("mine", "DELETE_IN_PROGRESS", ResourceState.GONE),
            ("mine", "DELETE_COMPLETE", ResourceState.GONE),
            ("another", "UPDATE_COMPLETE", ResourceState.GONE),
            ("another", "DELETE_FAILED", ResourceState.GONE),
        ],
    )
    def test_is_there_with_its_physical_id_until_it_is_deleted(
        self, stub: Stubber, physical_id: str, status: str, state: ResourceState
    ) -> None:
        self.add(stub, status, PhysicalResourceId=physical_id)
        assert read_resource(HELD) is state

    def test_is_gone_if_it_has_no_physical_id(self, stub: Stubber) -> None:
        self.add(stub, "CREATE_IN_PROGRESS")
        assert read_resource(HELD) is ResourceState.GONE

    @pytest.mark.parametrize(
        ("status", "code", "state"),
        [
            (400, "ValidationError", ResourceState.GONE),
            (403, "AccessDenied", ResourceState.UNREADABLE),
            (400, "Throttling", ResourceState.UNREADABLE),
            (500, "InternalFailure", ResourceState.UNREADABLE),
        ],
    )
    def test_is_gone_only_if_cloudformation_does_not_know_it(
        self, stub: Stubber, status: int, code: str, state: ResourceState
    ) -> None:
        stub.add_client_error(self.READ, code, http_status_code=status)
        assert read_resource(HELD) is state

    def test_cannot_be_read_without_a_connection(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Unreachable:
            def describe_stack_resource(self, **given: str) -> None:
                raise EndpointConnectionError(endpoint_url="https://127.0.0.1:1")

        monkeypatch.setattr(cloudformation, "_client", lambda seconds: Unreachable())
        assert read_resource(HELD) is ResourceState.UNREADABLE
