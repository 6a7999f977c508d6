"""The only caller of Step Functions: starts the execution that follows a request, and stops those of older requests.

The execution is named after the event, so an event that is delivered again starts nothing: ExecutionAlreadyExists
means that the request was accepted before. The first half of the name finds the executions of the same resource.
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

from audience_export_handler.core import timing
from cdk_cleanroomsml_contract.identity import digest
from cdk_cleanroomsml_contract.message import execution_input

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient
    from mypy_boto3_stepfunctions.type_defs import ExecutionListItemTypeDef

logger = logging.getLogger(__name__)


class ExecutionsUnreadable(Exception):
    """The executions of the resource cannot be listed or stopped now."""


def start(
    event: dict[str, Any],
    *,
    clock: Callable[[], datetime],
    sleep: Callable[[float], None],
    draw: Callable[[], float],
) -> None:
    """Start the execution of a Create or Update event, or find that it was started before.

    Any error is raised after a few tries, so that Lambda delivers the event again: a new state machine, or a new
    permission, may not be known everywhere yet.
    """
    give_up = clock() + timing.START_EXECUTION_FOR
    pause = 1.0
    while True:
        try:
            _start_once(event)
        except (ClientError, BotoCoreError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            if code == "ExecutionAlreadyExists":
                logger.info("The request was accepted before.")
                return
            if clock() + timedelta(seconds=pause) > give_up:
                raise
            logger.warning("The execution cannot be started yet: %s", code)
        else:
            return
        sleep(pause * (0.5 + 0.5 * draw()))
        pause = min(2 * pause, 8.0)


def stop_older(event: dict[str, Any], *, requested_at: datetime, clock: Callable[[], datetime]) -> datetime | None:
    """Stop the resource's executions that surely began before this request was made; nothing stops a newer one.

    Returns when the last of them was stopped, by this request or another one; None if there was none lately. Its step
    may still be running then: stopping an execution does not stop the function. ExecutionsUnreadable: one may be left.
    """
    client = _client(timing.CONTROL_SECONDS)
    stopped: datetime | None = None
    try:
        for execution in _older(client, event, requested_at):
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
    requested_at: datetime,
    last_call: datetime,
    clock: Callable[[], datetime],
) -> None:
    """Stop the executions of a resource that is being deleted, as far as possible; never raises.

    Args:
        last_call: after this time no call is made.
    """
    client = _client(timing.DELETE_CALL_SECONDS)
    try:
        for execution in _older(client, event, requested_at, in_time=lambda: clock() <= last_call):
            if execution["status"] == "RUNNING" and clock() <= last_call:
                _stop(client, execution)
    except (ClientError, BotoCoreError) as error:
        logger.warning("The executions of the deleted resource cannot be stopped: %s", error)


def _older(
    client: SFNClient, event: dict[str, Any], requested_at: datetime, in_time: Callable[[], bool] = lambda: True
) -> Iterator[ExecutionListItemTypeDef]:
    """The executions of the event's resource that began before `requested_at`, as far as they can matter.

    Two requests may follow within a second, and their executions begin in any order: an update that fails immediately,
    and its rollback. Two clocks cannot say which is older, so neither stops the other; each reads the stack before it
    starts anything.
    """
    surely_before = requested_at - timing.CLOCK_SKEW
    prefix, own_name = execution_prefix(event), execution_name(event)
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=event["ResourceProperties"]["StateMachineArn"], PaginationConfig={"PageSize": 1000}
    )
    for page in pages:
        for execution in page["executions"]:
            # Listed newest first.
            if execution["startDate"] < requested_at - timing.OLDEST_EXECUTION:
                return
            is_ours = execution["name"].startswith(prefix) and execution["name"] != own_name
            if is_ours and execution["startDate"] < surely_before:
                yield execution
        if not in_time():
            return


def _stop(client: SFNClient, execution: ExecutionListItemTypeDef) -> None:
    cause = "A newer request or a Delete for the same resource stopped this execution."
    client.stop_execution(executionArn=execution["executionArn"], error="Overtaken", cause=cause)
    logger.info("An older execution for this resource is stopped.")


def _start_once(event: dict[str, Any]) -> None:
    _client(timing.START_EXECUTION_SECONDS).start_execution(
        stateMachineArn=event["ResourceProperties"]["StateMachineArn"],
        name=execution_name(event),
        input=json.dumps(execution_input(event)),
    )


def execution_name(event: dict[str, Any]) -> str:
    """Return the name of the one execution of a request: 65 characters; the first half finds the resource's.

    A redelivered event has the same four members. A retried deployment may reuse the RequestId (aws-cdk issue 35957)
    but brings a newly signed ResponseURL.
    """
    return execution_prefix(event) + digest([event["RequestId"], event["ResponseURL"]], 32)


def execution_prefix(event: dict[str, Any]) -> str:
    """Return how the names of all executions for the resource of this event begin."""
    return digest([event["StackId"], event["LogicalResourceId"]], 32) + "-"


@cache
def _client(call_seconds: float) -> SFNClient:
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=call_seconds, read_timeout=call_seconds)
    return boto3.client("stepfunctions", config=config)
