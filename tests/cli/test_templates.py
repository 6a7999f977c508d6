"""Values of templates, as far as they are known before a deployment."""

from typing import Any

import pytest

from cdk_cleanroomsml_cli.templates import LATER, Scope, exports_of, read_template, resolve, resolved
from tests.builders.assemblies import resource, template

SCOPE = Scope("Campaigns", "111122223333", "us-east-1", "aws", {"Size": "10", "Empty": ""})
VALUES: dict[str, tuple[Any, Any]] = {
    "a text": ("x", "x"),
    "a number": (5, 5),
    "the account": ({"Ref": "AWS::AccountId"}, "111122223333"),
    "the stack's name": ({"Ref": "AWS::StackName"}, "Campaigns"),
    "a parameter": ({"Ref": "Size"}, "10"),
    "an empty parameter": ({"Ref": "Empty"}, ""),
    "a parameter that is not known": ({"Ref": "Job"}, LATER),
    "an attribute": ({"Fn::GetAtt": ["Other", "Arn"]}, LATER),
    "joined": ({"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}]]}, "a-us-east-1"),
    "joined with what is not known": ({"Fn::Join": ["-", ["a", {"Ref": "Job"}]]}, LATER),
    "substituted": ({"Fn::Sub": "${AWS::Partition}:${Size}:${!Size}"}, "aws:10:${Size}"),
    "substituted by own values": ({"Fn::Sub": ["${One}", {"One": {"Ref": "Size"}}]}, "10"),
    "substituted by what is not known": ({"Fn::Sub": "${Job}"}, LATER),
    "selected": ({"Fn::Select": ["1", {"Fn::Split": ["/", "a/b"]}]}, "b"),
    "selected beyond the end": ({"Fn::Select": [5, ["a"]]}, LATER),
    "a condition": ({"Fn::If": ["Is", "a", "b"]}, LATER),
    "inside": ({"Type": "PERCENTAGE", "Value": {"Ref": "Size"}}, {"Type": "PERCENTAGE", "Value": "10"}),
    "in a list": ([{"Ref": "Size"}, {"Ref": "AWS::NoValue"}], ["10"]),
}


@pytest.mark.parametrize(("value", "expected"), VALUES.values(), ids=list(VALUES))
def test_what_is_known_is_filled_in(value: Any, expected: Any) -> None:
    assert resolve(value, SCOPE) == expected


def test_a_property_without_value_is_none() -> None:
    assert resolved({"Name": {"Ref": "AWS::NoValue"}, "Other": 1}, SCOPE) == {"Other": 1}


def test_what_is_not_known_of_a_stack_is_later() -> None:
    assert resolve({"Ref": "AWS::AccountId"}, Scope()) is LATER


def test_an_export_has_its_construct_s_path_and_condition() -> None:
    body = template(Export=resource(path="A/B") | {"Condition": "Is"}, Other=resource())
    [one, other] = exports_of(body, SCOPE, lambda parent, logical_id: None)
    assert (one.construct_path, one.is_conditional) == ("A/B", True)
    assert (other.construct_path, other.is_conditional) == ("Other", False)


@pytest.mark.parametrize(
    ("body", "expected"), [('{"a": 1}', {"a": 1}), ({"a": 1}, {"a": 1}), ("a: 1", None), ("[]", None)]
)
def test_only_json_is_a_template(body: object, expected: object) -> None:
    assert read_template(body) == expected


def test_a_nested_stack_has_the_parameters_that_it_is_given() -> None:
    outer = {"Type": "AWS::CloudFormation::Stack", "Properties": {"Parameters": {"Job": {"Ref": "Size"}}}}
    inner = template(One=resource(job={"Ref": "Job"}), Other=resource(job={"Ref": "Size"}))
    [one, other] = exports_of({"Resources": {"Nested": outer}}, SCOPE, lambda parent, logical_id: inner)
    assert one.properties["AudienceGenerationJobArn"] == "10"
    assert other.properties["AudienceGenerationJobArn"] is LATER, "the parameters of the parent are not its own"
    assert one.nesting == ("Nested",)
