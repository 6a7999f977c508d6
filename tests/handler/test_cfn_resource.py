"""The messages between the state machine and the handler. What crhelper does otherwise is in test_crhelper.py."""

import pytest

from tests.builders.events import event, properties
from tests.fakes.deployment import Deployment
from tests.handler.test_crhelper import CONTEXT, ours


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
