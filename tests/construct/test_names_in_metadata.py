"""The generated name is in the template, so that `cdk diff` shows that a new export will start."""

from typing import Any

import pytest
from aws_cdk import App, CfnParameter, CfnResource, NestedStack, Stack
from aws_cdk.assertions import Template

from audience_export_handler.core.request import read_request
from cdk_cleanroomsml import AudienceSize
from cdk_cleanroomsml.names_in_metadata import GeneratedNames
from tests.builders.arns import JOB, STACK_ID
from tests.builders.events import event
from tests.builders.stacks import EXPORT, declare


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


def names(stack: Stack) -> dict[str, str | None]:
    """The name in the metadata of each export, by its logical id."""
    found = Template.from_stack(stack).find_resources(EXPORT)
    return {key: one.get("Metadata", {}).get("cdk-cleanroomsml", {}).get("ExportName") for key, one in found.items()}


def name_at_deployment(stack: Stack) -> dict[str, str]:
    """The name that the handler generates for each export."""
    found = Template.from_stack(stack).find_resources(EXPORT)
    made = {}
    for logical_id, resource in found.items():
        properties: dict[str, Any] = {**resource["Properties"]} | {"StateMachineArn": "arn", "ServiceToken": "arn"}
        request = read_request(event(LogicalResourceId=logical_id, ResourceProperties=properties))
        made[logical_id] = request.name
    return made


def test_it_is_the_name_that_the_handler_generates(stack: Stack) -> None:
    assert "/Campaigns/" in STACK_ID
    declare(stack)
    declare(stack, "Other", audience_size=AudienceSize.absolute(1000))
    declare(stack, "Revised", revision="2")
    renamed = declare(stack, "Renamed").node.find_child("Resource")
    assert isinstance(renamed, CfnResource)
    renamed.override_logical_id("Mine")
    assert "Mine" in names(stack)
    assert names(stack) == name_at_deployment(stack)
    assert len(set(names(stack).values())) == 4


def test_it_is_the_same_in_a_nested_stack() -> None:
    nested = NestedStack(Stack(App(), "Root"), "Campaigns")
    declare(nested)
    assert None not in names(nested).values()
    assert names(nested) == name_at_deployment(nested)


def test_a_given_name_is_in_the_properties_only(stack: Stack) -> None:
    declare(stack, name="mine")
    assert list(names(stack).values()) == [None]


@pytest.mark.parametrize("argument", ["audience_generation_job_arn", "revision"])
def test_a_name_that_is_known_only_at_deployment_is_left_out(stack: Stack, argument: str) -> None:
    declare(stack, **{argument: CfnParameter(stack, "Parameter").value_as_string})
    assert list(names(stack).values()) == [None]


def test_neither_has_an_export_of_a_size_that_is_known_only_at_deployment(stack: Stack) -> None:
    size = CfnParameter(stack, "Size", type="Number").value_as_number
    declare(stack, audience_size=AudienceSize.absolute(size))
    assert list(names(stack).values()) == [None]


def written(stack: Stack, times: int = 1) -> Any:
    """The metadata of an export whose name is generated, after so many syntheses."""
    resource = CfnResource(stack, "Export", type=EXPORT)
    generated = GeneratedNames()
    size = {"Type": "PERCENTAGE", "Value": 10}
    generated.add(resource, {"AudienceGenerationJobArn": JOB, "AudienceSize": size})
    found = []
    for _ in range(times):
        generated.write(stack)
        found.append(resource.get_metadata("cdk-cleanroomsml"))
        resource.add_metadata("cdk-cleanroomsml", None)
    return found


def test_a_name_is_written_once_however_often_the_app_is_synthesised(stack: Stack) -> None:
    first, second = written(stack, times=2)
    assert first["ExportName"].startswith("Export-")
    assert second is None


def test_a_stack_whose_name_is_known_only_at_deployment_has_no_names_before(stack: Stack) -> None:
    assert written(NestedStack(stack, "Spring")) == [None]
