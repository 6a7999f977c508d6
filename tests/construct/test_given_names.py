"""Given names at synth: two exports that cannot both have one are an error, characters that outputs lose a warning."""

from typing import Any

import aws_cdk
import pytest
from aws_cdk import App, CfnParameter, NestedStack, Stack, Token
from aws_cdk.assertions import Annotations, Match

from cdk_cleanroomsml import AudienceSize, InvalidArgumentError, OnConflict
from tests.builders.arns import JOB, OTHER_JOB
from tests.builders.stacks import declare

TWENTY = AudienceSize.percentage(20)
ADOPT = {"on_conflict": OnConflict.ADOPT}


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "neither adopts": ({}, {}, "of the same generation job, and both fail .* set on_conflict=OnConflict.ADOPT on both"),
    "neither adopts, another size": (
        {},
        {"audience_size": TWENTY},
        "with the size PERCENTAGE 10, and an export has one size: choose another name",
    ),
    "both adopt, another size": (ADOPT, ADOPT | {"audience_size": TWENTY}, "an export has one size"),
    "the second adopts another size": ({}, ADOPT | {"audience_size": TWENTY}, "an export has one size"),
    "both adopt, another type of size": (ADOPT, ADOPT | {"audience_size": AudienceSize.absolute(10)}, "one size"),
}


@pytest.mark.parametrize(("first", "second", "rule"), REFUSED.values(), ids=list(REFUSED))
def test_two_exports_that_cannot_both_have_a_name_are_an_error(
    stack: Stack, first: dict[str, Any], second: dict[str, Any], rule: str
) -> None:
    declare(stack, "First", name="spring", **first)
    children = list(stack.node.children)
    with pytest.raises(InvalidArgumentError, match=f"name is already that of Campaigns/First, .*{rule}") as raised:
        declare(stack, "Second", name="spring", **second)
    assert (raised.value.argument, raised.value.value) == ("name", "spring")
    assert stack.node.children == children, "nothing has been added"
    declare(stack, "Second", name="summer", **second)


ALLOWED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "both adopt": (ADOPT, ADOPT),
    "the second adopts": ({}, ADOPT),
    "the first adopts": (ADOPT, {}),
    "another generation job": ({}, {"audience_generation_job_arn": OTHER_JOB}),
    "another name": ({}, {"name": "Spring"}),
    "a size that is not known": (
        ADOPT,
        ADOPT | {"audience_size": AudienceSize.percentage(Token.as_number({"Ref": "Percent"}))},
    ),
}


@pytest.mark.parametrize(("first", "second"), ALLOWED.values(), ids=list(ALLOWED))
def test_two_exports_that_may_both_have_a_name(stack: Stack, first: dict[str, Any], second: dict[str, Any]) -> None:
    declare(stack, "First", **{"name": "spring"} | first)
    declare(stack, "Second", **{"name": "spring"} | second)


def test_a_third_export_is_compared_with_each(stack: Stack) -> None:
    declare(stack, "First", name="spring")
    declare(stack, "Second", name="spring", **ADOPT)
    with pytest.raises(InvalidArgumentError, match="name is already that of Campaigns/First"):
        declare(stack, "Third", name="spring")


def test_a_root_stack_and_its_nested_stacks_are_deployed_together(stack: Stack) -> None:
    declare(NestedStack(NestedStack(stack, "Spring"), "Deep"), name="spring")
    with pytest.raises(InvalidArgumentError, match="name is already that of Campaigns/Spring/Deep/Export"):
        declare(NestedStack(stack, "Autumn"), name="spring")


def test_two_stacks_of_an_app_need_not_both_be_deployed() -> None:
    app = App()
    for name in ("First", "Second"):
        declare(Stack(app, name), name="spring")


def test_values_that_are_not_known_are_left_to_the_deployment(stack: Stack) -> None:
    token = CfnParameter(stack, "Parameter").value_as_string
    for number in range(2):
        declare(stack, f"Named{number}", name=token)
        declare(stack, f"OfJob{number}", name="spring", audience_generation_job_arn=token)


def test_a_size_that_is_not_known_is_not_shown_as_a_number(stack: Stack) -> None:
    declare(stack, "First", name="spring", audience_size=AudienceSize.absolute(Token.as_number({"Ref": "Size"})))
    with pytest.raises(InvalidArgumentError, match="with the size ABSOLUTE, and"):
        declare(stack, "Second", name="spring")


def test_an_export_that_the_app_has_removed_does_not_hold_a_name(stack: Stack) -> None:
    declare(stack, "First", name="spring")
    assert stack.node.try_remove_child("First")
    declare(stack, "Second", name="spring")


WARNING = Match.string_like_regexp(
    "the name .*Frühling.* has characters outside ASCII: CloudFormation returns them as question marks"
)


@pytest.mark.parametrize(
    ("declared", "is_warned"),
    [
        ({"name": "Frühling"}, True),
        ({"name": f"Frühling {Token.as_string({'Ref': 'AWS::Region'})}"}, True),
        ({"name": "spring"}, False),
        ({"description": "für den Frühling"}, False),
    ],
    ids=["name", "name with a token", "ASCII", "description, which no output shows"],
)
def test_a_name_outside_ascii_is_warned_about(stack: Stack, declared: dict[str, Any], is_warned: bool) -> None:
    declare(stack, audience_generation_job_arn=JOB, **declared)
    found = [one.id for one in Annotations.from_stack(stack).find_warning("*", WARNING)]
    assert found == (["/Campaigns/Export"] if is_warned else [])


def test_the_warning_can_be_acknowledged(stack: Stack) -> None:
    """By its id, which therefore stays."""
    export = declare(stack, name="Frühling")
    aws_cdk.Annotations.of(export).acknowledge_warning("cdk-cleanroomsml:nameOutsideAscii")
    assert Annotations.from_stack(stack).find_warning("*", WARNING) == []
