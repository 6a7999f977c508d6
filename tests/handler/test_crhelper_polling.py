"""What the polling of plain crhelper 2.0.12 does, and the state machine in its place does not; see test_crhelper.py."""

from datetime import timedelta
from typing import Any

import pytest

from audience_export_handler.aws.step_functions import execution_name
from audience_export_handler.core.failure import ExportFailure
from audience_export_handler.core.request import physical_id
from audience_export_handler.state_machine_resource import Success
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.events import event, properties
from tests.builders.resources import CONTEXT, lost_event, resource_with_answers, step_message
from tests.fakes.deployment import Deployment
from tests.fakes.plain_crhelper import PlainResource

LATER: dict[str, Any] = {"CrHelperPoll": True, "CrHelperRule": "arn:aws:events:r:a:rule/n", "CrHelperPermission": "sid"}


def test_the_calls_that_polling_makes(plain: PlainResource) -> None:
    """A rule's name has at most 64 characters, an execution's 80; a logical id may have 255."""
    logical_id = "L" * 255
    plain.create(lambda event, context: None)
    plain.poll_create(lambda event, context: None)
    plain(event(LogicalResourceId=logical_id), CONTEXT)
    assert len(plain.made("put_rule")[0]["Name"]) == 255 + 8
    assert plain.made("add_permission"), "a statement of the function's policy for each request"

    assert len(execution_name(event(LogicalResourceId=logical_id))) <= 80


def test_polling_after_cloudformation_has_given_up(plain: PlainResource, deployment: Deployment) -> None:
    plain.poll_create(lambda event, context: None)
    for _ in range(100):  # every two minutes, for more than three hours
        plain(event(**LATER), CONTEXT)
    assert (plain.answers, plain.made("delete_rule")) == ([], [])

    deployment.emulator.service.readings = Readings(in_progress_for=timedelta(hours=9))
    assert deployment.request()["Reason"].startswith("DeadlineExceeded: ")
    assert deployment.machine.running() == []


def test_the_physical_id_if_polling_cannot_begin(plain: PlainResource) -> None:
    def deny(*arguments: object, **more: object) -> str:
        raise ExportFailure("AccessDenied", "the rule", "it is denied", "Allow it.")

    resource, answers = resource_with_answers(start_execution=deny)
    plain._put_rule = deny
    for each in (plain, resource):
        each.create(lambda event, context: "the right one")
        each.poll_create(lambda event, context: None)
    plain(event(), CONTEXT)
    assert plain.answers[0]["PhysicalResourceId"] == "the right one"
    plain.create(lambda event, context: None)
    plain(event(), CONTEXT)
    assert plain.answers[1]["PhysicalResourceId"] == "None"

    with pytest.raises(ExportFailure):
        resource(event(), CONTEXT)
    assert answers == [], "Lambda delivers it again"
    resource(lost_event(event()), CONTEXT)
    assert (answers[0]["Status"], answers[0]["PhysicalResourceId"]) == ("FAILED", "derived")


def test_the_physical_id_of_an_update_that_polls(plain: PlainResource, deployment: Deployment) -> None:
    plain.poll_update(lambda event, context: True)
    plain(event("Update", PhysicalResourceId="recorded", **LATER), CONTEXT)
    assert plain.answers[0]["PhysicalResourceId"] not in ("recorded", "True"), "CloudFormation replaces the resource"

    created = deployment.request()
    updated = deployment.update(created, old=properties(), new=properties(Description="other words"))
    assert updated["PhysicalResourceId"] == created["PhysicalResourceId"]


def test_the_physical_id_of_a_create_whose_poll_fails(plain: PlainResource, deployment: Deployment) -> None:
    def fail(event: dict[str, Any], context: object) -> str:
        raise RuntimeError("the export has failed")

    plain.poll_create(fail)
    plain(event(CrHelperData={"PhysicalResourceId": "the right one"}, **LATER), CONTEXT)
    assert plain.answers[0]["PhysicalResourceId"] != "the right one"

    size = {"Type": "PERCENTAGE", "Value": "7"}
    failed = deployment.request(ResourceProperties=properties(Name="mine", AudienceSize=size))
    assert failed["PhysicalResourceId"] == physical_id(
        event(ResourceProperties=properties(Name="mine", AudienceSize=size))
    )


def test_an_error_of_a_poll_that_a_retry_may_fix(plain: PlainResource) -> None:
    def fail(event: dict[str, Any], context: object) -> Any:
        raise ConnectionError("the network is down")

    resource, answers = resource_with_answers()
    plain.poll_create(fail)
    resource.step(lambda message: fail(message.event, CONTEXT))
    plain(event(**LATER), CONTEXT)
    assert [answer["Status"] for answer in plain.answers] == ["FAILED"]
    with pytest.raises(ConnectionError):
        resource(step_message(), CONTEXT)
    assert answers == []


def test_what_a_call_returns_to_its_caller(plain: PlainResource) -> None:
    resource, _ = resource_with_answers()
    plain.poll_create(lambda event, context: "id")
    resource.step(lambda message: Success("id", {}))
    of_plain: Any = plain
    assert of_plain(event(**LATER), CONTEXT) is None
    returned = resource(step_message(), CONTEXT)
    assert returned is not None
    assert returned["Settled"] is True


def test_the_physical_id_among_the_attributes(deployment: Deployment, plain: PlainResource) -> None:
    plain.create(lambda event, context: "id")
    plain.poll_create(lambda event, context: "id")
    plain._remove_polling = lambda: None  # as in a subclass that polls in another way
    sent = event()
    plain(sent, CONTEXT)
    plain(sent | LATER, CONTEXT)
    assert plain.answers[0]["Data"] == {"PhysicalResourceId": "id"}

    assert "PhysicalResourceId" not in deployment.request()["Data"]
