"""Events as CloudFormation sends them for an audience export."""

from typing import Any

from tests.builders.arns import HANDLER, JOB, STACK_ID, STATE_MACHINE

Properties = dict[str, Any]
Event = dict[str, Any]


def properties(**changes: Any) -> Properties:
    """ResourceProperties, scalars as strings; None leaves a property out."""
    base = {
        "ServiceToken": HANDLER,
        "AudienceGenerationJobArn": JOB,
        "AudienceSize": {"Type": "PERCENTAGE", "Value": "10"},
        "StateMachineArn": STATE_MACHINE,
    }
    return {key: value for key, value in (base | changes).items() if value is not None}


def event(
    request_type: str = "Create", *, request_id: str = "request-1", url: str = "https://127.0.0.1:1/", **rest: Any
) -> Event:
    base = {
        "RequestType": request_type,
        "ResponseURL": url,
        "StackId": STACK_ID,
        "RequestId": request_id,
        "ResourceType": "Custom::CleanRoomsMLAudienceExport",
        "LogicalResourceId": "SpringCampaign399F6554",
        "ResourceProperties": properties(),
    }
    return base | rest


BEFORE, AFTER = properties(Name="before"), properties(Name="after")
# Updates of a resource that holds the export "before": to another one, and back to it.
FORWARD = {"ResourceProperties": AFTER, "OldResourceProperties": BEFORE, "PhysicalResourceId": "of before"}
BACKWARD = {"ResourceProperties": BEFORE, "OldResourceProperties": AFTER, "PhysicalResourceId": "of before"}
