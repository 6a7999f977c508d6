"""The two handlers for the CDK's `custom_resources.Provider`: one starts, the other is called until it is complete."""

from __future__ import annotations

from typing import Any

import peer_exports


def on_event(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Start the export on Create, and on an Update that declares another one."""
    if event["RequestType"] == "Delete" or (event["RequestType"] == "Update" and not peer_exports.wants_another(event)):
        return {"PhysicalResourceId": event["PhysicalResourceId"]}
    return {"PhysicalResourceId": peer_exports.start(event["ResourceProperties"])}


def is_complete(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Whether the export has ended; a failed one raises."""
    if event["RequestType"] == "Delete":
        return {"IsComplete": True}
    data = peer_exports.attributes_once_active(event["ResourceProperties"])
    return {"IsComplete": False} if data is None else {"IsComplete": True, "Data": data}
