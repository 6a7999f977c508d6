"""A Delete always succeeds, and ends what still runs for the resource, but never a newer request."""

from datetime import timedelta
from typing import Any

import pytest

from audience_export_handler.aws import cloudformation, step_functions
from tests.builders.events import BACKWARD
from tests.fakes.clients import clients_used
from tests.fakes.deployment import Deployment

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    "physical_id", ["SpringCampaign-0123", "made-up-by-cloudformation"], ids=["ours", "of CloudFormation"]
)
def test_a_delete_succeeds_without_a_call_of_the_service(deployment: Deployment, physical_id: str) -> None:
    deployment.control.stack_status = "DELETE_IN_PROGRESS"
    answer = deployment.request("Delete", PhysicalResourceId=physical_id)
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", physical_id)
    assert deployment.emulator.calls == []
    assert deployment.control.calls == ["ListExecutions"]


def test_a_delete_is_not_refused_for_its_properties(deployment: Deployment) -> None:
    answer = deployment.request("Delete", PhysicalResourceId="any", ResourceProperties={"Older": "release"})
    assert answer["Status"] == "SUCCESS"
    assert deployment.control.calls == []


@pytest.mark.parametrize(
    "status",
    [
        "DELETE_IN_PROGRESS",
        "ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
    ],
)
def test_a_delete_while_its_create_runs_stops_it(full: Deployment, status: str) -> None:
    create, other = full.event(), full.event(LogicalResourceId="Other")
    for sent in (create, other):
        full.deliver(sent)
    full.run_for(MINUTE)
    full.control.stack_status = status
    full.deliver(full.event("Delete", PhysicalResourceId="made-up-by-cloudformation"))
    [answer] = full.endpoint.bodies
    full.run_executions()
    assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "made-up-by-cloudformation")
    assert full.execution_of(create).status == "ABORTED"
    assert full.execution_of(other).status == "FAILED", "it ends by itself: the stack has moved on"
    assert full.started_by_us() == []


@pytest.mark.parametrize("status", ["CREATE_IN_PROGRESS", "UPDATE_COMPLETE", None])
def test_a_delete_whose_stack_shows_an_earlier_status_stops_its_create(full: Deployment, status: str | None) -> None:
    """Or an export could start after the Delete was answered, as soon as the account has a slot."""
    create = full.event()
    full.deliver(create)
    full.run_for(MINUTE)
    full.control.stack_status = status
    full.deliver(full.event("Delete", PhysicalResourceId="any"))
    assert full.endpoint.bodies[-1]["Status"] == "SUCCESS"
    assert full.execution_of(create).status == "ABORTED"


@pytest.mark.parametrize(
    ("status", "expected"),
    [("DELETE_IN_PROGRESS", "ABORTED"), ("UPDATE_ROLLBACK_IN_PROGRESS", "ABORTED"), ("UPDATE_IN_PROGRESS", "RUNNING")],
)
def test_a_delete_without_a_date_stops_executions_only_if_the_stack_ends(
    full: Deployment, status: str, expected: str
) -> None:
    """It may be one that comes late, and the execution a newer request's."""
    create, undated = full.event(), full.event("Delete", PhysicalResourceId="any")
    undated["ResponseURL"] = undated["ResponseURL"].replace("X-Amz-Date", "Date")
    full.deliver(create)
    full.run_for(MINUTE)
    full.control.stack_status = status
    full.deliver(undated)
    assert full.endpoint.bodies[-1]["Status"] == "SUCCESS"
    assert full.execution_of(create).status == expected


def test_a_delete_that_comes_late_stops_no_newer_execution(full: Deployment) -> None:
    delayed = full.event("Delete", PhysicalResourceId="any")
    full.clock.sleep(60)
    newer = full.event("Update", **BACKWARD)
    full.control.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    full.deliver(newer)
    full.run_for(timedelta(seconds=20))
    full.deliver(delayed)
    assert full.endpoint.bodies[-1]["Status"] == "SUCCESS"
    assert full.execution_of(newer).status == "RUNNING"


@pytest.mark.parametrize("operation", ["ListExecutions", "StopExecution"])
def test_a_delete_succeeds_if_nothing_can_be_stopped(full: Deployment, operation: str) -> None:
    create = full.event()
    full.deliver(create)
    full.run_for(MINUTE)
    full.control.stack_status = "DELETE_IN_PROGRESS"
    full.control.errors[operation] = [(500, "Internal")]
    full.deliver(full.event("Delete", PhysicalResourceId="any"))
    assert full.endpoint.bodies[-1]["Status"] == "SUCCESS"
    full.run_executions()
    assert full.started_by_us() == []


def test_a_delete_makes_no_call_after_six_seconds(full: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    create = full.event()
    full.deliver(create)
    full.run_for(MINUTE)
    full.control.stack_status = "DELETE_IN_PROGRESS"
    respond = full.control._respond

    def slowly(*arguments: Any) -> Any:
        full.clock.sleep(3.9)
        return respond(*arguments)

    monkeypatch.setattr(full.control, "_respond", slowly)
    began = full.clock()
    full.deliver(full.event("Delete", PhysicalResourceId="any"))
    assert timedelta(seconds=6) < full.clock() - began < timedelta(seconds=10)
    assert full.endpoint.bodies[-1]["Status"] == "SUCCESS"


def test_no_call_of_a_delete_takes_longer_than_four_seconds(full: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two for the connection and two for the answer: with the last call after six, a Delete takes ten."""
    used = [clients_used(monkeypatch, module) for module in (cloudformation, step_functions)]
    full.control.stack_status = "DELETE_IN_PROGRESS"
    undated = full.event("Delete", PhysicalResourceId="any")
    undated["ResponseURL"] = undated["ResponseURL"].replace("X-Amz-Date", "Date")
    full.deliver(undated)
    assert [(config.connect_timeout, config.read_timeout) for [config] in used] == [(2, 2), (2, 2)]
