"""Exports that are followed beyond the answer: their end is published, if it is still the resource's."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from audience_export_handler import follower
from audience_export_handler.core import timing
from audience_export_handler.core.following import Followed, Resource
from cdk_cleanroomsml_contract.message import FollowMessage
from cdk_cleanroomsml_local.emulator import Fault, FaultKind
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import EVENT_BUS, FAILING_JOB, FOLLOWER, JOB, STACK_ID
from tests.builders.events import Event, properties
from tests.builders.requests import TEN
from tests.fakes.deployment import Deployment
from tests.fakes.state_machine import TaskError

WANTED: dict[str, Any] = {"FollowerArn": FOLLOWER}
NOT_WAITING = WANTED | {"WaitForCompletion": "false"}
MINUTES_90 = timedelta(minutes=90)
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "export-event.schema.json").read_text())


def request(deployment: Deployment, request_type: str = "Create", **rest: Any) -> Event:
    """Deliver a request and run it to its answer; the resource then is as CloudFormation records it."""
    sent = deployment.event(request_type, **rest)
    deployment.deliver(sent)
    answered = len(deployment.endpoint.bodies)
    while len(deployment.endpoint.bodies) == answered:
        deployment.run_for(timedelta(seconds=1))
    hold(deployment, sent, deployment.endpoint.bodies[-1]["PhysicalResourceId"])
    return sent


def hold(deployment: Deployment, sent: Event, physical_id: str, status: str = "CREATE_COMPLETE") -> None:
    assert deployment.control.resources is not None
    deployment.control.resources[sent["LogicalResourceId"]] = (physical_id, status)


def create(deployment: Deployment, **changes: Any) -> Event:
    return request(deployment, ResourceProperties=properties(**changes))


def details(deployment: Deployment) -> list[dict[str, Any]]:
    return [entry["Detail"] for entry in deployment.published]


def takes(deployment: Deployment, time: timedelta) -> None:
    """Exports run for so long from now on."""
    service = deployment.emulator.service
    service.readings = replace(service.readings, pending_for=timedelta(0), in_progress_for=time)


def gives_up(deployment: Deployment, request_type: str = "Create", **rest: Any) -> Event:
    """A request whose export outlasts its deadline."""
    takes(deployment, MINUTES_90)
    sent = request(deployment, request_type, **rest)
    assert "DeadlineExceeded" in deployment.endpoint.bodies[-1]["Reason"]
    return sent


def test_an_export_that_was_waited_for_is_published_after_the_answer(deployment: Deployment) -> None:
    sent = create(deployment, **WANTED)
    deployment.run_executions()
    [entry] = deployment.published
    [export] = deployment.emulator.service.exports
    assert entry.pop("Detail") == {
        "version": "1",
        "name": export.name,
        "audienceGenerationJobArn": export.job.arn,
        "audienceSize": {"type": "PERCENTAGE", "value": 10},
        "status": "ACTIVE",
        "statusDetails": {},
        "outputLocation": deployment.endpoint.bodies[-1]["Data"]["OutputLocation"],
        "createTime": deployment.endpoint.bodies[-1]["Data"]["CreateTime"],
        "updateTime": deployment.endpoint.bodies[-1]["Data"]["UpdateTime"],
        "stackId": sent["StackId"],
        "logicalResourceId": sent["LogicalResourceId"],
    }
    assert entry == {
        "Source": "cdk-cleanroomsml",
        "DetailType": "Audience Export Status Change",
        "EventBusName": EVENT_BUS,
    }


def test_without_events_nothing_is_followed(deployment: Deployment) -> None:
    create(deployment, WaitForCompletion="false")
    deployment.run_executions()
    assert deployment.follower.executions == {}
    assert "DescribeStackResource" not in deployment.control.calls


def test_the_schema_describes_the_event(deployment: Deployment) -> None:
    create(deployment, **WANTED)
    create(deployment, **WANTED, AudienceGenerationJobArn=FAILING_JOB)
    deployment.run_executions()
    for detail in details(deployment):
        jsonschema.validate(detail, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert [(one["status"], bool(one["statusDetails"])) for one in details(deployment)] == [
        ("ACTIVE", False),
        ("CREATE_FAILED", True),
    ]


def test_an_export_that_is_not_waited_for_is_followed_to_its_end(deployment: Deployment) -> None:
    takes(deployment, MINUTES_90)
    create(deployment, **NOT_WAITING)
    deployment.run_for(MINUTES_90 - timedelta(seconds=30))
    assert deployment.published == []
    deployment.run_for(timedelta(minutes=6))
    assert [detail["status"] for detail in details(deployment)] == ["ACTIVE"]
    deployment.run_executions()
    assert len(deployment.published) == 1
    assert [execution.status for execution in deployment.follower.executions.values()] == ["SUCCEEDED"]


def test_an_export_is_followed_after_its_deployment_gave_up(deployment: Deployment) -> None:
    gives_up(deployment, ResourceProperties=properties(**WANTED))
    deployment.run_executions()
    assert [detail["status"] for detail in details(deployment)] == ["ACTIVE"]


def test_looks_become_rare(deployment: Deployment) -> None:
    takes(deployment, timedelta(hours=20))
    create(deployment, **NOT_WAITING)
    deployment.run_executions()
    waits = deployment.follower.waits
    assert (waits[0], waits[-1]) == (60, 300)
    assert waits == sorted(waits)
    assert len(deployment.published) == 1


def test_nothing_is_published_after_a_day(deployment: Deployment) -> None:
    takes(deployment, timedelta(hours=25))
    create(deployment, **NOT_WAITING)
    deployment.run_executions()
    assert deployment.published == []
    assert [execution.status for execution in deployment.follower.executions.values()] == ["FAILED"]


@pytest.mark.parametrize("request_type", ["Create", "Update"])
def test_a_delete_ends_the_following(deployment: Deployment, request_type: str) -> None:
    """Of a Create that gave up, as its rollback does, and of an export that an Update left behind."""
    declared = properties(**NOT_WAITING, Name="mine")
    takes(deployment, MINUTES_90)
    sent = request(deployment, request_type, ResourceProperties=declared, **_held(request_type, "of before"))
    deployment.run_for(timedelta(minutes=10))
    deployment.begin_operation("DELETE_IN_PROGRESS")
    held = deployment.endpoint.bodies[-1]["PhysicalResourceId"]
    deployment.deliver(deployment.event("Delete", PhysicalResourceId=held, ResourceProperties=declared))
    assert [execution.status for execution in deployment.follower.executions.values()] == ["ABORTED"]
    hold(deployment, sent, held, "DELETE_COMPLETE")
    deployment.run_executions()
    assert deployment.published == []


def test_a_delete_of_what_was_replaced_leaves_the_other_export(deployment: Deployment) -> None:
    takes(deployment, MINUTES_90)
    create(deployment, **NOT_WAITING)
    first = deployment.endpoint.bodies[-1]["PhysicalResourceId"]
    deployment.run_for(timedelta(minutes=1))
    old, new = properties(**NOT_WAITING), properties(**NOT_WAITING, Name="another")
    deployment.begin_operation("UPDATE_IN_PROGRESS")
    request(deployment, "Update", PhysicalResourceId=first, ResourceProperties=new, OldResourceProperties=old)
    deployment.run_for(timedelta(minutes=1))
    deployment.begin_operation("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
    deployment.deliver(deployment.event("Delete", PhysicalResourceId=first, ResourceProperties=old))
    deployment.run_executions()
    assert [detail["name"] for detail in details(deployment)] == ["another"]


@pytest.mark.parametrize(
    "now", [None, ("another id", "UPDATE_COMPLETE"), ("", "DELETE_IN_PROGRESS")], ids=["gone", "replaced", "deleting"]
)
def test_a_resource_that_is_gone_has_no_event(deployment: Deployment, now: tuple[str, str] | None) -> None:
    """Also if its Delete came too early to find the follower."""
    takes(deployment, MINUTES_90)
    sent = create(deployment, **NOT_WAITING)
    physical_id = deployment.endpoint.bodies[-1]["PhysicalResourceId"]
    assert deployment.control.resources is not None
    if now is None:
        deployment.control.resources.clear()
    else:
        hold(deployment, sent, now[0] or physical_id, now[1])
    deployment.run_executions()
    assert deployment.published == []
    assert [execution.status for execution in deployment.follower.executions.values()] == ["SUCCEEDED"]


def test_a_stale_resource_loses_no_event(deployment: Deployment) -> None:
    """Right after an answer CloudFormation may show the resource as it was."""
    takes(deployment, timedelta(seconds=50))
    sent = create(deployment, **NOT_WAITING)
    physical_id = deployment.endpoint.bodies[-1]["PhysicalResourceId"]
    hold(deployment, sent, "of before")
    deployment.run_for(timedelta(minutes=2))
    hold(deployment, sent, physical_id)
    deployment.run_executions()
    assert len(deployment.published) == 1


def test_a_resource_that_cannot_be_read_loses_no_event(deployment: Deployment) -> None:
    takes(deployment, MINUTES_90)
    create(deployment, **NOT_WAITING)
    deployment.control.resources = None
    deployment.run_for(timedelta(hours=10))
    assert deployment.published == []
    deployment.run_executions()
    assert len(deployment.published) == 1


def test_a_listing_that_fails_is_repeated(deployment: Deployment) -> None:
    takes(deployment, MINUTES_90)
    create(deployment, **NOT_WAITING)
    deployment.emulator.faults.append(Fault("ListAudienceExportJobs", FaultKind.THROTTLE, times=10))
    deployment.run_executions()
    assert len(deployment.published) == 1


def test_an_export_that_was_there_is_followed_if_the_last_listing_fails(deployment: Deployment) -> None:
    """A deployment that is repeated finds the export, and has no attempt."""
    takes(deployment, MINUTES_90)
    create(deployment, **NOT_WAITING)
    deployment.follower.executions.clear()  # as after a rollback
    deployment.deliver(deployment.event(ResourceProperties=properties(**WANTED, TimeoutSeconds="120")))
    deployment.run_for(timedelta(seconds=80))
    deployment.emulator.faults.append(Fault("ListAudienceExportJobs", FaultKind.THROTTLE, times=9))
    deployment.run_for(timedelta(seconds=60))
    assert deployment.endpoint.bodies[-1]["Status"] == "FAILED"
    deployment.emulator.faults.clear()
    deployment.run_executions()
    assert [detail["status"] for detail in details(deployment)] == ["ACTIVE"]


def test_a_held_export_that_fails_while_an_update_waits_is_published(deployment: Deployment) -> None:
    takes(deployment, timedelta(minutes=10))
    old = properties(WaitForCompletion="false", AudienceGenerationJobArn=FAILING_JOB)
    create(deployment, **old)
    held = deployment.endpoint.bodies[-1]["PhysicalResourceId"]
    deployment.begin_operation("UPDATE_IN_PROGRESS")
    new = properties(**WANTED, AudienceGenerationJobArn=FAILING_JOB)
    request(deployment, "Update", PhysicalResourceId=held, ResourceProperties=new, OldResourceProperties=old)
    deployment.run_executions()
    assert [detail["status"] for detail in details(deployment)] == ["CREATE_FAILED"]


def test_a_start_that_was_not_answered_is_followed(deployment: Deployment) -> None:
    """It took effect, and the deadline came before the listing showed it."""
    service = deployment.emulator.service
    takes(deployment, MINUTES_90)
    service.readings = replace(service.readings, listing_lag=timedelta(minutes=3))
    create(deployment, **WANTED, TimeoutSeconds="60")
    assert deployment.endpoint.bodies[-1]["Status"] == "FAILED"
    deployment.run_executions()
    assert [detail["status"] for detail in details(deployment)] == ["ACTIVE"]


def test_a_start_that_had_no_effect_is_not_followed_for_long(deployment: Deployment) -> None:
    deployment.emulator.faults.append(Fault("StartAudienceExportJob", FaultKind.SERVER_ERROR, times=9))
    create(deployment, **WANTED, TimeoutSeconds="60")
    began = deployment.clock()
    deployment.run_executions()
    assert deployment.published == []
    assert deployment.clock() - began < timedelta(minutes=15)
    [execution] = deployment.follower.executions.values()
    assert execution.status == "FAILED"


def test_a_refused_request_leaves_nothing_to_follow(deployment: Deployment) -> None:
    create(deployment, **WANTED, AudienceSize={"Type": "PERCENTAGE", "Value": "77"})
    deployment.run_executions()
    assert deployment.follower.executions == {}


def test_an_update_that_keeps_its_export_publishes_nothing_again(deployment: Deployment) -> None:
    create(deployment, **WANTED)
    deployment.run_executions()
    held = deployment.endpoint.bodies[-1]["PhysicalResourceId"]
    old, new = properties(**WANTED), properties(**WANTED, Description="another")
    deployment.begin_operation("UPDATE_IN_PROGRESS")
    request(deployment, "Update", PhysicalResourceId=held, ResourceProperties=new, OldResourceProperties=old)
    deployment.run_executions()
    assert len(deployment.published) == 1


@pytest.mark.parametrize("has_ended", [True, False])
def test_events_that_are_wanted_later(deployment: Deployment, has_ended: bool) -> None:
    """The update that brings them publishes the end that is still to come, not one that is past."""
    takes(deployment, timedelta(seconds=30) if has_ended else MINUTES_90)
    old, new = properties(WaitForCompletion="false"), properties(**NOT_WAITING)
    create(deployment, **old)
    held = deployment.endpoint.bodies[-1]["PhysicalResourceId"]
    deployment.run_for(timedelta(minutes=2))
    deployment.begin_operation("UPDATE_IN_PROGRESS")
    request(deployment, "Update", PhysicalResourceId=held, ResourceProperties=new, OldResourceProperties=old)
    deployment.run_executions()
    assert len(deployment.published) == (0 if has_ended else 1)


def test_a_follower_that_is_started_twice_publishes_once(deployment: Deployment) -> None:
    start = deployment._start_follower
    deployment.machine.services = {"states:startExecution": lambda request: [start(request), start(request)]}
    create(deployment, **WANTED)
    deployment.run_executions()
    assert len(deployment.published) == 1


def test_a_follower_that_cannot_be_started_changes_no_verdict(deployment: Deployment) -> None:
    def refuse(request: object) -> None:
        raise TaskError("StepFunctions.ExecutionAlreadyExistsException")

    deployment.machine.services = {"states:startExecution": refuse}
    create(deployment, **WANTED)
    deployment.run_executions()
    assert deployment.endpoint.bodies[-1]["Status"] == "SUCCESS"
    assert [execution.status for execution in deployment.machine.executions.values()] == ["SUCCEEDED"]


def test_an_event_that_is_refused_is_sent_again(deployment: Deployment) -> None:
    def refuse_once(request: dict[str, Any]) -> object:
        deployment.follower.services = {"events:putEvents": deployment._publish}
        raise TaskError("EventBridge.FailedEntry")

    deployment.follower.services = {"events:putEvents": refuse_once}
    create(deployment, **WANTED)
    deployment.run_executions()
    assert len(deployment.published) == 1


def test_an_event_that_stays_refused_is_not_sent_once_the_resource_is_gone(deployment: Deployment) -> None:
    def refuse(request: object) -> None:
        raise TaskError("EventBridge.FailedEntry")

    takes(deployment, MINUTES_90)
    create(deployment, **NOT_WAITING)
    deployment.follower.services = {"events:putEvents": refuse}
    deployment.run_for(timedelta(hours=2))
    assert deployment.control.resources is not None
    deployment.control.resources.clear()
    deployment.run_for(timedelta(minutes=10))
    deployment.follower.services = {"events:putEvents": deployment._publish}
    deployment.run_executions()
    assert deployment.published == []


def test_an_event_that_stays_refused_is_sent_at_last(deployment: Deployment) -> None:
    def refuse(request: object) -> None:
        raise TaskError("EventBridge.FailedEntry")

    takes(deployment, MINUTES_90)
    create(deployment, **NOT_WAITING)
    deployment.follower.services = {"events:putEvents": refuse}
    deployment.run_for(timedelta(hours=5))
    deployment.follower.services = {"events:putEvents": deployment._publish}
    deployment.run_executions()
    assert len(deployment.published) == 1


def _held(request_type: str, physical_id: str) -> dict[str, Any]:
    if request_type == "Create":
        return {}
    return {"PhysicalResourceId": physical_id, "OldResourceProperties": properties(Name="before")}


class TestLook:
    """One look, as the state machine calls for it."""

    def message(self, deployment: Deployment, since: timedelta) -> FollowMessage:
        now = deployment.clock()
        followed = Followed(Resource(STACK_ID, "Export", "id"), "mine", JOB, TEN, now, now, is_listed=True)
        return FollowMessage(followed.to_json(), now - since)

    @pytest.mark.parametrize(
        ("since", "found"),
        [
            (timedelta(0), {"WaitSeconds": 60}),
            (timedelta(hours=1), {"WaitSeconds": 300}),
            (timing.FOLLOWED_FOR, {"GivenUp": "the exports could not be listed"}),
        ],
        ids=str,
    )
    def test_without_a_listing_is_repeated_for_a_day(
        self, deployment: Deployment, since: timedelta, found: dict[str, Any]
    ) -> None:
        deployment.emulator.faults.append(Fault("ListAudienceExportJobs", FaultKind.THROTTLE))
        assert follower.look(self.message(deployment, since), clock=deployment.clock) == found

    @pytest.mark.parametrize(("late", "pages"), [(timedelta(0), 2), (timedelta(seconds=1), 1)], ids=["in time", "late"])
    def test_reads_further_pages_for_half_a_minute(self, deployment: Deployment, late: timedelta, pages: int) -> None:
        deployment.emulator.service.readings = Readings(page_size=1)
        for name in ("a", "b"):
            deployment.start_elsewhere(name)
        deployment.emulator.calls.clear()
        message, began = self.message(deployment, timedelta(0)), deployment.clock()
        times = iter([began, *[began + timing.LOOKING + late] * 9])
        follower.look(message, clock=lambda: next(times))
        assert len(deployment.emulator.calls) == pages

    def test_logs_what_it_found(self, deployment: Deployment, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", "audience_export_handler.follower")
        follower.look(self.message(deployment, timedelta(0)), clock=deployment.clock)
        follower.look(self.message(deployment, timing.FOLLOWED_FOR), clock=deployment.clock)
        assert [record.getMessage() for record in caplog.records] == [
            'Export "mine" is followed: LookAgain',
            'Export "mine" is followed: the export has not ended in 24 hours',
        ]
