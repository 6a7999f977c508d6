"""The handler for cfn-handler with its polling: an EventBridge rule calls the function every minute."""

from __future__ import annotations

from typing import Any

import peer_exports
from cfn_handler import CustomResource

resource = CustomResource()


@resource.create
def create(event: dict[str, Any], context: object) -> None:
    """Start the export."""
    peer_exports.start(event["ResourceProperties"])


@resource.update
def update(event: dict[str, Any], context: object) -> None:
    """Start the export if it is another one than before."""
    if peer_exports.wants_another(event):
        peer_exports.start(event["ResourceProperties"])


@resource.poll_create
@resource.poll_update
def poll(event: dict[str, Any], context: object) -> dict[str, Any] | None:
    """Return the attributes once the export is ACTIVE, which makes its name the physical id."""
    data = peer_exports.attributes_once_active(event["ResourceProperties"])
    if data is not None:
        resource.physical_resource_id = data["Name"]
    return dict(data) if data else None


@resource.delete
def delete(event: dict[str, Any], context: object) -> None:
    """Nothing can be deleted."""


def handler(event: dict[str, Any], context: Any) -> None:
    """Lambda's entry point."""
    resource(event, context)
