"""Asks CloudFormation whether the stack still goes forward: an export starts only while it does.

So neither a rollback, nor a late or repeated event, nor a wait behind a failed sibling can start anything.
"""

from __future__ import annotations

import logging
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

logger = logging.getLogger(__name__)

_FORWARD = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
_CONFIG = Config(retries={"total_max_attempts": 2}, connect_timeout=5, read_timeout=10)


class StackPhase(Enum):
    """Where the stack is: going forward, rolling back, somewhere else, or not readable just now."""

    FORWARD = "going forward"
    ROLLING_BACK = "rolling back"
    ELSEWHERE = "neither going forward nor rolling back"
    UNREADABLE = "not readable"


def read_phase(stack_id: str) -> StackPhase:
    """Return the phase of the stack with this ARN; never raises."""
    try:
        status = _client().describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
    except (ClientError, BotoCoreError, IndexError) as error:
        logger.warning("The stack's status cannot be read: %s", error)
        return StackPhase.UNREADABLE
    if status in _FORWARD:
        return StackPhase.FORWARD
    # Of every stack status, those of a rollback under way and only those end like this.
    if status.endswith("ROLLBACK_IN_PROGRESS"):
        return StackPhase.ROLLING_BACK
    return StackPhase.ELSEWHERE


@cache
def _client() -> CloudFormationClient:
    return boto3.client("cloudformation", config=_CONFIG)
