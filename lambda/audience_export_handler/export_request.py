"""What CloudFormation asks for: the event's ResourceProperties, parsed once into values that need no second look.

Every scalar arrives as a string. A value that was a token at synth is seen here for the first time, so all rules are
applied again. Old properties, and those of a Delete, are never refused: an older release may have written them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from audience_export_handler import api_limits, naming
from audience_export_handler.failure import InvalidProperty

_KNOWN = {
    "AudienceGenerationJobArn",
    "AudienceSize",
    "Name",
    "Description",
    "OnConflict",
    "Revision",
    "StateMachineArn",
    "TimeoutSeconds",
    "WaitForCompletion",
    "ServiceToken",
    "ServiceTimeout",
}
_SECONDS = range(60, 3600 + 1)  # of a time-out; CloudFormation waits for at most an hour
_ON_CONFLICT = ("FAIL", "ADOPT")
_REQUIRED = ("AudienceGenerationJobArn", "AudienceSize", "StateMachineArn")


@dataclass(frozen=True)
class AudienceSize:
    """Size of an audience: `type` ABSOLUTE (identifiers, 1 to 20,000,000) or PERCENTAGE (1 to 100)."""

    type: str
    value: int

    def __str__(self) -> str:
        return f"{self.type} {self.value}"


@dataclass(frozen=True)
class ExportRequest:
    """One Create or Update, checked.

    `name` is the one given, or the generated content address; `adopts` whether an export that already has it is taken
    for the one asked for, whoever started it; `waits` whether the export's end is awaited; `timeout` how long
    CloudFormation waits for the answer; `is_new` says whether this request may start an export at all: a Create, or an
    Update to an export that the resource does not hold.
    """

    audience_generation_job_arn: str
    audience_size: AudienceSize
    name: str
    name_is_given: bool
    description: str | None
    adopts: bool
    waits: bool
    timeout: timedelta
    stack_id: str
    is_update: bool
    is_new: bool
    held_physical_id: str | None

    @property
    def physical_id(self) -> str:
        """The resource's physical id, the same on every path."""
        return naming.physical_id(self.audience_generation_job_arn, self.name)

    @property
    def is_held(self) -> bool:
        """Whether the resource holds this very export already, by its physical id."""
        return self.held_physical_id == self.physical_id

    @property
    def subject(self) -> str:
        """How messages name the export."""
        return f'export "{self.name}" ({self.audience_size}) of generation job {self.audience_generation_job_arn}'


def parse(event: dict[str, Any]) -> ExportRequest:
    """Read a Create or Update event; InvalidProperty names the first property that breaks a rule."""
    properties = event["ResourceProperties"]
    _refuse_unknown(properties)
    _require(properties)
    _refuse_name_with_revision(properties)
    return ExportRequest(
        audience_generation_job_arn=_checked(properties, "AudienceGenerationJobArn"),
        audience_size=_audience_size(properties["AudienceSize"]),
        name=_checked(properties, "Name") if "Name" in properties else export_name(event),
        name_is_given="Name" in properties,
        description=_checked(properties, "Description") if "Description" in properties else None,
        adopts=_on_conflict(properties) == "ADOPT",
        waits=_waits(properties),
        timeout=_timeout(properties),
        stack_id=event["StackId"],
        is_update=event["RequestType"] == "Update",
        is_new=_is_new(event),
        held_physical_id=event.get("PhysicalResourceId"),
    )


def export_name(event: dict[str, Any]) -> str:
    """Return the export's name of any event, valid or not: a failed request needs its physical id too."""
    properties = event.get("ResourceProperties") or {}
    if "Name" in properties:
        return str(properties["Name"])
    return naming.generated_name(
        stack_id=event["StackId"], logical_id=event["LogicalResourceId"], identity=_identity(properties)
    )


def physical_id(event: dict[str, Any]) -> str:
    """Return the derived physical id of any event, valid or not."""
    properties = event.get("ResourceProperties") or {}
    return naming.physical_id(properties.get("AudienceGenerationJobArn"), export_name(event))


def _is_new(event: dict[str, Any]) -> bool:
    if event["RequestType"] == "Create":
        return True
    # Without rollback the old properties may be those of an update that failed, whose export the resource never held.
    if event.get("PhysicalResourceId") != physical_id(event):
        return True
    return _identity(event["ResourceProperties"]) != _identity(event.get("OldResourceProperties") or {})


def _identity(properties: dict[str, Any]) -> list[object]:
    """What identifies an export, from properties of any release: job, size, and name and revision if given."""
    size = properties.get("AudienceSize")
    size = size if isinstance(size, dict) else {}
    identity = [
        properties.get("AudienceGenerationJobArn"),
        size.get("Type"),
        str(size.get("Value")),
        properties.get("Name"),
    ]
    # Without a revision the list is what it was before there were any: generated names are made of it.
    return identity + ([properties["Revision"]] if "Revision" in properties else [])


def _refuse_unknown(properties: dict[str, Any]) -> None:
    for argument in sorted(set(properties) - _KNOWN):
        raise InvalidProperty(argument, f"is not one of {', '.join(sorted(_KNOWN))}", properties[argument])


def _require(properties: dict[str, Any]) -> None:
    for argument in _REQUIRED:
        if argument not in properties:
            raise InvalidProperty(argument, "is required", None)


def _refuse_name_with_revision(properties: dict[str, Any]) -> None:
    if "Name" in properties and "Revision" in properties:
        rule = "cannot stand beside Name: no export runs again under its name"
        raise InvalidProperty("Revision", rule, properties["Revision"])


def _on_conflict(properties: dict[str, Any]) -> str:
    value = str(properties.get("OnConflict", "FAIL"))
    if value not in _ON_CONFLICT:
        raise InvalidProperty("OnConflict", f"must be one of {', '.join(_ON_CONFLICT)}", value)
    return value


def _waits(properties: dict[str, Any]) -> bool:
    value = str(properties.get("WaitForCompletion", "true"))
    if value.lower() not in ("true", "false"):
        raise InvalidProperty("WaitForCompletion", "must be true or false", value)
    return value.lower() == "true"


def _timeout(properties: dict[str, Any]) -> timedelta:
    value = _whole_number(properties.get("TimeoutSeconds", _SECONDS[-1]))
    if value not in _SECONDS:
        raise InvalidProperty("TimeoutSeconds", f"must be a whole number from {_SECONDS[0]} to {_SECONDS[-1]:,}", value)
    return timedelta(seconds=int(str(value)))


def _checked(properties: dict[str, Any], argument: str) -> str:
    value = properties[argument]
    rule = api_limits.broken_rule(argument[0].lower() + argument[1:], value)
    if rule:
        raise InvalidProperty(argument, rule, value)
    return str(value)


def _audience_size(size: object) -> AudienceSize:
    if not isinstance(size, dict) or set(size) != {"Type", "Value"}:
        raise InvalidProperty("AudienceSize", "must have exactly the members Type and Value", size)
    if rule := api_limits.broken_rule("audienceSize.type", size["Type"]):
        raise InvalidProperty("AudienceSize.Type", rule, size["Type"])
    value = _whole_number(size["Value"])
    if rule := api_limits.size_rule(size["Type"], value):
        raise InvalidProperty("AudienceSize.Value", rule, size["Value"])
    return AudienceSize(size["Type"], int(str(value)))


def _whole_number(value: object) -> object:
    """Return the int that CloudFormation turned into a string; anything else unchanged, for the rule to refuse."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else value
