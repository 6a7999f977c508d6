"""The state machine says how often a step is repeated, and that every request is answered at last."""

from typing import Any

import pytest

from cdk_cleanroomsml.states import definition
from cdk_cleanroomsml_contract import message, timeouts
from tests.builders.arns import HANDLER
from tests.fakes.clock import VirtualClock
from tests.fakes.state_machine import StateMachine, longest, retrier

MACHINE = definition(HANDLER)
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
STEP, ANSWER = STATES["Step"], STATES["Answer"]

either_task = pytest.mark.parametrize("task", [STEP, ANSWER], ids=["step", "answer"])


def test_steps_follow_each_other_until_one_is_settled() -> None:
    assert MACHINE["StartAt"] == "Step"
    assert STEP["Next"] == "Settled?"
    assert STATES["Settled?"] == {
        "Type": "Choice",
        "Choices": [
            {"Variable": "$.Step.Settled", "BooleanEquals": True, "Next": "Answer"},
            {"Variable": "$.Step.WaitSeconds", "NumericEquals": 0, "Next": "Step"},
        ],
        "Default": "Wait",
    }
    assert STATES["Wait"] == {"Type": "Wait", "SecondsPath": "$.Step.WaitSeconds", "Next": "Step"}
    assert ANSWER["Next"] == "Succeeded?"
    assert set(STATES) == {"Step", "Settled?", "Wait", "Answer", "Succeeded?", "Succeeded", "Failed"}


@either_task
def test_a_task_calls_the_handler_itself(task: dict[str, Any]) -> None:
    assert (task["Type"], task["Resource"]) == ("Task", HANDLER)


def test_tasks_send_the_contract_s_messages() -> None:
    assert (STEP["Parameters"], ANSWER["Parameters"]) == (message.STEP, message.ANSWER)
    assert STEP["ResultPath"] == message.STEP_RESULT
    assert ANSWER["ResultPath"] == "$.Answer", "the verdict stays in the data"


@either_task
def test_a_task_outlasts_the_function_that_it_calls(task: dict[str, Any]) -> None:
    """Otherwise a repeated step would overlap the one that it repeats."""
    assert task["TimeoutSeconds"] == timeouts.TASK_TIMEOUT.total_seconds() == 75
    assert task["TimeoutSeconds"] > timeouts.FUNCTION_TIMEOUT.total_seconds()


def test_an_execution_outlasts_the_longest_request() -> None:
    assert MACHINE["TimeoutSeconds"] == timeouts.EXECUTION_TIMEOUT.total_seconds() == 3900


@pytest.mark.parametrize(
    "error",
    [
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.SdkClientException",
        "Lambda.ServiceException",
        "Lambda.TooManyRequestsException",
        "Lambda.Unknown",
        "Runtime.ExitError",
        "Sandbox.Timedout",
        "States.Timeout",
    ],
)
def test_an_outage_of_lambda_is_waited_out_for_as_long_as_cloudformation_waits(error: str) -> None:
    _, retry = retrier(STEP, error)
    assert longest(retry) >= timeouts.LONGEST_WAIT.total_seconds()


@pytest.mark.parametrize("error", ["KeyError", "Lambda.AWSLambdaException", "States.TaskFailed"])
def test_any_other_error_of_a_step_is_repeated_until_permissions_have_spread(error: str) -> None:
    """A forbidden call is one of them. But a bug stays a bug: its request must not wait an hour for the reason."""
    _, retry = retrier(STEP, error)
    assert 180 <= longest(retry) <= 300


def test_a_step_that_fails_on_every_retry_is_answered() -> None:
    assert STEP["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.Step", "Next": "Answer"}]


@pytest.mark.parametrize("error", ["AnswerNotDelivered", "KeyError", "Lambda.Unknown"])
def test_an_answer_is_sent_again_for_as_long_as_cloudformation_waits(error: str) -> None:
    _, retry = retrier(ANSWER, error)
    assert longest(retry) >= timeouts.LONGEST_WAIT.total_seconds()


@either_task
def test_retries_come_quickly_at_first_and_then_every_minute(task: dict[str, Any]) -> None:
    for retry in task["Retry"]:
        assert (retry["IntervalSeconds"], retry["BackoffRate"], retry["MaxDelaySeconds"]) == (2, 2, 60)


@either_task
def test_all_errors_come_last_and_alone(task: dict[str, Any]) -> None:
    """Step Functions refuses a machine in which States.ALL is beside other names, or is not the last retrier."""
    named = [retry["ErrorEquals"] for retry in task["Retry"]]
    assert named[-1] == ["States.ALL"]
    assert not any("States.ALL" in names for names in named[:-1])


@pytest.mark.parametrize(
    ("settled", "status"),
    [
        (message.settled(message.Verdict("SUCCESS", "", "id", {})), "SUCCEEDED"),
        (message.settled(message.Verdict("FAILED", "a reason", "id", {})), "FAILED"),
    ],
    ids=["success", "failure"],
)
def test_an_execution_ends_as_its_request_did(settled: dict[str, Any], status: str) -> None:
    """So the metrics of the state machine count requests."""
    machine = StateMachine(MACHINE, lambda sent: settled if sent["Phase"] == "Step" else None, VirtualClock())
    execution = machine.start("request", message.execution_input({}))
    machine.run()
    assert (execution.status, machine.invocations) == (status, {"Step": 1, "Answer": 1})


def test_an_execution_without_a_verdict_has_failed() -> None:
    def invoke(sent: dict[str, Any]) -> None:
        if sent["Phase"] == "Step":
            raise KeyError("a bug")

    machine = StateMachine(MACHINE, invoke, VirtualClock())
    execution = machine.start("request", message.execution_input({}))
    machine.run()
    assert execution.status == "FAILED"
    assert machine.invocations["Answer"] == 1
