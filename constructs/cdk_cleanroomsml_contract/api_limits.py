"""The limits of ``StartAudienceExportJob``, read from botocore's model of the service, and the service's quotas.

botocore itself checks types and minima only, so a name that is too long would travel to the service first. The
construct applies these rules at synth, the handler applies them again to values that were tokens then.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from botocore.model import ServiceModel, Shape, StructureShape

PERCENTAGE_MAXIMUM = 100  # from the documentation of AudienceSize; the shape itself allows more
# Quotas per Region ("AWS Clean Rooms ML quotas" in the AWS Clean Rooms User Guide).
RUNNING_OF_ACCOUNT = 20  # exports pending or in progress
ACTIVE_OF_JOB = 25  # active exports of a generation job; none can be deleted, so it is a quota for life

_JOB_ARN = "arn:aws:cleanrooms-ml:REGION:ACCOUNT:audience-generation-job/ID"
# What the patterns of the model mean. A test holds each sentence against the model's pattern.
PATTERN_IN_WORDS = {
    "name": (
        "must not be blank, and must have only tabs and characters from U+0020 to U+FFFD, so no line breaks and no "
        "emoji above U+FFFD"
    ),
    "description": (
        "must have only tabs, line breaks and characters from U+0020 to U+FFFD, so no other control characters below "
        "U+0020 and no emoji above U+FFFD"
    ),
    "audienceGenerationJobArn": f"must be the ARN of an audience generation job, {_JOB_ARN}, and nothing else",
}


@cache
def _service_model() -> ServiceModel:
    """The model of the service. botocore's loader is imported here: an app that declares no export need not wait."""
    from botocore.loaders import Loader  # noqa: PLC0415
    from botocore.model import ServiceModel  # noqa: PLC0415

    return ServiceModel(Loader().load_service_model("cleanroomsml", "service-2"), "cleanroomsml")


@cache
def _start_request() -> StructureShape:
    from botocore.model import StructureShape  # noqa: PLC0415

    shape = _service_model().operation_model("StartAudienceExportJob").input_shape
    if not isinstance(shape, StructureShape):
        raise TypeError(f"StartAudienceExportJob takes a structure; this botocore says {shape!r}")
    return shape


def broken_rule(member: str, value: object) -> str | None:
    """Return the rule that `value` breaks for a member of the request, or None.

    Args:
        member: path in the request as the API spells it: ``name``, ``audienceSize.value``.
        value: a str or an int, as the member needs.
    """
    shape: Shape = _start_request()
    for part in member.split("."):
        shape = shape.members[part]  # type: ignore[attr-defined]  # botocore-stubs type members on StructureShape only
    rules = shape.metadata
    if shape.type_name == "integer":
        return _integer_rule(value, rules.get("min", 1), rules.get("max"))
    return _string_rule(value, rules, PATTERN_IN_WORDS.get(member, "must have the form that the service requires"))


def size_rule(size_type: str, value: object) -> str | None:
    """Return the rule that a size value breaks; a percentage has its own rule, 1 to 100."""
    if size_type == "PERCENTAGE":
        return _integer_rule(value, 1, PERCENTAGE_MAXIMUM)
    return broken_rule("audienceSize.value", value)


def relevance_rule(value: object) -> str | None:
    """Return the rule that a relevance score breaks, or None; the range is that of a generation job's scores."""
    limits = _service_model().shape_for("RelevanceMetricScoreDouble").metadata
    low, high = limits["min"], limits["max"]
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        return f"must be a number from {low:g} to {high:g}"
    return None


def _integer_rule(value: object, low: int, high: int | None) -> str | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return "must be a whole number"
    if value < low or (high is not None and value > high):
        return f"must be from {low:,} to {high:,}"
    return None


def _string_rule(value: object, rules: dict[str, object], pattern_in_words: str) -> str | None:
    if not isinstance(value, str):
        return "must be a string"
    low, high, pattern, allowed = (rules.get(key) for key in ("min", "max", "pattern", "enum"))
    if isinstance(allowed, list) and allowed and value not in allowed:
        return f"must be one of {', '.join(allowed)}"
    if isinstance(low, int) and isinstance(high, int) and not low <= len(value) <= high:
        return f"must be {low} to {high:,} characters long, not {len(value):,}"
    if isinstance(pattern, str) and not re.fullmatch(pattern, value):
        return f"{pattern_in_words} (the service's pattern: {pattern})"
    return None
