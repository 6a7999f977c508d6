"""What crhelper does and this subclass does not, each shown in both."""

import logging
from types import SimpleNamespace
from typing import Any

import boto3
import crhelper
import pytest

from audience_export_handler.cfn_resource import StateMachineResource
from tests.handler.deployment import Deployment, event, properties

CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000, aws_request_id="1", function_name="f")


class Plain(crhelper.CfnResource):
    """crhelper as it is, but for the answer, which is kept."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[dict] = []

    def _send(self, status: Any = None, reason: str = "", send_response: Any = None) -> None:
        super()._send(status, reason, lambda url, body, verify: self.answers.append({"url": url, **body}))


@pytest.fixture
def plain(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> Plain:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return Plain()


def ours(**changes: Any) -> tuple[StateMachineResource, list[dict]]:
    answers: list[dict] = []
    arguments: dict[str, Any] = {
        "physical_id_of": lambda event: "derived",
        "start_polling": lambda event: None,
        "deliver": lambda url, body: answers.append({"url": url, **body}),
    }
    return StateMachineResource(**(arguments | changes)), answers


def test_a_malformed_event_on_a_warm_container(plain: Plain) -> None:
    plain.create(lambda event, context: "id")
    plain(event(url="https://first"), CONTEXT)
    plain({"RequestType": "Create"}, CONTEXT)
    assert [answer["url"] for answer in plain.answers] == ["https://first", "https://first"]

    resource, answers = ours()
    resource.delete(lambda event, context: "id")
    resource(event("Delete", url="https://first", PhysicalResourceId="id"), CONTEXT)
    with pytest.raises(KeyError):
        resource({"RequestType": "Create"}, CONTEXT)
    assert [answer["url"] for answer in answers] == ["https://first"]
    assert resource._response_url == ""


def test_no_echo_of_an_earlier_request(plain: Plain) -> None:
    resource, answers = ours()
    for each in (plain, resource):
        each.delete(lambda event, context: "id")
        each.NoEcho = True
        each._sleep_on_delete = 0
        each(event("Delete", PhysicalResourceId="id"), CONTEXT)
    assert plain.answers[0]["NoEcho"] is True
    assert answers[0]["NoEcho"] is False


def test_the_physical_id_of_a_failed_create(plain: Plain) -> None:
    def refuse(event: dict, context: object) -> str:
        from audience_export_handler.failure import InvalidProperty

        raise InvalidProperty("Name", "must not be blank", " ")

    resource, answers = ours()
    for each in (plain, resource):
        each.create(refuse)
        each(event(), CONTEXT)
        each(event(), CONTEXT)
    assert plain.answers[0]["PhysicalResourceId"] != plain.answers[1]["PhysicalResourceId"]
    assert [answer["PhysicalResourceId"] for answer in answers] == ["derived", "derived"]


def test_a_fault_that_a_retry_may_mend(plain: Plain) -> None:
    def fail(event: dict, context: object) -> str:
        raise ConnectionError("the network is down")

    resource, answers = ours()
    for each in (plain, resource):
        each.create(fail)
    plain(event(), CONTEXT)
    assert [answer["Status"] for answer in plain.answers] == ["FAILED"]
    with pytest.raises(ConnectionError):
        resource(event(), CONTEXT)
    assert answers == []


def test_the_event_and_its_url_in_the_log(plain: Plain, caplog: pytest.LogCaptureFixture) -> None:
    plain.create(lambda event, context: "id")
    plain(event(url="https://signed?Signature=1"), CONTEXT)
    assert "Signature=1" in caplog.text
    caplog.clear()

    resource, answers = ours()
    resource.create(lambda event, context: "id")
    resource(event(url="https://signed?Signature=1"), CONTEXT)
    assert "Signature=1" not in caplog.text
    assert logging.getLogger().level == logging.INFO
    assert answers[0]["Status"] == "SUCCESS"


def test_clients_made_when_constructed(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    monkeypatch.setattr(boto3, "client", lambda service, **rest: made.append(service))
    Plain()
    assert made == ["lambda", "events", "logs"]
    made.clear()
    ours()
    assert made == []


def test_what_a_step_returns_to_the_state_machine() -> None:
    resource, answers = ours()
    resource.poll_create(lambda event, context: "id")
    message = {"Version": 1, "Phase": "Step", "Request": event()}
    assert resource(message, CONTEXT) == {
        "Settled": True,
        "Verdict": {"Status": "SUCCESS", "Reason": "", "Data": {}, "PhysicalResourceId": "id"},
    }
    assert answers == []


def test_a_message_of_another_version_is_left_to_a_retry() -> None:
    resource, _ = ours()
    with pytest.raises(ValueError, match="a message of version 2; this handler reads 1"):
        resource({"Version": 2, "Phase": "Step", "Request": event()}, CONTEXT)


@pytest.mark.parametrize(
    ("cause", "told"),
    [
        ('{"errorMessage": "it broke", "errorType": "KeyError", "stackTrace": ["line 1"]}', "every retry: it broke."),
        ("the task timed out", "every retry: the task timed out."),
        ("", "every retry: no cause was given."),
        ("[]", "every retry: []."),
    ],
)
def test_a_step_that_failed_on_every_retry(cause: str, told: str) -> None:
    resource, answers = ours()
    outcome = {"Error": "KeyError", "Cause": cause}
    resource({"Version": 1, "Phase": "Answer", "Request": event(), "Outcome": outcome}, CONTEXT)
    assert answers[0]["Status"] == "FAILED"
    assert answers[0]["Reason"].startswith("KeyError: ")
    assert told in answers[0]["Reason"]


def test_attributes_of_a_success_only(deployment: Deployment) -> None:
    answer = deployment.request(ResourceProperties=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "7"}))
    assert (answer["Status"], answer["Data"]) == ("FAILED", {})
