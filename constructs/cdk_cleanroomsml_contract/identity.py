"""What makes an export the same one: its identity, its name, and the physical id of its resource.

The API gives an export no id, so its name is all that it is known by. Names and ids are content addresses: a readable
part and a hash, the same on every path and every retry. Deploying again therefore finds the export instead of starting
another one. Everything here works on raw properties, of any release and valid or not: a request that is refused needs
its physical id too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

_READABLE = 40  # of 63 characters; the hash and an ordinal need the rest
_NAME_HASH = 16
_ID_HASH = 32


def export_name(properties: Mapping[str, Any], *, stack_id: str, logical_id: str) -> str:
    """Return the given name of an export, or its generated one."""
    if "Name" in properties:
        return str(properties["Name"])
    stack = properties.get("StackPath", _stack_name(stack_id))
    return generated_name(stack=stack, logical_id=logical_id, identity=identity_of(properties))


def physical_id(properties: Mapping[str, Any], *, stack_id: str, logical_id: str) -> str:
    """Return the physical id of an export's resource: of job, name and size; ASCII, below 100 bytes."""
    name = export_name(properties, stack_id=stack_id, logical_id=logical_id)
    identity = [properties.get("AudienceGenerationJobArn"), name, *_size(properties)]
    return f"{_slug(name, 63)}-{digest(identity, _ID_HASH)}"


def identity_of(properties: Mapping[str, Any]) -> list[object]:
    """Return what identifies an export: generation job, size, and name and revision if given."""
    identity = [properties.get("AudienceGenerationJobArn"), *_size(properties), properties.get("Name")]
    return identity + ([properties["Revision"]] if "Revision" in properties else [])


def generated_name(*, stack: object, logical_id: str, identity: object) -> str:
    """Return the name of an export that was given none; at most 57 characters, letters, digits and hyphens.

    Args:
        stack: JSON-able: the stack's name, or the path of a nested stack, whose name is another one each time it is
            created. Never its id: a stack that was deleted and deployed again finds its export.
        logical_id: logical id of the custom resource.
        identity: JSON-able: generation job and size.
    """
    return f"{_slug(logical_id, _READABLE)}-{digest([stack, logical_id, identity], _NAME_HASH)}"


@lru_cache(8)  # a thousand names each
def ordinals(base: str) -> tuple[str, ...]:
    """Return the names that a generated name covers: itself, then ``-2``, ``-3`` … for use after failed exports."""
    return (base, *(f"{base}-{ordinal}" for ordinal in range(2, 1000)))


def digest(content: object, length: int) -> str:
    """Return so many hexadecimal digits of a hash of JSON-able content."""
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:length]


def _size(properties: Mapping[str, Any]) -> list[object]:
    """Type and value of the size; "010" is 10."""
    size = properties.get("AudienceSize")
    size = size if isinstance(size, dict) else {}
    value = str(size.get("Value"))
    return [size.get("Type"), value.lstrip("0") if value.isascii() and value.isdecimal() else value]


def _stack_name(stack_id: str) -> str:
    """Return NAME of ``arn:…:stack/NAME/uuid``."""
    parts = stack_id.split("/")
    return parts[1] if len(parts) > 1 else stack_id


def _slug(text: str, length: int) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", text)[:length].strip("-") or "export"
