"""Starts the one execution that carries a request to its end, and stops those of older requests.

The only caller of Step Functions. The execution is named after the event, so a redelivered event starts nothing:
ExecutionAlreadyExists means that the request was accepted before. The first half of the name finds the executions of
the same resource.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from audience_export_handler import naming, request_time
from audience_export_handler.failure import ExportFailure

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient
    from mypy_boto3_stepfunctions.type_defs import ExecutionListItemTypeDef

logger = logging.getLogger(__name__)

# Below the function's time-out of 60 s. A role's new policy may not be known everywhere at once.
_KEEP_TRYING = timedelta(seconds=45)
# Refusals that another try of the same call cannot mend.
_FINAL = {"InvalidArn", "InvalidExecutionInput", "InvalidName", "StateMachineDoesNotExist", "ValidationException"}

# An execution ends by itself after 65 minutes; one that began longer ago cannot be running.
_LONGEST = timedelta(minutes=70)


class ExecutionsUnreadable(Exception):
    """The executions of the resource cannot be listed or stopped just now."""


def start(
    event: dict[str, Any],
    *,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    draw: Callable[[], float],
) -> None:
    """Start the execution of a Create or Update event, or find that it was started before.

    Raises ExportFailure where that is refused for good; any other error is raised for Lambda to deliver the event
    again.
    """
    give_up = clock() + _KEEP_TRYING
    pause = 1.0
    while True:
        try:
            _start_once(event)
        except (ClientError, BotoCoreError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            if code == "ExecutionAlreadyExists":
                logger.info("The request was accepted before.")
                return
            is_late = clock() + timedelta(seconds=pause) > give_up
            if code in _FINAL or (is_late and code.startswith("AccessDenied")):
                raise _refused(code, error) from error
            if is_late:
                raise
            logger.warning("The execution cannot be started yet: %s", code)
        else:
            return
        sleep(pause * (0.5 + 0.5 * draw()))
        pause = min(2 * pause, 8.0)


def stop_older(event: dict[str, Any], *, asked_at: datetime, clock: Callable[[], datetime]) -> datetime | None:
    """Stop the resource's executions that surely began before this request was made; nothing stops a newer one.

    Returns when the last of them was stopped, by whomever; None where there was none lately. Its step may still be
    running then: stopping an execution does not stop the function. ExecutionsUnreadable says that one may be left.
    """
    client = _client(5)
    stopped: datetime | None = None
    try:
        for execution in _older(client, event, asked_at):
            if execution["status"] == "RUNNING":
                _stop(client, execution)
                stopped = clock()
            elif execution["status"] == "ABORTED":
                stopped = max(stopped or execution["stopDate"], execution["stopDate"])
    except (ClientError, BotoCoreError) as error:
        raise ExecutionsUnreadable(str(error)) from error
    return stopped


def stop_all(
    event: dict[str, Any],
    *,
    asked_at: datetime,
    call_seconds: float,
    last_call: datetime,
    clock: Callable[[], datetime],
) -> None:
    """Stop the executions of a resource that is being deleted, as well as that goes; never raises.

    Args:
        call_seconds: how long to wait for a connection, and then for an answer.
        last_call: after this time no call is made.
    """
    client = _client(call_seconds)
    try:
        for execution in _older(client, event, asked_at):
            if execution["status"] == "RUNNING" and clock() <= last_call:
                _stop(client, execution)
    except (ClientError, BotoCoreError) as error:
        logger.warning("The executions of the deleted resource cannot be stopped: %s", error)


def _older(client: SFNClient, event: dict[str, Any], asked_at: datetime) -> Iterator[ExecutionListItemTypeDef]:
    """The executions of the event's resource that began before `asked_at`, as far as they can matter.

    Two requests may follow within a second, and their executions begin in any order: an update that fails at once, and
    its rollback. Which is older is then not to be told by two clocks, so neither stops the other; each asks the stack
    before it starts anything.
    """
    surely_before = asked_at - request_time.CLOCK_SKEW
    prefix, own_name = naming.execution_prefix(event), naming.execution_name(event)
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=event["ResourceProperties"]["StateMachineArn"], PaginationConfig={"PageSize": 1000}
    )
    for page in pages:
        for execution in page["executions"]:
            # Listed newest first.
            if execution["startDate"] < asked_at - _LONGEST:
                return
            is_ours = execution["name"].startswith(prefix) and execution["name"] != own_name
            if is_ours and execution["startDate"] < surely_before:
                yield execution


def _stop(client: SFNClient, execution: ExecutionListItemTypeDef) -> None:
    cause = "A newer request for the same resource has taken over."
    client.stop_execution(executionArn=execution["executionArn"], error="Overtaken", cause=cause)
    logger.info("An older execution for this resource is stopped.")


def _start_once(event: dict[str, Any]) -> None:
    _client(10).start_execution(
        stateMachineArn=event["ResourceProperties"]["StateMachineArn"],
        name=naming.execution_name(event),
        input=json.dumps({"Request": event, "Step": {"Progress": None}}),
    )


def _refused(code: str, error: Exception) -> ExportFailure:
    return ExportFailure(
        code,
        "the state machine that follows the export",
        f"it cannot be started: {error}",
        "Nothing was started. Check that the handler's role may start executions of it, then deploy again.",
    )


@cache
def _client(call_seconds: float) -> SFNClient:
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=call_seconds, read_timeout=call_seconds)
    return boto3.client("stepfunctions", config=config)
