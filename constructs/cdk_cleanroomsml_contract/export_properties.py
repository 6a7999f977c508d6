"""The properties of the custom resource: the construct encodes them, the handler decodes them.

CloudFormation sends every scalar as a string. A value that was a token at synth is seen by `decode` for the first time,
so `decode` applies all rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Any, Literal

from cdk_cleanroomsml_contract.api_limits import broken_rule, relevance_rule, size_rule
from cdk_cleanroomsml_contract.on_conflict import OnConflict
from cdk_cleanroomsml_contract.timeouts import LONGEST_WAIT, SHORTEST_WAIT

# Set if the template refers to an attribute of the generation job.
READ_METRICS = "ReadMetrics"
# Set if the end of the export is published as an event: the state machine that does so.
FOLLOWER_ARN = "FollowerArn"
TIMEOUT_SECONDS = range(int(SHORTEST_WAIT.total_seconds()), int(LONGEST_WAIT.total_seconds()) + 1)

_REQUIRED = ("AudienceGenerationJobArn", "AudienceSize", "StateMachineArn")
_OPTIONAL = ("Name", "Description", "OnConflict", "Revision", "StackPath", "TimeoutSeconds", "WaitForCompletion")
_OF_METRICS = ("MinimumRelevance", READ_METRICS)
# CloudFormation's own; it may send them along.
_OF_CLOUDFORMATION = ("ServiceToken", "ServiceTimeout")
_KNOWN = sorted((*_REQUIRED, *_OPTIONAL, *_OF_METRICS, FOLLOWER_ARN, *_OF_CLOUDFORMATION))
# The name of the root stack, then the logical id of each nested stack below it.
_STACK_PATH = re.compile(r"[A-Za-z][A-Za-z0-9-]*(/[A-Za-z0-9]+)+")


class BrokenRule(ValueError):
    """A property that breaks a rule; `value` is None for one that is missing."""

    def __init__(self, argument: str, rule: str, value: object) -> None:
        self.argument, self.rule, self.value = argument, rule, value
        super().__init__(f"{argument} {rule}; got {value!r}")


@dataclass(frozen=True)
class AudienceSize:
    """Size of an audience: `type` ABSOLUTE (identifiers, 1 to 20,000,000) or PERCENTAGE (1 to 100)."""

    type: Literal["ABSOLUTE", "PERCENTAGE"]
    value: int

    def __str__(self) -> str:
        return f"{self.type} {self.value}"


@dataclass(frozen=True, kw_only=True)
class ExportProperties:
    """What a resource declares. `name` is None if one is to be generated; the time-out is 60 to 3,600 seconds.

    `stack_path` is set in a nested stack only: what a generated name is made of there instead of the stack's name,
    which CloudFormation makes anew each time it creates the nested stack. `reads_metrics` says that the template
    refers to an attribute that is read from the generation job. `follower_arn` is None if no events are wanted.
    """

    audience_generation_job_arn: str
    audience_size: AudienceSize
    state_machine_arn: str
    name: str | None = None
    description: str | None = None
    on_conflict: OnConflict = OnConflict.FAIL
    revision: str | None = None
    stack_path: str | None = None
    wait_for_completion: bool = True
    timeout_seconds: int = TIMEOUT_SECONDS[-1]
    minimum_relevance: float | None = None
    reads_metrics: bool = False
    follower_arn: str | None = None

    def encode(self) -> dict[str, object]:
        """Return the properties for the template; what has its default value is left out."""
        optional = {
            "Name": (self.name, None),
            "Description": (self.description, None),
            "OnConflict": (self.on_conflict.value, OnConflict.FAIL.value),
            "Revision": (self.revision, None),
            "StackPath": (self.stack_path, None),
            "WaitForCompletion": (self.wait_for_completion, True),
            "MinimumRelevance": (self.minimum_relevance, None),
            READ_METRICS: (self.reads_metrics, False),
            FOLLOWER_ARN: (self.follower_arn, None),
            # ServiceTimeout says the same, but nothing documents that CloudFormation sends it to the handler.
            "TimeoutSeconds": (self.timeout_seconds, TIMEOUT_SECONDS[-1]),
        }
        return {
            "AudienceGenerationJobArn": self.audience_generation_job_arn,
            "AudienceSize": {"Type": self.audience_size.type, "Value": self.audience_size.value},
            "StateMachineArn": self.state_machine_arn,
        } | {key: value for key, (value, default) in optional.items() if value != default}

    @classmethod
    def decode(cls, properties: Mapping[str, Any]) -> ExportProperties:
        """Read the properties of an event; BrokenRule names the first one that breaks a rule."""
        _check_names(properties)
        return cls(
            audience_generation_job_arn=_text(properties, "AudienceGenerationJobArn"),
            audience_size=_audience_size(properties["AudienceSize"]),
            state_machine_arn=_machine_arn(properties, "StateMachineArn"),
            name=_text(properties, "Name") if "Name" in properties else None,
            description=_text(properties, "Description") if "Description" in properties else None,
            on_conflict=_on_conflict(properties),
            revision=_revision(properties),
            stack_path=_stack_path(properties),
            wait_for_completion=_wait_for_completion(properties),
            timeout_seconds=_timeout_seconds(properties),
            minimum_relevance=_minimum_relevance(properties),
            reads_metrics=_bool(properties, READ_METRICS, default="false"),
            follower_arn=_machine_arn(properties, FOLLOWER_ARN) if FOLLOWER_ARN in properties else None,
        )


def _check_names(properties: Mapping[str, Any]) -> None:
    for argument in sorted(set(properties) - set(_KNOWN)):
        raise BrokenRule(argument, f"is not a known property ({', '.join(_KNOWN)})", properties[argument])
    for argument in _REQUIRED:
        if argument not in properties:
            raise BrokenRule(argument, "is required", None)
    if "Name" in properties and "Revision" in properties:
        rule = "cannot be combined with Name: an export cannot run again under its name"
        raise BrokenRule("Revision", rule, properties["Revision"])


def _text(properties: Mapping[str, Any], argument: str) -> str:
    value = properties[argument]
    if rule := broken_rule(argument[0].lower() + argument[1:], value):
        raise BrokenRule(argument, rule, value)
    return str(value)


def _machine_arn(properties: Mapping[str, Any], argument: str) -> str:
    value = properties[argument]
    if not isinstance(value, str) or not value.strip():
        raise BrokenRule(argument, "must be the ARN of a state machine", value)
    return value


def _audience_size(size: object) -> AudienceSize:
    if not isinstance(size, dict) or set(size) != {"Type", "Value"}:
        raise BrokenRule("AudienceSize", "must have exactly the members Type and Value", size)
    if rule := broken_rule("audienceSize.type", size["Type"]):
        raise BrokenRule("AudienceSize.Type", rule, size["Type"])
    value = _whole_number(size["Value"])
    if rule := size_rule(size["Type"], value):
        raise BrokenRule("AudienceSize.Value", rule, size["Value"])
    return AudienceSize(size["Type"], int(str(value)))


def _on_conflict(properties: Mapping[str, Any]) -> OnConflict:
    value = str(properties.get("OnConflict", OnConflict.FAIL.value))
    if value not in OnConflict.__members__:
        raise BrokenRule("OnConflict", f"must be one of {', '.join(OnConflict.__members__)}", value)
    return OnConflict[value]


def _revision(properties: Mapping[str, Any]) -> str | None:
    value = properties.get("Revision")
    if "Revision" in properties and (not isinstance(value, str) or not value):
        raise BrokenRule("Revision", "must be a string that is not empty", value)
    return value


def _stack_path(properties: Mapping[str, Any]) -> str | None:
    value = properties.get("StackPath")
    if "StackPath" in properties and (not isinstance(value, str) or not _STACK_PATH.fullmatch(value)):
        rule = "must be the root stack's name and the logical ids of the nested stacks below it, with / between them"
        raise BrokenRule("StackPath", rule, value)
    return value


def _wait_for_completion(properties: Mapping[str, Any]) -> bool:
    return _bool(properties, "WaitForCompletion", default="true")


def _bool(properties: Mapping[str, Any], argument: str, *, default: str) -> bool:
    value = str(properties.get(argument, default))
    if value.lower() not in ("true", "false"):
        raise BrokenRule(argument, "must be true or false", value)
    return value.lower() == "true"


def _minimum_relevance(properties: Mapping[str, Any]) -> float | None:
    if "MinimumRelevance" not in properties:
        return None
    value = properties["MinimumRelevance"]
    try:
        number = float(str(value))
    except ValueError:
        number = nan
    if rule := relevance_rule(number):
        raise BrokenRule("MinimumRelevance", rule, value)
    return number


def _timeout_seconds(properties: Mapping[str, Any]) -> int:
    value = _whole_number(properties.get("TimeoutSeconds", TIMEOUT_SECONDS[-1]))
    if value not in TIMEOUT_SECONDS:
        rule = f"must be a whole number from {TIMEOUT_SECONDS[0]} to {TIMEOUT_SECONDS[-1]:,}"
        raise BrokenRule("TimeoutSeconds", rule, value)
    return int(str(value))


def _whole_number(value: object) -> object:
    """Return the int that CloudFormation made a string of; anything else unchanged, for the rule to refuse."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else value
