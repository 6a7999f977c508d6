"""The few states that follow one request: Step until it is settled, then Answer.

Settling and answering are two states, so that a lost acknowledgement makes the same answer go out again and never
turns one verdict into another. The execution then ends as the request did, so that the metrics of the state machine
count requests. What the states send and read is in `cdk_cleanroomsml_contract.message`.
"""

from __future__ import annotations

from typing import Any

from cdk_cleanroomsml_contract import message
from cdk_cleanroomsml_contract.timeouts import EXECUTION_TIMEOUT, TASK_TIMEOUT

_RETRY = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "BackoffRate": 2, "MaxDelaySeconds": 60}
# Four minutes. Among these errors are the handler's own, and a call of the function that is forbidden: a new policy may
# not be known everywhere for three.
_FEW = {"MaxAttempts": 8}
# An hour, the longest that CloudFormation waits.
_UNTIL_THE_TIMEOUT = {"MaxAttempts": 65}
# Lambda's own errors, or an invocation that was ended from outside: a later one may succeed.
_TRANSIENT = {
    "ErrorEquals": [
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.SdkClientException",
        "Lambda.ServiceException",
        "Lambda.TooManyRequestsException",
        "Lambda.Unknown",
        "Runtime.ExitError",
        "Sandbox.Timedout",
        "States.Timeout",
    ]
}


def definition(handler_arn: str) -> dict[str, Any]:
    """Return the state machine in the Amazon States Language.

    Args:
        handler_arn: ARN of the handler, or a token for it.
    """
    return _machine(handler_arn, after_answer="Succeeded?", more={})


def with_follower(handler_arn: str, *, follower_arn: str, partition: str) -> dict[str, Any]:
    """Return the state machine that starts the follower after an answer, for requests that want events.

    The arguments may be tokens. A follower that cannot be started does not change how the request has ended.
    """
    more = {
        "Follow?": {
            "Type": "Choice",
            "Choices": [{"Variable": message.FOLLOW, "IsPresent": True, "Next": "Follow"}],
            "Default": "Succeeded?",
        },
        "Follow": {
            "Type": "Task",
            "Resource": f"arn:{partition}:states:::states:startExecution",
            "Parameters": {
                "StateMachineArn": follower_arn,
                "Name.$": message.FOLLOWER_NAME,
                "Input.$": message.FOLLOWER_INPUT,
            },
            "ResultPath": message.FOLLOW_RESULT,
            # It was started before, if the call is repeated.
            "Retry": [
                {"ErrorEquals": ["StepFunctions.ExecutionAlreadyExistsException"], "MaxAttempts": 0},
                _RETRY | _FEW,
            ],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": message.FOLLOW_RESULT, "Next": "Succeeded?"}],
            "Next": "Succeeded?",
        },
    }
    return _machine(handler_arn, after_answer="Follow?", more=more)


def _machine(handler_arn: str, *, after_answer: str, more: dict[str, Any]) -> dict[str, Any]:
    return {
        "Comment": "Follows one request for an audience export to its end, then answers CloudFormation.",
        "StartAt": "Step",
        "TimeoutSeconds": int(EXECUTION_TIMEOUT.total_seconds()),
        "States": {
            "Step": _step(handler_arn),
            "Settled?": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": message.IS_SETTLED, "BooleanEquals": True, "Next": "Answer"},
                    {"Variable": message.WAIT_SECONDS, "NumericEquals": 0, "Next": "Step"},
                ],
                "Default": "Wait",
            },
            "Wait": {"Type": "Wait", "SecondsPath": message.WAIT_SECONDS, "Next": "Step"},
            "Answer": _answer(handler_arn) | {"Next": after_answer},
            **more,
            "Succeeded?": {
                "Type": "Choice",
                # If the steps failed on every retry, there is no verdict.
                "Choices": [
                    {
                        "And": [
                            {"Variable": message.VERDICT_STATUS, "IsPresent": True},
                            {"Variable": message.VERDICT_STATUS, "StringEquals": "SUCCESS"},
                        ],
                        "Next": "Succeeded",
                    }
                ],
                "Default": "Failed",
            },
            "Succeeded": {"Type": "Succeed"},
            "Failed": {"Type": "Fail", "Error": "RequestFailed", "Cause": "The reason is in the events of the stack."},
        },
    }


def _step(handler_arn: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": handler_arn,
        "TimeoutSeconds": int(TASK_TIMEOUT.total_seconds()),
        "Parameters": message.STEP,
        "ResultPath": message.STEP_RESULT,
        "Retry": [_RETRY | _TRANSIENT | _UNTIL_THE_TIMEOUT, _RETRY | _FEW],
        # If the handler fails on every retry, the request is still answered.
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": message.STEP_RESULT, "Next": "Answer"}],
        "Next": "Settled?",
    }


def _answer(handler_arn: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": handler_arn,
        "TimeoutSeconds": int(TASK_TIMEOUT.total_seconds()),
        "Parameters": message.ANSWER,
        # The verdict stays in the data beside it. Null would keep the data as they are, but the CDK leaves null out.
        "ResultPath": message.ANSWER_RESULT,
        "Retry": [_RETRY | _UNTIL_THE_TIMEOUT],
    }
