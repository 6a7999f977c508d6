"""Names of exports and physical ids of their resources: content addresses, the same on every path and every retry.

The API gives an export no id, so its name is all there is to know it by. A generated name is a readable part and a
hash of what identifies the export; deploying again therefore finds the export again instead of starting another.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

_READABLE = 40  # of 63 characters; the hash and an ordinal need the rest
_NAME_HASH = 16
_ID_HASH = 32


def generated_name(*, stack_id: str, logical_id: str, identity: object) -> str:
    """Return the name of an export that was given none; at most 57 characters, letters, digits and hyphens.

    Args:
        stack_id: ARN of the stack; only its name counts, so that a stack deleted and deployed again finds its export.
        logical_id: logical id of the custom resource.
        identity: JSON-able: generation job and size.
    """
    return f"{_slug(logical_id, _READABLE)}-{_digest([stack_name(stack_id), logical_id, identity], _NAME_HASH)}"


def ordinals(base: str) -> Iterator[str]:
    """Yield the names that a generated name stands for: itself, then ``-2``, ``-3`` … for use after failed jobs."""
    yield base
    for ordinal in range(2, 1000):
        yield f"{base}-{ordinal}"


def physical_id(audience_generation_job_arn: object, name: str) -> str:
    """Return the physical id of an export's resource: of the job's ARN and the name alone; ASCII, below 100 bytes."""
    return f"{_slug(name, 63)}-{_digest([audience_generation_job_arn, name], _ID_HASH)}"


def execution_name(event: dict[str, Any]) -> str:
    """Return the name of the one execution of a request: 65 characters; the first half finds the resource's.

    A redelivered event has the same four members. A retried deployment may reuse the RequestId (aws-cdk issue 35957)
    but brings a newly signed ResponseURL.
    """
    return execution_prefix(event) + _digest([event["RequestId"], event["ResponseURL"]], 32)


def execution_prefix(event: dict[str, Any]) -> str:
    """Return how the names of all executions for the resource of this event begin."""
    return _digest([event["StackId"], event["LogicalResourceId"]], 32) + "-"


def stack_name(stack_id: str) -> str:
    """Return NAME of ``arn:…:stack/NAME/uuid``."""
    parts = stack_id.split("/")
    return parts[1] if len(parts) > 1 else stack_id


def _slug(text: str, length: int) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text)[:length].strip("-") or "export"


def _digest(content: object, length: int) -> str:
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:length]
