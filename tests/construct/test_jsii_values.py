"""What is passed on to jsii: objects with the members that the CDK needs, structs, and finite numbers."""

from enum import IntEnum
from math import inf, nan
from typing import Any

import jsii
import pytest
from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam

from cdk_cleanroomsml import InvalidArgumentError
from cdk_cleanroomsml.jsii_values import is_object_with, plain_number, struct


@jsii.implements(events.IRuleTarget)
class _Target:
    def bind(self, *_: object, **__: object) -> None:
        """What a target does."""


class _NoTarget:
    def bind(self) -> None:
        """Of a class that the CDK does not know."""


def test_an_object_of_the_cdk_is_recognised_by_a_member() -> None:
    stack = Stack()
    made = iam.Role(stack, "Role", assumed_by=iam.AnyPrincipal())
    imported = iam.Role.from_role_arn(stack, "Imported", "arn:aws:iam::111122223333:role/own")
    for role in (made, imported):
        assert is_object_with("role_arn", role)
        assert not is_object_with("vpc_id", role)


def test_a_class_may_implement_an_interface_in_python() -> None:
    assert is_object_with("bind", _Target())
    assert not is_object_with("bind", _NoTarget())


@pytest.mark.parametrize("value", ["text", b"x", {}, None, nan, 1], ids=repr)
def test_nothing_else_is_an_object_of_the_cdk(value: object) -> None:
    assert not is_object_with("__class__", value)


def test_a_struct_may_be_written_as_a_dictionary() -> None:
    given = events.EventPattern(source=["a"])
    assert struct("event_pattern", events.EventPattern, given) is given
    assert struct("event_pattern", events.EventPattern, {"source": ["a"]}).source == ["a"]


@pytest.mark.parametrize("value", ["text", {"no": "member"}, [], 1], ids=repr)
def test_anything_else_is_no_struct(value: object) -> None:
    with pytest.raises(InvalidArgumentError, match="event_pattern must be EventPattern"):
        struct("event_pattern", events.EventPattern, value)


class _Ten(IntEnum):
    TEN = 10


NUMBERS: list[tuple[Any, Any]] = [
    (10, 10),
    (_Ten.TEN, 10),
    (0.5, 0.5),
    (10**400, 10**400),
    (nan, None),
    (inf, None),
    ("10", None),
    (b"1", None),
    (None, None),
]


@pytest.mark.parametrize(("value", "expected"), NUMBERS, ids=[repr(value)[:12] for value, _ in NUMBERS])
def test_a_number_is_finite_and_of_its_plain_type(value: object, expected: float | None) -> None:
    number = plain_number(value)
    assert number == expected
    assert type(number) is type(expected)


def test_true_and_false_stay_what_they_are() -> None:
    assert plain_number(True) is True
