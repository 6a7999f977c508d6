"""The few states that follow one request: Step until it is settled, then Answer.

Settling and answering are two states, so that a lost acknowledgement makes the same answer go out again and never
turns one verdict into another. Times are read from the execution's own context, not from its input.
"""

from __future__ import annotations

from typing import Any

VERSION = 1  # of the messages to the handler; executions that run during a deployment meet the new code

# Longer than the function's time-out, so that a repeated step never overlaps the one it repeats.
_TASK_TIMEOUT_SECONDS = 75
_RETRY = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "BackoffRate": 2, "MaxDelaySeconds": 60}
# Two minutes. Among these errors are the handler's own, and a call of the function that is forbidden.
_FEW = {"MaxAttempts": 6}
# An hour, the longest that CloudFormation waits.
_UNTIL_THE_TIMEOUT = {"MaxAttempts": 65}
# Lambda's own trouble, or an invocation that was ended from outside: what a later one need not meet.
_PASSES_BY = {
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


def definition(handler_arn: str, *, timeout_seconds: int) -> dict[str, Any]:
    """Return the state machine in the Amazon States Language.

    Its input is ``{"Request": event, "Step": {"Progress": null}}``.

    Args:
        handler_arn: ARN of the handler, or a token for it.
        timeout_seconds: after this long an execution ends by itself, whatever happens.
    """
    return {
        "Comment": "Follows one request for an audience export to its end, then answers CloudFormation.",
        "StartAt": "Step",
        "TimeoutSeconds": timeout_seconds,
        "States": {
            "Step": _step(handler_arn),
            "Settled?": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.Step.Settled", "BooleanEquals": True, "Next": "Answer"},
                    {"Variable": "$.Step.WaitSeconds", "NumericEquals": 0, "Next": "Step"},
                ],
                "Default": "Wait",
            },
            "Wait": {"Type": "Wait", "SecondsPath": "$.Step.WaitSeconds", "Next": "Step"},
            "Answer": _answer(handler_arn),
        },
    }


def _step(handler_arn: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": handler_arn,
        "TimeoutSeconds": _TASK_TIMEOUT_SECONDS,
        "Parameters": {
            "Version": VERSION,
            "Phase": "Step",
            "Request.$": "$.Request",
            "Progress.$": "$.Step.Progress",
            "StartedAt.$": "$$.Execution.StartTime",
            "RetryCount.$": "$$.State.RetryCount",
        },
        "ResultPath": "$.Step",
        "Retry": [_RETRY | _PASSES_BY | _UNTIL_THE_TIMEOUT, _RETRY | _FEW],
        # A handler that fails on every retry is still answered for.
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.Step", "Next": "Answer"}],
        "Next": "Settled?",
    }


def _answer(handler_arn: str) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": handler_arn,
        "TimeoutSeconds": _TASK_TIMEOUT_SECONDS,
        "Parameters": {"Version": VERSION, "Phase": "Answer", "Request.$": "$.Request", "Outcome.$": "$.Step"},
        "Retry": [_RETRY | _UNTIL_THE_TIMEOUT],
        "End": True,
    }
