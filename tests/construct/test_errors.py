"""Errors have one base, so that a caller can tell them from the CDK's, and say what to correct."""

import pytest

import cdk_cleanroomsml
from cdk_cleanroomsml import AttributeUnknownError, HandlerCodeError, InvalidArgumentError
from cdk_cleanroomsml.errors import CleanRoomsMLError


@pytest.mark.parametrize("kind", [InvalidArgumentError, AttributeUnknownError, HandlerCodeError])
def test_every_error_has_the_base_and_is_exported(kind: type[Exception]) -> None:
    assert issubclass(kind, CleanRoomsMLError)
    assert kind.__name__ in cdk_cleanroomsml.__all__


def test_an_invalid_argument_is_a_value_error_that_names_argument_rule_and_value() -> None:
    error = InvalidArgumentError("name", "must not be blank", " ")
    assert isinstance(error, ValueError)
    assert (error.argument, error.rule, error.value) == ("name", "must not be blank", " ")
    assert str(error) == "name must not be blank; got ' '"
