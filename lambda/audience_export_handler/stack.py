"""Asks CloudFormation whether the stack still goes forward: an export starts only while it does.

So neither a rollback, nor a late or repeated event, nor a wait behind a failed sibling can start anything.
"""

from __future__ import annotations

import logging
from datetime import datetime
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from audience_export_handler.request_time import CLOCK_SKEW

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

logger = logging.getLogger(__name__)

_FORWARD = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}


class StackPhase(Enum):
    """Where the stack is, as seen by one request."""

    FORWARD = "going forward"
    LATER = "in a later operation than this request's"
    ROLLING_BACK = "rolling back"
    ENDING = "deleting or cleaning up"
    ELSEWHERE = "neither going forward nor rolling back"
    UNREADABLE = "not readable"


def read_phase(stack_id: str, *, asked_at: datetime, call_seconds: float = 5) -> StackPhase:
    """Return the phase of the stack with this ARN; never raises.

    Args:
        asked_at: when CloudFormation made the request; a stack that began its operation after that has moved on.
        call_seconds: how long to wait for a connection, and then for the answer.
    """
    try:
        [stack] = _client(call_seconds).describe_stacks(StackName=stack_id)["Stacks"]
    except (ClientError, BotoCoreError, ValueError) as error:
        logger.warning("The stack's status cannot be read: %s", error)
        return StackPhase.UNREADABLE
    return _phase(stack, asked_at)


def _phase(stack: StackTypeDef, asked_at: datetime) -> StackPhase:
    status, began = stack["StackStatus"], stack.get("LastUpdatedTime")
    if status in _FORWARD:
        return StackPhase.LATER if began and asked_at < began - CLOCK_SKEW else StackPhase.FORWARD
    # Of every stack status, those of a rollback under way and only those end like this.
    if status.endswith("ROLLBACK_IN_PROGRESS"):
        return StackPhase.ROLLING_BACK
    if status == "DELETE_IN_PROGRESS" or status.endswith("CLEANUP_IN_PROGRESS"):
        return StackPhase.ENDING
    return StackPhase.ELSEWHERE


@cache
def _client(call_seconds: float) -> CloudFormationClient:
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=call_seconds, read_timeout=call_seconds)
    return boto3.client("cloudformation", config=config)
