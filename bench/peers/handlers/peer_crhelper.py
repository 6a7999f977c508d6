"""The handler for crhelper with its own polling: an EventBridge rule calls the function every minute."""

from __future__ import annotations

from typing import Any

import peer_exports
from crhelper import CfnResource

# The shortest interval that a rule can have; the default is two minutes.
helper = CfnResource(log_level="INFO", polling_interval=1)


@helper.create
def create(event: dict[str, Any], context: object) -> str:
    """Start the export."""
    return peer_exports.start(event["ResourceProperties"])


@helper.update
def update(event: dict[str, Any], context: object) -> str:
    """Start the export if it is another one than before."""
    if peer_exports.wants_another(event):
        return peer_exports.start(event["ResourceProperties"])
    return str(event["PhysicalResourceId"])


@helper.poll_create
@helper.poll_update
def poll(event: dict[str, Any], context: object) -> str | None:
    """Return the physical id once the export is ACTIVE."""
    data = peer_exports.attributes_once_active(event["ResourceProperties"])
    if data is None:
        return None
    helper.Data.update(data)
    return data["Name"]


@helper.delete
def delete(event: dict[str, Any], context: object) -> None:
    """Nothing can be deleted."""


def handler(event: dict[str, Any], context: object) -> None:
    """Lambda's entry point."""
    helper(event, context)
