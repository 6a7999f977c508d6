"""The Lambda function beside the state machine with SDK integrations: it passes events on, and answers at the end."""

from __future__ import annotations

import json
import os
import urllib.request
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
import peer_exports

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient

_WAITS = 10


@cache
def service() -> SFNClient:
    """Return the client, one for each container."""
    return boto3.client("stepfunctions")


def begin(event: dict[str, Any], context: object) -> None:
    """Start an execution for a Create, and for an Update that declares another export; answer anything else."""
    if event["RequestType"] == "Delete" or (event["RequestType"] == "Update" and not peer_exports.wants_another(event)):
        answer({"Request": event, "Status": "SUCCESS", "PhysicalResourceId": event["PhysicalResourceId"]}, None)
        return
    # Named after the request, so that an event that is delivered twice starts one execution.
    service().start_execution(
        stateMachineArn=os.environ["STATE_MACHINE_ARN"],
        name=event["RequestId"],
        input=json.dumps({"Request": event}),
    )


def answer(message: dict[str, Any], context: object) -> None:
    """Send what the state machine found to CloudFormation."""
    request = message["Request"]
    body = {
        "Status": message["Status"],
        "Reason": message.get("Reason", "")[:1000],
        "PhysicalResourceId": message.get("PhysicalResourceId") or request["ResourceProperties"]["Name"],
        "Data": message.get("Data", {}),
        **{key: request[key] for key in ("StackId", "RequestId", "LogicalResourceId")},
    }
    put(request["ResponseURL"], json.dumps(body).encode())


def put(url: str, data: bytes) -> None:
    """PUT the answer, as S3's presigned URL requires it."""
    request = urllib.request.Request(url, data=data, method="PUT", headers={"content-type": ""})  # noqa: S310 - https
    with urllib.request.urlopen(request, timeout=_WAITS):  # noqa: S310
        pass
