"""The messages between the state machine and the handler, in this version and the one before."""

from datetime import datetime, timezone
from typing import Any

import pytest

from cdk_cleanroomsml_contract import message
from cdk_cleanroomsml_contract.message import AnswerMessage, StepMessage, Verdict
from tests.builders.events import event
from tests.builders.resources import lost_event, step_message

VERDICT = Verdict("SUCCESS", "", "id", {"Name": "mine"})


def test_an_event_of_cloudformation_is_no_message() -> None:
    assert message.read(event()) == event()


@pytest.mark.parametrize("version", [message.VERSION - 1, message.VERSION], ids=["version 1", "version 2"])
def test_a_step_is_read_in_this_version_and_the_one_before(version: int) -> None:
    sent = step_message(Version=version, StartedAt="2026-03-01T12:00:00.250Z")
    started_at = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=timezone.utc)
    assert message.read(sent) == StepMessage(event(), None, started_at, is_repeated=False)
    repeated = message.read(sent | {"RetryCount": 2, "Progress": {"some": "progress"}})
    assert repeated == StepMessage(event(), {"some": "progress"}, started_at, is_repeated=True)


@pytest.mark.parametrize(("version", "member"), [(1, "Outcome"), (2, "Result")], ids=["version 1", "version 2"])
def test_an_answer_is_read_in_both_versions(version: int, member: str) -> None:
    sent = {"Version": version, "Phase": "Answer", "Request": event(), member: message.settled(VERDICT)}
    assert message.read(sent) == AnswerMessage(event(), VERDICT)
    caught = {"Error": "States.Timeout", "Cause": "late"}
    assert message.read(sent | {member: caught}) == AnswerMessage(event(), None, "States.Timeout", "late")
    assert message.read(sent | {member: {}}) == AnswerMessage(event(), None, "", "")


@pytest.mark.parametrize("version", [0, 3, None], ids=["older", "newer", "none"])
def test_another_version_is_left_to_a_retry(version: int | None) -> None:
    with pytest.raises(ValueError, match=f"message of version {version}; this handler reads 1 and 2"):
        message.read(step_message(Version=version))


def test_the_state_machine_reads_what_a_step_returns() -> None:
    """The paths of the definition are members of the results."""
    for result in (message.pending({}, 5), message.settled(VERDICT)):
        data = {"Step": result}
        assert message.STEP_RESULT == "$.Step"
        assert _at(data, message.IS_SETTLED) is result["Settled"]
    assert _at({"Step": message.pending({}, 5)}, message.WAIT_SECONDS) == 5


def test_what_a_follower_is_started_with() -> None:
    following = message.Following("name", {"Name": "mine"}, message.look_again(60))
    data = {"Step": message.settled(VERDICT, following)}
    assert _at(data, message.FOLLOWER_NAME) == "name"
    started_with = _at(data, message.FOLLOWER_INPUT)
    assert _at(started_with, message.LOOK_WAIT_SECONDS) == 60
    assert "Follow" not in message.settled(VERDICT)
    sent = {"Version": message.VERSION, "Phase": "Follow", "StartedAt": "2026-03-01T12:00:00Z"} | started_with
    assert {key.removesuffix(".$") for key in message.LOOK} == set(sent) - {"Look"}
    started_at = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
    assert message.read(sent) == message.FollowMessage({"Name": "mine"}, started_at)


def test_a_follower_reads_what_a_look_returns() -> None:
    for result, path in (
        (message.look_again(60), message.LOOK_WAIT_SECONDS),
        (message.look_ended({"name": "mine"}), message.LOOK_EVENT),
        (message.look_deleted(), message.LOOK_DELETED),
        (message.look_given_up("late"), message.LOOK_GIVEN_UP),
    ):
        assert _at({"Look": result}, path) == next(iter(result.values()))


def test_the_state_machine_sends_what_the_handler_reads() -> None:
    assert set(step_message()) == {key.removesuffix(".$") for key in message.STEP}
    first = message.execution_input(event())
    assert {path: _at(first, path) for path in ("$.Request", "$.Step.Progress")} == {
        "$.Request": event(),
        "$.Step.Progress": None,
    }


def _at(data: Any, path: str) -> Any:
    for key in path.removeprefix("$.").split("."):
        data = data[key]
    return data


def test_the_messages_are_pinned() -> None:
    """Executions that run keep the definition that they began with: another form needs another version."""
    assert message.VERSION == 2
    assert message.STEP == {
        "Version": 2,
        "Phase": "Step",
        "Request.$": "$.Request",
        "Progress.$": "$.Step.Progress",
        "StartedAt.$": "$$.Execution.StartTime",
        "RetryCount.$": "$$.State.RetryCount",
    }
    assert message.ANSWER == {"Version": 2, "Phase": "Answer", "Request.$": "$.Request", "Result.$": "$.Step"}
    assert message.LOOK == {
        "Version": 2,
        "Phase": "Follow",
        "Follow.$": "$.Follow",
        "StartedAt.$": "$$.Execution.StartTime",
    }
    assert (message.FOLLOW, message.FOLLOWED_NAME) == ("$.Step.Follow", "$.Follow.Name")
    assert (message.LOOK_RESULT, message.FOLLOW_RESULT) == ("$.Look", "$.Following")
    assert (message.VERDICT_STATUS, message.ANSWER_RESULT) == ("$.Step.Verdict.Status", "$.Answer")


def test_the_results_of_a_look_are_pinned() -> None:
    assert message.look_again(60) == {"WaitSeconds": 60}
    assert message.look_ended({"name": "mine"}) == {"Event": {"name": "mine"}}
    assert message.look_deleted() == {"Deleted": True}
    assert message.look_given_up("late") == {"GivenUp": "late"}


def test_the_record_of_an_event_that_failed_has_the_event_in_it() -> None:
    assert message.read(lost_event(event())) == message.LostEvent(event())


@pytest.mark.parametrize(("retries", "is_repeated"), [(0, False), (1, True), (9, True)])
def test_a_retry_says_that_the_step_ran_before(retries: int, is_repeated: bool) -> None:
    read = message.read(step_message(RetryCount=retries))
    assert isinstance(read, StepMessage)
    assert read.is_repeated is is_repeated
