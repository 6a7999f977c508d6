"""The only caller of CloudFormation: reads what the stack is doing, and whether a resource is still there.

An export starts only while the stack creates or updates. A rollback, a late or repeated event, or a wait behind a
failed sibling starts nothing, as far as the status is current.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from audience_export_handler.core.facts import StackPhase
from audience_export_handler.core.following import Resource, ResourceState
from audience_export_handler.core.timing import CLOCK_SKEW, CONTROL_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

logger = logging.getLogger(__name__)

_FORWARD = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
# The body of a server error may be no XML; what botocore raises then is no BotoCoreError.
_NOT_ANSWERED = (BotoCoreError, ResponseParserError)


def read_phase(stack_id: str, *, requested_at: datetime, call_seconds: float = CONTROL_SECONDS) -> StackPhase:
    """Return the phase of the stack with this ARN; never raises.

    Args:
        requested_at: when CloudFormation made the request; a stack that began its operation after that has moved on.
        call_seconds: how long to wait for a connection, and then for the answer.
    """
    try:
        [stack] = _client(call_seconds).describe_stacks(StackName=stack_id)["Stacks"]
    except (ClientError, *_NOT_ANSWERED, ValueError) as error:
        logger.warning("The stack's status cannot be read: %s", error)
        return StackPhase.UNREADABLE
    return _phase(stack, requested_at)


def read_resource(resource: Resource) -> ResourceState:
    """Return whether the resource still has its physical id; never raises."""
    try:
        detail = _client(CONTROL_SECONDS).describe_stack_resource(
            StackName=resource.stack_id, LogicalResourceId=resource.logical_id
        )["StackResourceDetail"]
    except ClientError as error:
        logger.warning("The resource cannot be read: %s", error)
        # Without a stack or resource of that name, CloudFormation calls the request invalid.
        is_gone = error.response.get("Error", {}).get("Code") == "ValidationError"
        return ResourceState.GONE if is_gone else ResourceState.UNREADABLE
    except _NOT_ANSWERED as error:
        logger.warning("The resource cannot be read: %s", error)
        return ResourceState.UNREADABLE
    is_held = detail.get("PhysicalResourceId") == resource.physical_id
    return ResourceState.HELD if is_held and not detail["ResourceStatus"].startswith("DELETE_") else ResourceState.GONE


def _phase(stack: StackTypeDef, requested_at: datetime) -> StackPhase:
    status, began = stack["StackStatus"], stack.get("LastUpdatedTime")
    if status in _FORWARD:
        return StackPhase.LATER if began and requested_at < began - CLOCK_SKEW else StackPhase.FORWARD
    # Of every stack status, those of a rollback under way and only those end like this.
    if status.endswith("ROLLBACK_IN_PROGRESS"):
        return StackPhase.ROLLING_BACK
    if status == "DELETE_IN_PROGRESS" or status.endswith("CLEANUP_IN_PROGRESS"):
        return StackPhase.ENDING
    return StackPhase.OTHER


@cache
def _client(call_seconds: float) -> CloudFormationClient:
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=call_seconds, read_timeout=call_seconds)
    return boto3.client("cloudformation", config=config)
