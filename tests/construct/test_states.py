"""The state machine says how often a step is repeated, and that every request is answered at last."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest

from cdk_cleanroomsml.states import definition, with_follower
from cdk_cleanroomsml_contract import message, timeouts
from tests.builders.arns import FOLLOWER, HANDLER
from tests.fakes.clock import VirtualClock
from tests.fakes.state_machine import StateMachine, TaskError, longest, retrier

MACHINE = definition(HANDLER)
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
STEP, ANSWER = STATES["Step"], STATES["Answer"]

# Seconds of the retries that come before those of every minute.
QUICK_RETRIES = 2 + 4 + 8 + 16 + 32
WITH_FOLLOWER = with_follower(HANDLER, follower_arn=FOLLOWER, partition="aws-cn")
FOLLOWING = message.Following("request-follower", {"Name": "spring"}, {"WaitSeconds": 60})
SUCCESS = message.Verdict("SUCCESS", "", "id", {})

either_task = pytest.mark.parametrize("task", [STEP, ANSWER], ids=["step", "answer"])


def test_steps_follow_each_other_until_one_is_settled() -> None:
    assert MACHINE.keys() == {"Comment", "StartAt", "TimeoutSeconds", "States"}, "Step Functions refuses any other"
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
    assert longest(retry) == QUICK_RETRIES + timeouts.LONGEST_WAIT.total_seconds()


@pytest.mark.parametrize("error", ["KeyError", "Lambda.AWSLambdaException", "States.TaskFailed"])
def test_any_other_error_of_a_step_is_repeated_until_permissions_have_spread(error: str) -> None:
    """A forbidden call is one of them. But a bug stays a bug: its request must not wait an hour for the reason."""
    _, retry = retrier(STEP, error)
    assert longest(retry) == QUICK_RETRIES + 3 * 60


def test_a_step_that_fails_on_every_retry_is_answered() -> None:
    assert STEP["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.Step", "Next": "Answer"}]


@pytest.mark.parametrize("error", ["AnswerNotDelivered", "KeyError", "Lambda.Unknown"])
def test_an_answer_is_sent_again_for_as_long_as_cloudformation_waits(error: str) -> None:
    _, retry = retrier(ANSWER, error)
    assert longest(retry) == QUICK_RETRIES + timeouts.LONGEST_WAIT.total_seconds()


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
        (message.settled(SUCCESS), "SUCCEEDED"),
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


def test_it_waits_as_long_as_the_last_step_says() -> None:
    results = [message.pending({"Step": 1}, 0), message.pending({"Step": 2}, 30), message.settled(SUCCESS)]
    sent: list[Any] = []

    def invoke(message: dict[str, Any]) -> object:
        sent.append(message.get("Progress", message["Phase"]))
        return results.pop(0) if message["Phase"] == "Step" else None

    machine = StateMachine(MACHINE, invoke, VirtualClock())
    execution = machine.start("request", message.execution_input({}))
    machine.run()
    assert (sent, machine.waits) == ([None, {"Step": 1}, {"Step": 2}, "Answer"], [30])
    assert execution.status == "SUCCEEDED"


def test_its_last_states_say_how_it_ended() -> None:
    status = {"Variable": "$.Step.Verdict.Status"}
    assert STATES["Succeeded?"] == {
        "Type": "Choice",
        "Choices": [
            {
                "And": [status | {"IsPresent": True}, status | {"StringEquals": "SUCCESS"}],
                "Next": "Succeeded",
            }
        ],
        "Default": "Failed",
    }
    assert STATES["Succeeded"] == {"Type": "Succeed"}
    failed = STATES["Failed"]
    assert (failed["Type"], failed["Error"]) == ("Fail", "RequestFailed")
    assert failed["Cause"] == "The reason is in the events of the stack."


def test_an_execution_without_a_verdict_has_failed() -> None:
    def invoke(sent: dict[str, Any]) -> None:
        if sent["Phase"] == "Step":
            raise KeyError("a bug")

    machine = StateMachine(MACHINE, invoke, VirtualClock())
    execution = machine.start("request", message.execution_input({}))
    machine.run()
    assert execution.status == "FAILED"
    assert machine.invocations["Answer"] == 1


class TestWithFollower:
    STATES: ClassVar[dict[str, dict[str, Any]]] = WITH_FOLLOWER["States"]

    def run(
        self, settled: dict[str, Any], start: Callable[[dict[str, Any]], object] = lambda request: {}
    ) -> tuple[str, list[dict[str, Any]], StateMachine]:
        """Run one execution; returns how it ended, and with what it tried to start the follower."""
        starts: list[dict[str, Any]] = []

        def start_execution(request: dict[str, Any]) -> object:
            starts.append(request)
            return start(request)

        machine = StateMachine(
            WITH_FOLLOWER,
            lambda sent: settled if sent["Phase"] == "Step" else None,
            VirtualClock(),
            {"states:startExecution": start_execution},
        )
        execution = machine.start("request", message.execution_input({}))
        machine.run()
        assert machine.invocations == {"Step": 1, "Answer": 1}
        return execution.status, starts, machine

    def test_it_is_started_after_the_answer_with_what_the_last_step_says(self) -> None:
        status, starts, _ = self.run(message.settled(SUCCESS, FOLLOWING))
        expected = {"Follow": FOLLOWING.follow, "Look": FOLLOWING.look}
        assert starts == [{"StateMachineArn": FOLLOWER, "Name": "request-follower", "Input": expected}]
        assert status == "SUCCEEDED"

    def test_a_request_that_wants_no_event_starts_none(self) -> None:
        status, starts, _ = self.run(message.settled(SUCCESS))
        assert (status, starts) == ("SUCCEEDED", [])

    def test_a_request_that_failed_and_wants_no_event_starts_none(self) -> None:
        status, starts, _ = self.run(message.settled(message.Verdict("FAILED", "a reason", "id", {})))
        assert (status, starts) == ("FAILED", [])

    def test_one_that_cannot_be_started_changes_no_verdict(self) -> None:
        def refuse(request: dict[str, Any]) -> object:
            raise TaskError("States.TaskFailed")

        status, starts, machine = self.run(message.settled(SUCCESS, FOLLOWING), refuse)
        began = machine.executions["request"].started_at
        assert (status, len(starts)) == ("SUCCEEDED", 9)
        assert 180 < (machine.clock() - began).total_seconds() < 300

    def test_one_that_was_started_before_is_not_started_again(self) -> None:
        def refuse(request: dict[str, Any]) -> object:
            raise TaskError("StepFunctions.ExecutionAlreadyExistsException")

        status, starts, _ = self.run(message.settled(SUCCESS, FOLLOWING), refuse)
        assert (status, len(starts)) == ("SUCCEEDED", 1)

    def test_its_states_come_between_the_answer_and_the_end(self) -> None:
        assert (self.STATES["Answer"]["Next"], self.STATES["Follow?"]["Default"]) == ("Follow?", "Succeeded?")
        [choice] = self.STATES["Follow?"]["Choices"]
        assert choice == {"Variable": "$.Step.Follow", "IsPresent": True, "Next": "Follow"}
        assert self.STATES["Follow?"]["Type"] == "Choice"
        follow = self.STATES["Follow"]
        assert (follow["Type"], follow["Resource"]) == ("Task", "arn:aws-cn:states:::states:startExecution")
        assert follow["ResultPath"] == "$.Following", "the verdict stays in the data"
        assert follow["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.Following", "Next": "Succeeded?"}]
        assert follow["Next"] == "Succeeded?"

    def test_a_start_is_repeated_until_permissions_have_spread(self) -> None:
        """Longer than a permission takes, and within what is left of an execution."""
        _, again = retrier(self.STATES["Follow"], "StepFunctions.ExecutionAlreadyExistsException")
        assert again["MaxAttempts"] == 0
        _, retry = retrier(self.STATES["Follow"], "States.TaskFailed")
        assert 180 < longest(retry) < 300
        assert retry == STEP["Retry"][-1]

    def test_all_other_states_are_those_of_a_stack_without_events(self) -> None:
        assert {name for name in self.STATES if name not in STATES} == {"Follow?", "Follow"}
        same = [name for name in STATES if name != "Answer"]
        assert {name: self.STATES[name] for name in same} == {name: STATES[name] for name in same}
        assert self.STATES["Answer"] == ANSWER | {"Next": "Follow?"}
        assert WITH_FOLLOWER | {"States": {}} == MACHINE | {"States": {}}
