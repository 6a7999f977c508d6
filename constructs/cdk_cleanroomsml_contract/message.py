"""The messages between the state machine and the handler: who writes what, and how both sides read it.

The execution's data is ``{"Request": event, "Step": result of the last step}``. The state machine writes a message for
each call of the handler (`STEP`, `ANSWER`: Parameters in the Amazon States Language); the handler returns `pending` or
`settled`, which becomes the new ``Step``.

A second state machine, the follower, looks for the end of an export whose request is answered, and publishes it. Its
data is ``{"Follow": what it follows, "Look": result of the last look}``. If the result of the last step has a
``Follow``, that says how it is started.

Executions that run while the stack is updated keep their definition, and meet the new handler. So the handler reads the
messages of `VERSION` and of the version before it. Version 1 called the member ``Result`` of an answer ``Outcome``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

VERSION = 2

# What the state machine sends. The times and counts are those of the execution's own context, not of its input.
STEP = {
    "Version": VERSION,
    "Phase": "Step",
    "Request.$": "$.Request",
    "Progress.$": "$.Step.Progress",
    "StartedAt.$": "$$.Execution.StartTime",
    "RetryCount.$": "$$.State.RetryCount",
}
ANSWER = {"Version": VERSION, "Phase": "Answer", "Request.$": "$.Request", "Result.$": "$.Step"}
# Where the state machine puts what a step returns, and what it reads of it.
STEP_RESULT, IS_SETTLED, WAIT_SECONDS = "$.Step", "$.Step.Settled", "$.Step.WaitSeconds"
VERDICT_STATUS, ANSWER_RESULT = "$.Step.Verdict.Status", "$.Answer"
# How the follower is started, if the result of the last step says so.
FOLLOW, FOLLOWER_NAME, FOLLOWER_INPUT = "$.Step.Follow", "$.Step.Follow.Name", "$.Step.Follow.Input"
FOLLOW_RESULT = "$.Following"

# What the follower sends, where it puts what a look returns, and what it reads of it.
LOOK = {
    "Version": VERSION,
    "Phase": "Follow",
    "Follow.$": "$.Follow",
    "StartedAt.$": "$$.Execution.StartTime",
}
LOOK_RESULT, LOOK_WAIT_SECONDS, LOOK_EVENT = "$.Look", "$.Look.WaitSeconds", "$.Look.Event"
LOOK_DELETED, LOOK_GIVEN_UP = "$.Look.Deleted", "$.Look.GivenUp"
# Present if there is something to look for: not for an export that had ended when its request was answered.
FOLLOWED_NAME = "$.Follow.Name"

Event = dict[str, Any]


@dataclass(frozen=True)
class Verdict:
    """How a request ended; `status` is CloudFormation's SUCCESS or FAILED."""

    status: str
    reason: str
    physical_id: str
    data: dict[str, str]


@dataclass(frozen=True)
class StepMessage:
    """A call for one step.

    `progress` is what the step before it returned, None for the first one; `started_at` is when the execution began;
    `is_repeated` says that this step ran before with the same progress and did not return.
    """

    event: Event
    progress: dict[str, Any] | None
    started_at: datetime
    is_repeated: bool


@dataclass(frozen=True)
class AnswerMessage:
    """A call for the answer: to a verdict, or, without one, to the error that ended the steps."""

    event: Event
    verdict: Verdict | None
    error: str = ""
    cause: str = ""


@dataclass(frozen=True)
class FollowMessage:
    """A call for one look of the follower, which began at `started_at`; `follow` is what it follows."""

    follow: dict[str, Any]
    started_at: datetime


@dataclass(frozen=True)
class Following:
    """How the follower is started: the name of its execution, what it follows, and the result of a first look."""

    name: str
    follow: dict[str, Any]
    look: dict[str, Any]


@dataclass(frozen=True)
class LostEvent:
    """An event of CloudFormation whose deliveries to the handler have all failed, or were too late."""

    event: Event


def execution_input(event: Event) -> dict[str, Any]:
    """Return the input of the execution that follows an event."""
    return {"Request": event, "Step": {"Progress": None}}


def pending(progress: dict[str, Any], wait_seconds: int) -> dict[str, Any]:
    """Return the result of a step after which another one must follow, in so many seconds."""
    return {"Settled": False, "Progress": progress, "WaitSeconds": wait_seconds}


def settled(verdict: Verdict, following: Following | None = None) -> dict[str, Any]:
    """Return the result of the last step; with `following`, the follower is started after the answer."""
    execution = following and {"Name": following.name, "Input": {"Follow": following.follow, "Look": following.look}}
    return ({"Follow": execution} if execution else {}) | {
        "Settled": True,
        "Verdict": {
            "Status": verdict.status,
            "Reason": verdict.reason,
            "PhysicalResourceId": verdict.physical_id,
            "Data": verdict.data,
        },
    }


def look_again(wait_seconds: int) -> dict[str, Any]:
    """Return the result of a look after which another one must follow, in so many seconds."""
    return {"WaitSeconds": wait_seconds}


def look_ended(detail: dict[str, Any]) -> dict[str, Any]:
    """Return the result of the look that found the export's end: publish an event with this detail."""
    return {"Event": detail}


def look_deleted() -> dict[str, Any]:
    """Return the result of a look that found that the resource does not have the export any more."""
    return {"Deleted": True}


def look_given_up(reason: str) -> dict[str, Any]:
    """Return the result of the last look, which found no end."""
    return {"GivenUp": reason}


def read(message: Mapping[str, Any]) -> StepMessage | AnswerMessage | FollowMessage | LostEvent | Event:
    """Return what the handler was called with; an event of CloudFormation has no phase and is returned as it is.

    Lambda calls the last resort with a record that contains the event ("Invocation record" in the AWS Lambda Developer
    Guide).

    ValueError: the message is of a version that this handler does not read.
    """
    if "requestPayload" in message:
        return LostEvent(message["requestPayload"])
    if "Phase" not in message:
        return dict(message)
    if message.get("Version") not in (VERSION - 1, VERSION):
        raise ValueError(
            f"message of version {message.get('Version')!r}; this handler reads {VERSION - 1} and {VERSION}"
        )
    if message["Phase"] == "Answer":
        return _answer(message["Request"], message["Result"] if "Result" in message else message["Outcome"])
    started_at = datetime.fromisoformat(message["StartedAt"].replace("Z", "+00:00"))
    if message["Phase"] == "Follow":
        return FollowMessage(message["Follow"], started_at)
    return StepMessage(
        message["Request"],
        message["Progress"],
        started_at,
        message["RetryCount"] > 0,
    )


def _answer(event: Event, result: Mapping[str, Any]) -> AnswerMessage:
    found = result.get("Verdict")
    if found is None:
        return AnswerMessage(event, None, result.get("Error", ""), result.get("Cause", ""))
    return AnswerMessage(event, Verdict(found["Status"], found["Reason"], found["PhysicalResourceId"], found["Data"]))
