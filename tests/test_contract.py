"""What the construct writes into the template is what the handler reads: neither imports the other."""

import json
from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk.assertions import Template
from hypothesis import given
from hypothesis import strategies as st

from audience_export_handler import api_limits as handler_limits
from audience_export_handler import cfn_resource, export_request
from audience_export_handler.failure import InvalidProperty
from cdk_cleanroomsml import AudienceSize, InvalidArgumentError, OnConflict, state_machine
from cdk_cleanroomsml import api_limits as construct_limits
from tests.builders.arns import JOB
from tests.builders.events import event
from tests.builders.stacks import EXPORT, declare


def as_cloudformation_sends(value: Any) -> Any:
    """Resolve intrinsic functions to some text, and turn every scalar into a string."""
    if isinstance(value, dict):
        if any(key.startswith("Fn::") or key == "Ref" for key in value):
            return "arn:aws:resolved"
        return {key: as_cloudformation_sends(inner) for key, inner in value.items()}
    return str(value)


@pytest.mark.parametrize(
    ("declared", "name_is_given"),
    [
        ({}, False),
        ({"name": "spring", "description": "for spring", "audience_size": AudienceSize.absolute(100_000)}, True),
        ({"name": "spring", "on_conflict": OnConflict.ADOPT}, True),
        ({"revision": "2"}, False),
        ({"wait_for_completion": False, "timeout": Duration.minutes(10)}, False),
    ],
)
def test_the_handler_reads_what_the_construct_writes(declared: dict, name_is_given: bool) -> None:
    stack = Stack(App(), "Campaigns")
    declare(stack, **declared)
    [resource] = Template.from_stack(stack).find_resources(EXPORT).values()
    sent = as_cloudformation_sends(resource["Properties"])
    request = export_request.parse(event(ResourceProperties=json.loads(json.dumps(sent))))

    size = declared.get("audience_size", AudienceSize.percentage(10))
    assert (request.audience_size.type, request.audience_size.value) == (size.type, size.value)
    assert request.audience_generation_job_arn == JOB
    assert request.name_is_given == name_is_given
    assert request.description == declared.get("description")
    assert request.adopts == ("on_conflict" in declared)
    assert request.waits == declared.get("wait_for_completion", True)
    assert request.timeout.total_seconds() == (600 if "timeout" in declared else 3600)


def test_both_sides_speak_the_same_version() -> None:
    assert cfn_resource.VERSION == state_machine.VERSION


texts = st.text(max_size=300) | st.text(alphabet=" \t\r\n\x00é\U0001f600", max_size=70)


@given(member=st.sampled_from(["name", "description", "audienceGenerationJobArn", "audienceSize.type"]), value=texts)
def test_both_sides_apply_the_same_rules_to_text(member: str, value: str) -> None:
    assert construct_limits.broken_rule(member, value) == handler_limits.broken_rule(member, value)


@given(
    kind=st.sampled_from(["PERCENTAGE", "ABSOLUTE"]), value=st.integers(-5, 200) | st.integers(19_999_990, 20_000_010)
)
def test_both_sides_apply_the_same_rules_to_sizes(kind: str, value: int) -> None:
    """What the construct takes, the handler takes as the string that CloudFormation makes of it, and the reverse."""
    declared = event()
    declared["ResourceProperties"]["AudienceSize"] = {"Type": kind, "Value": str(value)}
    try:
        AudienceSize(kind, value)
    except InvalidArgumentError:
        with pytest.raises(InvalidProperty):
            export_request.parse(declared)
    else:
        assert export_request.parse(declared).audience_size.value == value
