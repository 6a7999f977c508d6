"""Cases that several test modules run, each with words for its id."""

from typing import Any

import pytest

either_name = pytest.mark.parametrize("name", ["mine", None], ids=["given name", "generated name"])
start_or_list = pytest.mark.parametrize(
    "operation", ["StartAudienceExportJob", "ListAudienceExportJobs"], ids=["start", "list"]
)

# Changes of ResourceProperties that break a rule, and the property that the message must name.
BROKEN_PROPERTIES: dict[str, tuple[dict[str, Any], str]] = {
    "blank name": ({"Name": "  "}, "Name"),
    "long name": ({"Name": "x" * 64}, "Name"),
    "long description": ({"Description": "x" * 256}, "Description"),
    "ARN of something else": ({"AudienceGenerationJobArn": "arn:aws:s3:::bucket"}, "AudienceGenerationJobArn"),
    "no ARN": ({"AudienceGenerationJobArn": None}, "AudienceGenerationJobArn"),
    "no size": ({"AudienceSize": None}, "AudienceSize"),
    "no state machine": ({"StateMachineArn": None}, "StateMachineArn"),
    "101 percent": ({"AudienceSize": {"Type": "PERCENTAGE", "Value": "101"}}, "AudienceSize.Value"),
    "more than 20 million": ({"AudienceSize": {"Type": "ABSOLUTE", "Value": "20000001"}}, "AudienceSize.Value"),
    "half a person": ({"AudienceSize": {"Type": "ABSOLUTE", "Value": "1.5"}}, "AudienceSize.Value"),
    "type in small letters": ({"AudienceSize": {"Type": "percentage", "Value": "10"}}, "AudienceSize.Type"),
    "size without a type": ({"AudienceSize": "10"}, "AudienceSize"),
    "unknown member of the size": (
        {"AudienceSize": {"Type": "ABSOLUTE", "Value": "1", "Unit": "people"}},
        "AudienceSize",
    ),
    "unknown property": ({"Sice": "10"}, "Sice"),
    "unknown way out of a conflict": ({"OnConflict": "IGNORE"}, "OnConflict"),
    "neither true nor false": ({"WaitForCompletion": "maybe"}, "WaitForCompletion"),
    "time-out of 59 s": ({"TimeoutSeconds": "59"}, "TimeoutSeconds"),
    "time-out of 3,601 s": ({"TimeoutSeconds": "3601"}, "TimeoutSeconds"),
    "path of nested stacks in a list": ({"StackPath": ["Campaigns", "Spring"]}, "StackPath"),
    "empty path of nested stacks": ({"StackPath": ""}, "StackPath"),
    "path that names no nested stack": ({"StackPath": "Campaigns"}, "StackPath"),
    "path with a blank": ({"StackPath": "Campaigns/Spring sale"}, "StackPath"),
    "path that goes on": ({"StackPath": "Campaigns/Spring/"}, "StackPath"),
    "name and revision": ({"Name": "mine", "Revision": "2"}, "Revision"),
}
broken_properties = pytest.mark.parametrize(
    ("changes", "argument"), BROKEN_PROPERTIES.values(), ids=list(BROKEN_PROPERTIES)
)
