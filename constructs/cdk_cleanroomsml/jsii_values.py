"""Whether a value is what the CDK takes, without passing it on to jsii.

jsii does not check that an object implements an interface, so the CDK fails in the middle of its work. Its process ends
if it gets a number that is not finite.
"""

from __future__ import annotations

from contextlib import suppress
from math import isfinite
from typing import TypeVar

from cdk_cleanroomsml.errors import InvalidArgumentError

_T = TypeVar("_T")


def is_object_with(member: str, value: object) -> bool:
    """Return whether a value is an object of the CDK, or of a class that implements one of its interfaces in Python.

    `member` is one that distinguishes the interface. What is imported has a class that says nothing of its interfaces.
    """
    is_object = hasattr(value, "__jsii_ref__") or hasattr(type(value), "__jsii_ifaces__")
    return is_object and hasattr(value, member)


def struct(argument: str, kind: type[_T], value: object) -> _T:
    """Return a struct of the CDK, for which a dictionary may be written too."""
    found = value
    if isinstance(value, dict):
        with suppress(TypeError):
            found = kind(**value)
    if not isinstance(found, kind):
        raise InvalidArgumentError(argument, f"must be {kind.__name__}", value)
    return found


def plain_number(value: object) -> int | float | None:
    """Return a finite number without its subclass, or None. jsii takes no member of an IntEnum.

    True and False stay what they are, for the rule of the argument to refuse.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float) and isfinite(value):
        return float(value)
    return None
