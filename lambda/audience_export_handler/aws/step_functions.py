"""The only caller of Step Functions: starts the execution that follows a request, and stops those of older requests.

The execution is named after the event, so an event that is delivered again starts nothing: ExecutionAlreadyExists
means that the request was accepted before. The first half of the name finds the executions of the same resource. Those
of the follower, which the state machine starts after an answer, are named in the same way.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as NotConnected

from audience_export_handler.core import timing
from audience_export_handler.core.failure import AcceptanceUnknown
from cdk_cleanroomsml_contract.export_properties import FOLLOWER_ARN
from cdk_cleanroomsml_contract.identity import digest
from cdk_cleanroomsml_contract.message import execution_input

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient
    from mypy_boto3_stepfunctions.type_defs import ExecutionListItemTypeDef

logger = logging.getLogger(__name__)

_SERVER_ERROR = 500


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
    permission, may not be known everywhere yet. AcceptanceUnknown: one of the tries may have started it.
    """
    give_up = clock() + timing.START_EXECUTION_FOR
    pause, may_have_started = 1.0, False
    while True:
        try:
            _start_once(event)
        except (ClientError, BotoCoreError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else type(error).__name__
            if code == "ExecutionAlreadyExists":
                logger.info("The request was accepted before.")
                return
            may_have_started = may_have_started or _is_unanswered(error)
            if clock() + timedelta(seconds=pause) > give_up:
                if may_have_started:
                    raise AcceptanceUnknown(f"StartExecution was not answered; last: {code}") from error
                raise
            logger.warning("The execution cannot be started yet: %s", code)
        else:
            return
        sleep(pause * (0.5 + 0.5 * draw()))
        pause = min(2 * pause, 8.0)


def was_started(event: dict[str, Any], *, oldest: datetime) -> bool:
    """Return whether an execution of this very event has begun since `oldest`; False also if that cannot be read."""
    try:
        name = execution_name(event)
        recent = _recent(_client(timing.CONTROL_SECONDS), _machine_of(event), oldest)
        return any(execution["name"] == name for execution in recent)
    except (ClientError, BotoCoreError, KeyError) as error:  # KeyError: an event without a member is answered, too.
        logger.warning("The executions cannot be listed: %s", error)
        return False


def stop_older(
    event: dict[str, Any], *, requested_at: datetime, clock: Callable[[], datetime]
) -> tuple[datetime | None, int]:
    """Stop the resource's executions that surely began before this request was made; nothing stops a newer one.

    Returns when the last of them was stopped, by this request or another one; None if there was none lately. Its step
    may still be running then: stopping an execution does not stop the function. ExecutionsUnreadable: one may be left.
    With it, how many executions of the state machine are running, this one included.
    """
    client = _client(timing.CONTROL_SECONDS)
    prefix, own = execution_prefix(event), execution_name(event)
    stopped: datetime | None = None
    running = 0
    try:
        for execution in _recent(client, _machine_of(event), requested_at - timing.OLDEST_EXECUTION):
            running += execution["status"] == "RUNNING"
            if not _is_older(execution, prefix, requested_at, but=own):
                continue
            if execution["status"] == "RUNNING":
                _stop(client, execution)
                stopped = clock()
            elif execution["status"] == "ABORTED":
                stopped = max(stopped or execution["stopDate"], execution["stopDate"])
    except (ClientError, BotoCoreError) as error:
        raise ExecutionsUnreadable(str(error)) from error
    return stopped, max(1, running)


def stop_all(
    event: dict[str, Any],
    *,
    requested_at: datetime,
    last_call: datetime,
    clock: Callable[[], datetime],
) -> None:
    """Stop the executions of a resource that is being deleted, as far as possible; never raises.

    Those of the follower, too, that follow an export of the deleted physical id.

    Args:
        last_call: after this time no call is made.
    """
    stop = partial(_stop_of, requested_at=requested_at, last_call=last_call, clock=clock)
    stop(_machine_of(event), execution_prefix(event), oldest=requested_at - timing.OLDEST_EXECUTION)
    if follower := event["ResourceProperties"].get(FOLLOWER_ARN):
        prefix = _follower_prefix(event, str(event.get("PhysicalResourceId")))
        stop(follower, prefix, oldest=requested_at - timing.OLDEST_FOLLOWER)


def _stop_of(
    machine_arn: str,
    prefix: str,
    *,
    oldest: datetime,
    requested_at: datetime,
    last_call: datetime,
    clock: Callable[[], datetime],
) -> None:
    client = _client(timing.DELETE_CALL_SECONDS)
    try:
        for execution in _recent(client, machine_arn, oldest, in_time=lambda: clock() <= last_call):
            is_older = _is_older(execution, prefix, requested_at)
            if is_older and execution["status"] == "RUNNING" and clock() <= last_call:
                _stop(client, execution)
    except (ClientError, BotoCoreError) as error:
        logger.warning("The executions of the deleted resource cannot be stopped: %s", error)


def _recent(
    client: SFNClient, machine_arn: str, oldest: datetime, in_time: Callable[[], bool] = lambda: True
) -> Iterator[ExecutionListItemTypeDef]:
    """The executions of a state machine that began after `oldest`, newest first."""
    if not in_time():
        return
    pages = client.get_paginator("list_executions").paginate(
        stateMachineArn=machine_arn, PaginationConfig={"PageSize": 1000}
    )
    for page in pages:
        for execution in page["executions"]:
            if execution["startDate"] < oldest:
                return
            yield execution
        if not in_time():
            return


def _is_older(execution: ExecutionListItemTypeDef, prefix: str, requested_at: datetime, but: str = "") -> bool:
    """Whether an execution of the resource whose names begin with `prefix` surely began before the request.

    Two requests may follow within a second, and their executions begin in any order: an update that fails immediately,
    and its rollback. Two clocks cannot say which is older, so neither stops the other; each reads the stack before it
    starts anything.
    """
    is_ours = execution["name"].startswith(prefix) and execution["name"] != but
    return is_ours and execution["startDate"] < requested_at - timing.CLOCK_SKEW


def _stop(client: SFNClient, execution: ExecutionListItemTypeDef) -> None:
    cause = "A newer request or a Delete for the same resource stopped this execution."
    client.stop_execution(executionArn=execution["executionArn"], error="Overtaken", cause=cause)
    logger.info("An older execution for this resource is stopped.")


def _start_once(event: dict[str, Any]) -> None:
    _client(timing.START_EXECUTION_SECONDS).start_execution(
        stateMachineArn=_machine_of(event),
        name=execution_name(event),
        input=json.dumps(execution_input(event)),
    )


def _is_unanswered(error: ClientError | BotoCoreError) -> bool:
    """Whether the call may have taken effect: a server error, or no response on a connection that was made."""
    if isinstance(error, ClientError):
        return error.response["ResponseMetadata"]["HTTPStatusCode"] >= _SERVER_ERROR
    return isinstance(error, HTTPClientError) and not isinstance(error, NotConnected)


def execution_name(event: dict[str, Any]) -> str:
    """Return the name of the one execution of a request: 65 characters; the first half finds the resource's.

    A redelivered event has the same four members. A retried deployment may reuse the RequestId (aws-cdk issue 35957)
    but brings a newly signed ResponseURL.
    """
    return execution_prefix(event) + _request_part(event)


def execution_prefix(event: dict[str, Any]) -> str:
    """Return how the names of all executions for the resource of this event begin."""
    return digest([event["StackId"], event["LogicalResourceId"]], 32) + "-"


def follower_name(event: dict[str, Any], physical_id: str) -> str:
    """Return the name of the follower's execution for a request that was answered with this physical id."""
    return _follower_prefix(event, physical_id) + _request_part(event)


def _follower_prefix(event: dict[str, Any], physical_id: str) -> str:
    """A Delete is of one physical id: what follows another export of the resource goes on."""
    return digest([event["StackId"], event["LogicalResourceId"], physical_id], 32) + "-"


def _request_part(event: dict[str, Any]) -> str:
    return digest([event["RequestId"], event["ResponseURL"]], 32)


def _machine_of(event: dict[str, Any]) -> str:
    return str(event["ResourceProperties"]["StateMachineArn"])


@cache
def _client(call_seconds: float) -> SFNClient:
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=call_seconds, read_timeout=call_seconds)
    return boto3.client("stepfunctions", config=config)
