"""What the construct writes into the template is what the handler reads, and both apply the same rules."""

import json
from typing import Any, Literal

import pytest
from aws_cdk import App, Duration, NestedStack, Stack
from aws_cdk.assertions import Template
from hypothesis import given
from hypothesis import strategies as st

from cdk_cleanroomsml import AudienceSize, InvalidArgumentError, OnConflict
from cdk_cleanroomsml_contract import export_properties
from cdk_cleanroomsml_contract.export_properties import BrokenRule, ExportProperties
from tests.builders.arns import FOLLOWER, JOB, STATE_MACHINE
from tests.builders.cases import broken_properties
from tests.builders.events import properties
from tests.builders.stacks import EXPORT, declare


def as_cloudformation_sends(value: Any) -> Any:
    """Resolve intrinsic functions to some text, and turn every scalar into a string."""
    if isinstance(value, dict):
        if any(key.startswith("Fn::") or key == "Ref" for key in value):
            return "arn:aws:resolved"
        return {key: as_cloudformation_sends(inner) for key, inner in value.items()}
    return str(value)


@pytest.mark.parametrize(
    "declared",
    [
        {},
        {"name": "spring", "description": "for spring", "audience_size": AudienceSize.absolute(100_000)},
        {"name": "spring", "on_conflict": OnConflict.ADOPT},
        {"revision": "2"},
        {"wait_for_completion": False, "timeout": Duration.minutes(10)},
        {"minimum_relevance": 0.5},
    ],
    ids=["required only", "all texts", "adopt", "revision", "no waiting", "relevance"],
)
def test_the_handler_reads_what_the_construct_writes(declared: dict[str, Any]) -> None:
    stack = Stack(App(), "Campaigns")
    declare(stack, **declared)
    [resource] = Template.from_stack(stack).find_resources(EXPORT).values()
    sent = as_cloudformation_sends(resource["Properties"])
    read = ExportProperties.decode(json.loads(json.dumps(sent)))

    size = declared.get("audience_size", AudienceSize.percentage(10))
    assert (read.audience_size.type, read.audience_size.value) == (size.type, size.value)
    assert read.audience_generation_job_arn == JOB
    for argument in ("name", "description", "revision"):
        assert getattr(read, argument) == declared.get(argument)
    assert read.on_conflict is declared.get("on_conflict", OnConflict.FAIL)
    assert read.wait_for_completion == declared.get("wait_for_completion", True)
    assert read.minimum_relevance == declared.get("minimum_relevance")
    assert not read.reads_metrics
    assert read.timeout_seconds == (600 if "timeout" in declared else 3600)


REQUIRED: dict[str, Any] = {
    "audience_generation_job_arn": JOB,
    "audience_size": export_properties.AudienceSize("ABSOLUTE", 5000),
    "state_machine_arn": STATE_MACHINE,
}
AS_WRITTEN = {
    "AudienceGenerationJobArn": JOB,
    "AudienceSize": {"Type": "ABSOLUTE", "Value": 5000},
    "StateMachineArn": STATE_MACHINE,
}


@pytest.mark.parametrize(
    ("declared", "written"),
    [
        ({}, {}),
        ({"name": "spring", "on_conflict": OnConflict.ADOPT}, {"Name": "spring", "OnConflict": "ADOPT"}),
        (
            {"revision": "2", "stack_path": "Our-campaigns/Spring/Deep2", "description": "for spring"},
            {"Revision": "2", "StackPath": "Our-campaigns/Spring/Deep2", "Description": "for spring"},
        ),
        (
            {"wait_for_completion": False, "timeout_seconds": 60, "follower_arn": FOLLOWER},
            {"WaitForCompletion": False, "TimeoutSeconds": 60, "FollowerArn": FOLLOWER},
        ),
        ({"minimum_relevance": 0.5, "reads_metrics": True}, {"MinimumRelevance": 0.5, "ReadMetrics": True}),
    ],
    ids=["required only", "name", "texts", "waiting and events", "metrics"],
)
def test_the_properties_in_the_template_are_pinned_and_read_again(
    declared: dict[str, Any], written: dict[str, Any]
) -> None:
    """Resources that are deployed have them."""
    export = ExportProperties(**REQUIRED, **declared)
    assert export.encode() == AS_WRITTEN | written
    assert ExportProperties.decode(as_cloudformation_sends(export.encode())) == export


def test_the_handler_reads_the_path_of_a_nested_stack() -> None:
    nested = NestedStack(Stack(App(), "Campaigns"), "Spring")
    declare(nested)
    [resource] = Template.from_stack(nested).find_resources(EXPORT).values()
    read = ExportProperties.decode(as_cloudformation_sends(resource["Properties"]))
    assert read.stack_path == resource["Properties"]["StackPath"]
    assert ExportProperties.decode(properties()).stack_path is None


@given(
    kind=st.sampled_from(["PERCENTAGE", "ABSOLUTE"]), value=st.integers(-5, 200) | st.integers(19_999_990, 20_000_010)
)
def test_both_sides_apply_the_same_rules_to_sizes(kind: Literal["PERCENTAGE", "ABSOLUTE"], value: int) -> None:
    """What the construct accepts, the handler accepts as the string that CloudFormation sends, and the reverse."""
    sent = properties(AudienceSize={"Type": kind, "Value": str(value)})
    try:
        AudienceSize(kind, value)
    except InvalidArgumentError:
        with pytest.raises(BrokenRule):
            ExportProperties.decode(sent)
    else:
        assert ExportProperties.decode(sent).audience_size.value == value


@broken_properties
def test_the_first_broken_rule_is_named(changes: dict[str, Any], argument: str) -> None:
    with pytest.raises(BrokenRule) as raised:
        ExportProperties.decode(properties(**changes))
    assert raised.value.argument == argument
    assert str(raised.value).startswith(argument)


RULES: dict[str, tuple[dict[str, Any], str]] = {
    "unknown property": (
        {"Sice": "10"},
        "Sice is not a known property (AudienceGenerationJobArn, AudienceSize, Description, FollowerArn, "
        "MinimumRelevance, Name, OnConflict, ReadMetrics, Revision, ServiceTimeout, ServiceToken, StackPath, "
        "StateMachineArn, TimeoutSeconds, WaitForCompletion); got '10'",
    ),
    "no ARN": ({"AudienceGenerationJobArn": None}, "AudienceGenerationJobArn is required; got None"),
    "no size": ({"AudienceSize": None}, "AudienceSize is required; got None"),
    "no state machine": ({"StateMachineArn": None}, "StateMachineArn is required; got None"),
    "an empty state machine": ({"StateMachineArn": ""}, "StateMachineArn must be the ARN of a state machine; got ''"),
    "a blank follower": ({"FollowerArn": " "}, "FollowerArn must be the ARN of a state machine; got ' '"),
    "a list of followers": ({"FollowerArn": ["a"]}, "FollowerArn must be the ARN of a state machine; got ['a']"),
    "name and revision": (
        {"Name": "mine", "Revision": "2"},
        "Revision cannot be combined with Name: an export cannot run again under its name; got '2'",
    ),
    "long name": ({"Name": "x" * 64}, f"Name must be 1 to 63 characters long, not 64; got '{'x' * 64}'"),
    "size without a value": (
        {"AudienceSize": {"Type": "ABSOLUTE"}},
        "AudienceSize must have exactly the members Type and Value; got {'Type': 'ABSOLUTE'}",
    ),
    "unknown type of size": (
        {"AudienceSize": {"Type": "percentage", "Value": "10"}},
        "AudienceSize.Type must be one of ABSOLUTE, PERCENTAGE; got 'percentage'",
    ),
    "101 percent": (
        {"AudienceSize": {"Type": "PERCENTAGE", "Value": "101"}},
        "AudienceSize.Value must be from 1 to 100; got '101'",
    ),
    "unknown way out of a conflict": ({"OnConflict": "IGNORE"}, "OnConflict must be one of FAIL, ADOPT; got 'IGNORE'"),
    "empty revision": ({"Revision": ""}, "Revision must be a string that is not empty; got ''"),
    "revision in a list": ({"Revision": ["2"]}, "Revision must be a string that is not empty; got ['2']"),
    "path that begins with a digit": (
        {"StackPath": "1st/Spring"},
        "StackPath must be the root stack's name and the logical ids of the nested stacks below it, with / between "
        "them; got '1st/Spring'",
    ),
    "neither true nor false": (
        {"WaitForCompletion": "maybe"},
        "WaitForCompletion must be true or false; got 'maybe'",
    ),
    "short time-out": (
        {"TimeoutSeconds": "59"},
        "TimeoutSeconds must be a whole number from 60 to 3,600; got 59",
    ),
    "time-out in words": (
        {"TimeoutSeconds": "an hour"},
        "TimeoutSeconds must be a whole number from 60 to 3,600; got 'an hour'",
    ),
}


@pytest.mark.parametrize(("changes", "expected"), RULES.values(), ids=list(RULES))
def test_a_broken_rule_says_the_property_the_rule_and_the_value(changes: dict[str, Any], expected: str) -> None:
    """It is the reason that users read in the events of the stack."""
    with pytest.raises(BrokenRule) as raised:
        ExportProperties.decode(properties(**changes))
    assert isinstance(raised.value, ValueError)
    assert str(raised.value) == expected


def test_a_default_is_not_written() -> None:
    stack = Stack(App(), "Campaigns")
    declare(stack, timeout=Duration.hours(1), on_conflict=OnConflict.FAIL, wait_for_completion=True)
    [resource] = Template.from_stack(stack).find_resources(EXPORT).values()
    assert set(resource["Properties"]) == {
        "ServiceToken",
        "ServiceTimeout",
        "AudienceGenerationJobArn",
        "AudienceSize",
        "StateMachineArn",
    }


@pytest.mark.parametrize(("sent", "waits"), [("true", True), ("True", True), ("false", False), ("FALSE", False)])
def test_a_bool_is_read_in_any_spelling(sent: str, waits: bool) -> None:
    assert ExportProperties.decode(properties(WaitForCompletion=sent)).wait_for_completion is waits


NO_NUMBERS = {
    "other digits": "\N{ARABIC-INDIC DIGIT ONE}",
    "a power": "\N{SUPERSCRIPT TWO}",
    "5,000 digits": "9" * 5000,
    "minus": "-1",
    "plus": "+10",
    "space": " 10",
    "exponent": "1e1",
    "nothing": "",
}


@pytest.mark.parametrize("value", NO_NUMBERS.values(), ids=list(NO_NUMBERS))
def test_only_plain_digits_are_a_number(value: str) -> None:
    """Python's int() reads more than CloudFormation writes, and fails for a number of 5,000 digits."""
    with pytest.raises(BrokenRule, match=r"AudienceSize\.Value must be a whole number"):
        ExportProperties.decode(properties(AudienceSize={"Type": "ABSOLUTE", "Value": value}))


@pytest.mark.parametrize("value", ["-0.1", "10.1", "nan", "inf", "a lot", "", ["1"]])
def test_a_relevance_is_a_score_that_a_job_can_have(value: Any) -> None:
    with pytest.raises(BrokenRule, match=r"^MinimumRelevance must be a number from 0 to 10; got "):
        ExportProperties.decode(properties(MinimumRelevance=value))


@pytest.mark.parametrize(("value", "read"), [("0", 0.0), ("10", 10.0), ("1e-3", 0.001)])
def test_a_relevance_is_read_as_cloudformation_sends_it(value: str, read: float) -> None:
    assert ExportProperties.decode(properties(MinimumRelevance=value)).minimum_relevance == read


def test_metrics_are_read_if_the_template_says_so() -> None:
    assert ExportProperties.decode(properties(ReadMetrics="true")).reads_metrics
    with pytest.raises(BrokenRule, match="ReadMetrics must be true or false; got 'yes'"):
        ExportProperties.decode(properties(ReadMetrics="yes"))
