"""Writes the generated name of each export into the metadata of its resource, so that `cdk diff` shows a new export.

A name is made of the logical id, which an app can change until synthesis, so all are written then.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnResource, Stack

from cdk_cleanroomsml.tokens import is_token
from cdk_cleanroomsml_contract import identity

METADATA = "cdk-cleanroomsml"


class GeneratedNames:
    """The exports of one provider whose names are generated."""

    def __init__(self) -> None:
        self._exports: list[tuple[CfnResource, dict[str, Any]]] = []

    def add(self, resource: CfnResource, properties: dict[str, Any]) -> None:
        """Remember an export; one whose identity is known only at deployment has no name before."""
        if "Name" not in properties and not any(map(is_token, _identity(properties))):
            self._exports.append((resource, properties))

    def write(self, stack: Stack) -> None:
        """Write the names, each once."""
        exports, self._exports = self._exports, []
        # The path of a nested stack has logical ids, too.
        paths = [properties.get("StackPath", stack.stack_name) for _, properties in exports]
        known: list[list[Any]] = stack.resolve([[resource.logical_id for resource, _ in exports], paths])
        for (resource, properties), logical_id, path in zip(exports, *known, strict=True):
            if isinstance(path, str):
                identity_of = identity.identity_of(properties)
                name = identity.generated_name(stack=path, logical_id=logical_id, identity=identity_of)
                resource.add_metadata(METADATA, {"ExportName": name})


def _identity(properties: dict[str, Any]) -> tuple[object, ...]:
    return properties["AudienceGenerationJobArn"], properties["AudienceSize"]["Value"], properties.get("Revision", "")
