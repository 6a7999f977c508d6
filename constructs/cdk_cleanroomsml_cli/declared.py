"""An export that a template declares, with what is known of its stack."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cdk_cleanroomsml_cli.facts import DeployedResource, Unread
from cdk_cleanroomsml_cli.templates import LATER
from cdk_cleanroomsml_contract import identity
from cdk_cleanroomsml_contract.export_properties import ExportProperties

# Valid values in the place of those that are known at deployment, so that all the others are checked.
_PLACEHOLDERS: Mapping[str, Any] = {
    "AudienceGenerationJobArn": "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/later",
    "AudienceSize": {"Type": "PERCENTAGE", "Value": 1},
    "Name": "later",
    "Revision": "later",
    "StackPath": "Later/Later",
    "StateMachineArn": "later",
    "FollowerArn": "later",
    "OnConflict": "FAIL",
    "WaitForCompletion": True,
    "TimeoutSeconds": 60,
    "MinimumRelevance": 0,
    "ReadMetrics": False,
}


@dataclass(frozen=True)
class Declared:
    """An export that a template declares, with what is known of its stack. `properties` are resolved."""

    stack: str | None
    logical_id: str
    construct_path: str
    properties: Mapping[str, Any]
    raw: Mapping[str, Any] = field(default_factory=dict)
    account: str | None = None
    region: str | None = None
    partition: str | None = None
    nesting: tuple[str, ...] = ()
    is_conditional: bool = False

    @property
    def job(self) -> str | None:
        """The ARN of its generation job; None if only the deployment knows it."""
        arn = self.properties.get("AudienceGenerationJobArn")
        return arn if isinstance(arn, str) else None

    @property
    def stack_id(self) -> str:
        """A stack id as far as names depend on it."""
        return f"arn:{self.partition}:cloudformation:{self.region}:{self.account}:stack/{self.stack}/"


def decode(declared: Declared) -> ExportProperties:
    """Return the properties, with placeholders for those that only the deployment knows; may raise BrokenRule."""
    known: dict[str, Any] = {
        name: _PLACEHOLDERS.get(name, "") if is_later(value) else value
        for name, value in declared.properties.items()
        if name != "Description" or not is_later(value)
    }
    return ExportProperties.decode(known)


def is_later(value: object) -> bool:
    """Return whether only the deployment knows a value, or a part of it."""
    return value is LATER or (isinstance(value, dict) and any(one is LATER for one in value.values()))


def is_held(declared: Declared, deployed: DeployedResource | Unread | None) -> bool | None:
    """Return whether the deployed resource holds the declared export; None if that could not be read."""
    if isinstance(deployed, Unread):
        return None
    if deployed is None or not deployed.holds_something:
        return False
    derived = identity.physical_id(declared.properties, stack_id=declared.stack_id, logical_id=declared.logical_id)
    return deployed.physical_id == derived
