"""What plain crhelper 2.0.12 does to its users and this subclass does not: each defect is shown in both."""

import json
import logging
import threading
from functools import partial
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from audience_export_handler.aws import response
from audience_export_handler.core import reasons
from audience_export_handler.core.failure import AnswerNotDelivered, ExportFailure
from audience_export_handler.state_machine_resource import StateMachineResource
from cdk_cleanroomsml_contract.export_properties import BrokenRule
from tests.builders.events import Event, event
from tests.builders.resources import CONTEXT, resource_with_answers
from tests.fakes.deployment import Deployment
from tests.fakes.plain_crhelper import PlainResource, utils


def test_a_malformed_event_on_a_warm_container(plain: PlainResource) -> None:
    plain.create(lambda event, context: "id")
    plain(event(url="https://first"), CONTEXT)
    plain({"RequestType": "Create"}, CONTEXT)
    assert [answer["url"] for answer in plain.answers] == ["https://first", "https://first"]

    resource, answers = resource_with_answers()
    resource.delete(lambda event, context: "id")
    resource(event("Delete", url="https://first", PhysicalResourceId="id"), CONTEXT)
    with pytest.raises(KeyError):
        resource({"RequestType": "Create"}, CONTEXT)
    assert [answer["url"] for answer in answers] == ["https://first"]
    assert resource._response_url == ""


def test_no_echo_of_an_earlier_request(plain: PlainResource) -> None:
    resource, answers = resource_with_answers()
    for each in (plain, resource):
        each.delete(lambda event, context: "id")
        each.NoEcho = True
        each(event("Delete", PhysicalResourceId="id"), CONTEXT)
    assert plain.answers[0]["NoEcho"] is True
    assert answers[0]["NoEcho"] is False


def test_the_physical_id_of_a_failed_create(plain: PlainResource) -> None:
    def refuse(event: dict[str, Any], context: object) -> str:
        raise reasons.invalid_property(BrokenRule("Name", "must not be blank", " "))

    resource, answers = resource_with_answers()
    for each in (plain, resource):
        each.create(refuse)
        each(event(), CONTEXT)
        each(event(), CONTEXT)
    assert plain.answers[0]["PhysicalResourceId"] != plain.answers[1]["PhysicalResourceId"]
    assert [answer["PhysicalResourceId"] for answer in answers] == ["derived", "derived"]


def test_an_error_that_a_retry_may_fix(plain: PlainResource) -> None:
    def fail(event: dict[str, Any], context: object) -> str:
        raise ConnectionError("the network is down")

    resource, answers = resource_with_answers()
    for each in (plain, resource):
        each.create(fail)
    plain(event(), CONTEXT)
    assert [answer["Status"] for answer in plain.answers] == ["FAILED"]
    with pytest.raises(ConnectionError):
        resource(event(), CONTEXT)
    assert answers == []


def test_the_event_and_its_url_in_the_log(plain: PlainResource, caplog: pytest.LogCaptureFixture) -> None:
    plain.create(lambda event, context: "id")
    plain(event(url="https://signed?Signature=1"), CONTEXT)
    assert "Signature=1" in caplog.text
    caplog.clear()

    resource, answers = resource_with_answers()
    resource.create(lambda event, context: "id")
    resource(event(url="https://signed?Signature=1"), CONTEXT)
    assert "Signature=1" not in caplog.text
    assert logging.getLogger().level == logging.INFO
    assert answers[0]["Status"] == "SUCCESS"


def test_clients_made_when_constructed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(boto3, "client", lambda service, **rest: made.append(service))
    PlainResource()
    assert made == ["lambda", "events", "logs"]
    made.clear()
    resource_with_answers()
    assert made == []


def test_a_call_that_outlasts_the_timer(plain: PlainResource) -> None:
    answered = threading.Event()
    plain.on_answer = answered.set
    short = SimpleNamespace(get_remaining_time_in_millis=lambda: 510, aws_request_id="1", function_name="f")
    resource, answers = resource_with_answers()
    plain.create(lambda event, context: "id" if answered.wait(30) else "too late")
    plain(event(), short)
    assert [answer["Status"] for answer in plain.answers] == ["FAILED", "SUCCESS"]

    resource.create(lambda event, context: "id")
    resource(event(), short)
    assert vars(resource)["_timer"] is None
    assert [answer["Status"] for answer in answers] == ["SUCCESS"]


def test_the_pause_before_a_delete_is_answered(plain: PlainResource) -> None:
    paused: list[str] = []
    resource, answers = resource_with_answers()
    handlers: dict[str, Any] = {"plain": plain, "ours": resource}
    for name, each in handlers.items():
        each.delete(lambda event, context: "id")
        each._wait_for_cwlogs = partial(paused.append, name)
        each(event("Delete", PhysicalResourceId="id"), CONTEXT)
    assert paused == ["plain"]
    assert [answer["Status"] for answer in answers] == ["SUCCESS"]


def test_an_init_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a Region plain crhelper cannot make its clients, and fails the Delete for it."""
    monkeypatch.delenv("AWS_REGION", raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    boto3.setup_default_session()
    try:
        plain = PlainResource()
    finally:
        boto3.DEFAULT_SESSION = None
    plain.delete(lambda event, context: "id")
    plain(event("Delete", PhysicalResourceId="recorded"), CONTEXT)
    assert [(answer["Status"], answer["PhysicalResourceId"]) for answer in plain.answers] == [("FAILED", "")]

    resource, answers = resource_with_answers()
    resource.delete(lambda event, context: "recorded")
    resource(event("Delete", PhysicalResourceId="recorded"), CONTEXT)
    assert [(answer["Status"], answer["PhysicalResourceId"]) for answer in answers] == [("SUCCESS", "recorded")]
    with pytest.raises(RuntimeError, match="cannot begin"):
        resource.init_failure(RuntimeError("cannot begin"))


def test_a_long_reason(plain: PlainResource) -> None:
    def refuse(event: dict[str, Any], context: object) -> str:
        raise ExportFailure("ConflictException", "the export", "x" * 2000, "Choose another name.")

    resource, answers = resource_with_answers()
    for each in (plain, resource):
        each.create(refuse)
        each(event(), CONTEXT)
    assert "ConflictException" not in plain.answers[0]["Reason"]
    sent = json.loads(response.encode(answers[0]))["Reason"]
    assert sent.startswith("ConflictException: the export: xxx")
    assert sent.endswith("Choose another name.")


def test_a_body_that_is_too_long(plain: PlainResource) -> None:
    """CloudFormation takes 4,096 bytes; crhelper sends whatever there is."""
    attributes = {"AudienceGenerationJobArn": "a" * 2048, "OutputLocation": "s3://" + "é" * 1280}
    resource, answers = resource_with_answers()

    def fill(handler: PlainResource | StateMachineResource, event: Event, context: object) -> str:
        handler.Data.update(attributes)
        return "id"

    for each in (plain, resource):
        each.delete(partial(fill, each))
        each(event("Delete", PhysicalResourceId="id"), CONTEXT)
    assert len(json.dumps(plain.answers[0]).encode()) > 4096
    assert len(response.encode(answers[0])) <= 4096


def test_an_answer_that_is_refused(deployment: Deployment) -> None:
    deployment.endpoint.statuses = [403, 403]
    utils._send_response(deployment.endpoint.url, {"Status": "SUCCESS"})
    assert len(deployment.endpoint.bodies) == 1, "treated as delivered"

    response.deliver(
        deployment.endpoint.url, {"Status": "SUCCESS"}, sleep=deployment.clock.sleep, draw=deployment.chance.random
    )
    assert len(deployment.endpoint.bodies) == 3, "403, then 200"


def test_an_answer_that_nobody_accepts(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    class StillTrying(BaseException):
        pass

    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if sum(slept) > 900:
            raise StillTrying

    monkeypatch.setattr(utils.time, "sleep", sleep)
    with pytest.raises(StillTrying):
        utils._send_response("https://127.0.0.1:1/", {"Status": "SUCCESS"})

    with pytest.raises(AnswerNotDelivered):
        response.deliver(
            "https://127.0.0.1:1/", {"Status": "SUCCESS"}, sleep=deployment.clock.sleep, draw=deployment.chance.random
        )
    assert sum(deployment.clock.slept) < 10


def test_an_endpoint_that_is_silent(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    connection = utils.HTTPSConnection("127.0.0.1")
    assert connection.timeout is not None
    assert not isinstance(connection.timeout, int | float), "no time-out: a socket waits forever"

    silence = threading.Event()
    deployment.endpoint.before_answer = lambda: silence.wait(30)
    monkeypatch.setattr(response, "PUT_SECONDS", 0.05)
    try:
        with pytest.raises(AnswerNotDelivered, match="TimeoutError"):
            response.deliver(
                deployment.endpoint.url,
                {"Status": "SUCCESS"},
                sleep=deployment.clock.sleep,
                draw=deployment.chance.random,
            )
    finally:
        silence.set()
