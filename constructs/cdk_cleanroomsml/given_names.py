"""What synth can say about given names: two exports that cannot both have one, and characters that outputs lose."""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from aws_cdk import Annotations, Stack
from constructs import Construct

from cdk_cleanroomsml.audience_size import AudienceSize
from cdk_cleanroomsml.errors import InvalidArgumentError
from cdk_cleanroomsml.place import Place
from cdk_cleanroomsml.tokens import is_token
from cdk_cleanroomsml_contract.on_conflict import OnConflict

_WARNING = "cdk-cleanroomsml:nameOutsideAscii"


@dataclass(frozen=True)
class GivenName:
    """A given name, and what decides whether another export may have it too."""

    name: str
    audience_generation_job_arn: str
    audience_size: AudienceSize
    on_conflict: OnConflict


# The exports of each root stack. It is deployed together with its nested stacks.
_declared: WeakKeyDictionary[Stack, list[tuple[Construct, GivenName]]] = WeakKeyDictionary()


def check(place: Place, given: GivenName) -> None:
    """Refuse a name that another export of the same job and deployment has, unless one can adopt the other's export."""
    if is_token(given.name) or is_token(given.audience_generation_job_arn):
        return
    for export, other in _declared.get(place.root_stack, []):
        if _is_same_export(given, other) and _is_in_tree(export) and (rule := _broken_rule(given, other)):
            raise InvalidArgumentError("name", f"is already that of {export.node.path}, {rule}", given.name)


def record(export: Construct, place: Place, given: GivenName) -> None:
    """Remember an export for those that come after it, and warn if its name is not ASCII."""
    _declared.setdefault(place.root_stack, []).append((export, given))
    if not given.name.isascii():
        Annotations.of(export).add_warning_v2(
            _WARNING,
            f"the name {given.name} has characters outside ASCII: CloudFormation returns them as question marks in "
            "outputs, so the name that an output shows is not the export's",
        )


def _broken_rule(given: GivenName, other: GivenName) -> str | None:
    if _differ(given.audience_size, other.audience_size):
        return (
            f"an export of the same generation job with the size {_shown(other.audience_size)}, and an export has one "
            "size: choose another name for one of them"
        )
    if OnConflict.ADOPT not in (given.on_conflict, other.on_conflict):
        return (
            "of the same generation job, and both fail if their name is taken: choose another name for one of them, or "
            "set on_conflict=OnConflict.ADOPT on both to have them use one export"
        )
    return None


def _is_same_export(given: GivenName, other: GivenName) -> bool:
    same_job = given.audience_generation_job_arn == other.audience_generation_job_arn
    return same_job and given.name == other.name


def _differ(one: AudienceSize, other: AudienceSize) -> bool:
    are_known = not any(is_token(size.value) for size in (one, other))
    return one.type != other.type or (are_known and one.value != other.value)


def _shown(size: AudienceSize) -> str:
    return size.type if is_token(size.value) else str(size)


def _is_in_tree(export: Construct) -> bool:
    """Whether the app has not removed it again."""
    scope = export.node.scope
    return scope is not None and scope.node.try_find_child(export.node.id) is export
