"""Starts the one execution that carries a request to its end; the only caller of Step Functions.

The execution is named after the event, so a redelivered event starts nothing: ExecutionAlreadyExists means that the
request was accepted before.
"""

from __future__ import annotations

import json
import logging
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from audience_export_handler import naming
from audience_export_handler.failure import ExportFailure

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

logger = logging.getLogger(__name__)

_CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10)
# Below the function's time-out of 60 s. A role's new policy may not be known everywhere at once.
_KEEP_TRYING = timedelta(seconds=45)
# Refusals that another try of the same call cannot mend.
_FINAL = {"InvalidArn", "InvalidExecutionInput", "InvalidName", "StateMachineDoesNotExist", "ValidationException"}


def start(event: dict[str, Any], *, clock: Callable[[], datetime], sleep: Callable[[float], None]) -> None:
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
        sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret
        pause = min(2 * pause, 8.0)


def _start_once(event: dict[str, Any]) -> None:
    _client().start_execution(
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
def _client() -> SFNClient:
    return boto3.client("stepfunctions", config=_CONFIG)
