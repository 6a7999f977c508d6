"""A size is checked when it is made: the service would refuse it only at deployment."""

from collections.abc import Callable
from decimal import Decimal
from enum import IntEnum
from math import inf, nan
from typing import Any

import pytest
from aws_cdk import Token

from cdk_cleanroomsml import AudienceSize, InvalidArgumentError


class NoTruth:
    """Its comparisons have no truth value, as those of an array of numpy."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise ValueError("The truth value of an array with more than one element is ambiguous")


@pytest.mark.parametrize("value", [1, 100])
def test_percentages_go_from_1_to_100(value: int) -> None:
    assert AudienceSize.percentage(value) == AudienceSize("PERCENTAGE", value)


@pytest.mark.parametrize("value", [1, 20_000_000])
def test_numbers_go_from_1_to_20_million(value: int) -> None:
    assert AudienceSize.absolute(value) == AudienceSize("ABSOLUTE", value)


@pytest.mark.parametrize(
    "value", [0, 101, -1, 1.5, 10.0, True, "10", b"10", None, nan, inf, Decimal(10), (10,)], ids=repr
)
def test_a_percentage_out_of_range_names_argument_rule_and_value(value: Any) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        AudienceSize.percentage(value)
    assert str(raised.value).startswith("AudienceSize.percentage value must be ")
    assert str(raised.value).endswith(f"; got {value!r}")


@pytest.mark.parametrize("value", [0, 20_000_001, 2.0, 10**400], ids=["0", "20,000,001", "2.0", "huge"])
def test_a_number_out_of_range_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match=r"AudienceSize\.absolute value must be "):
        AudienceSize.absolute(value)


class Percent(IntEnum):
    TEN = 10


def test_a_member_of_an_enum_is_its_number() -> None:
    """jsii takes none."""
    size = AudienceSize.percentage(Percent.TEN)
    assert (size, type(size.value)) == (AudienceSize.percentage(10), int)


@pytest.mark.parametrize("value", [None, 1, ["PERCENTAGE"], NoTruth()], ids=["None", "number", "list", "array"])
def test_a_type_that_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        AudienceSize(value, 10)
    assert raised.value.argument == "AudienceSize type"
    assert raised.value.value is value


def test_an_unknown_type_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match=r"^AudienceSize type must be PERCENTAGE or ABSOLUTE; got 'ALL'$"):
        AudienceSize("ALL", 10)  # type: ignore[arg-type]


def test_a_type_in_small_letters_is_refused_by_mypy_too() -> None:
    """`make check` fails if mypy accepts it, because the comment would then be of no use."""
    with pytest.raises(InvalidArgumentError, match="must be PERCENTAGE or ABSOLUTE; got 'percentage'"):
        AudienceSize("percentage", 10)  # type: ignore[arg-type]


# The CDK types a number token as int | float, so mypy must find that both take one.
SIZES: list[Callable[[int | float], AudienceSize]] = [AudienceSize.percentage, AudienceSize.absolute]


@pytest.mark.parametrize("make", SIZES, ids=["percentage", "absolute"])
def test_a_number_token_is_left_to_the_handler(make: Callable[[int | float], AudienceSize]) -> None:
    token = Token.as_number({"Ref": "Value"})
    assert make(token).value == token


def test_a_string_token_is_refused() -> None:
    token: Any = Token.as_string({"Ref": "Value"})
    with pytest.raises(InvalidArgumentError, match=r"^AudienceSize\.percentage value must be a whole number; got "):
        AudienceSize.percentage(token)
