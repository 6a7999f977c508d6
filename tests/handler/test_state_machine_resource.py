"""What an invocation returns and answers. What plain crhelper does instead is in test_crhelper.py."""

import pytest

from audience_export_handler.core.progress import Progress
from audience_export_handler.state_machine_resource import Success
from audience_export_handler.step import Pending
from tests.builders.events import properties
from tests.builders.resources import CONTEXT, answer_message, resource_with_answers, step_message
from tests.fakes.deployment import Deployment


def test_what_a_step_returns_to_the_state_machine() -> None:
    resource, answers = resource_with_answers()
    resource.step(lambda message: Success("id", {"Name": "mine"}))
    assert resource(step_message(), CONTEXT) == {
        "Settled": True,
        "Verdict": {"Status": "SUCCESS", "Reason": "", "Data": {"Name": "mine"}, "PhysicalResourceId": "id"},
    }
    assert answers == []


def test_a_message_of_another_version_is_left_to_a_retry() -> None:
    resource, _ = resource_with_answers()
    with pytest.raises(ValueError, match="message of version 3; this handler reads 1 and 2"):
        resource(step_message(Version=3), CONTEXT)


def test_a_step_that_has_not_ended_returns_its_progress() -> None:
    resource, answers = resource_with_answers()
    resource.step(lambda message: Pending(Progress(), 7))
    assert resource(step_message(), CONTEXT) == {"Settled": False, "Progress": Progress().to_json(), "WaitSeconds": 7}
    assert answers == []


@pytest.mark.parametrize(
    ("cause", "reported"),
    [
        ('{"errorMessage": "it broke", "errorType": "KeyError", "stackTrace": ["line 1"]}', "every try: it broke."),
        ("the task timed out", "every try: the task timed out."),
        ("", "every try: no cause was given."),
        ("[]", "every try: []."),
    ],
    ids=["an error of Lambda", "a text", "nothing", "some other JSON"],
)
def test_a_step_that_failed_on_every_retry(cause: str, reported: str) -> None:
    resource, answers = resource_with_answers()
    caught = {"Error": "KeyError", "Cause": cause}
    resource(answer_message(caught), CONTEXT)
    assert answers[0]["Status"] == "FAILED"
    assert answers[0]["Reason"].startswith("KeyError: ")
    assert reported in answers[0]["Reason"]


def test_attributes_of_a_success_only(deployment: Deployment) -> None:
    answer = deployment.request(ResourceProperties=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "7"}))
    assert (answer["Status"], answer["Data"]) == ("FAILED", {})
