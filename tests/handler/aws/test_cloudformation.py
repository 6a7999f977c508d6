"""What the stack is doing, which is read before every start."""

from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from audience_export_handler.aws import cloudformation
from audience_export_handler.aws.cloudformation import read_phase
from audience_export_handler.core.facts import StackPhase
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
    import botocore.session

    model = botocore.session.get_session().get_service_model("cloudformation")
    shape: Any = model.shape_for("StackStatus")
    assert sorted(shape.enum) == sorted(status for known in PHASES.values() for status in known)


def test_a_stack_that_cannot_be_read(deployment: Deployment) -> None:
    deployment.control.stack_status = None
    assert read_phase(STACK_ID, requested_at=deployment.clock()) is StackPhase.UNREADABLE


def test_a_stack_that_is_not_described_is_not_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    client: Any = boto3.client("cloudformation", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    monkeypatch.setattr(cloudformation, "_client", lambda seconds: client)
    with Stubber(client) as stubber:
        stubber.add_response("describe_stacks", {"Stacks": []}, {"StackName": STACK_ID})
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
