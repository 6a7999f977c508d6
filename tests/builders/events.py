"""Events as CloudFormation sends them for an audience export."""

from typing import Any

from tests.builders.arns import HANDLER, JOB, STACK_ID, STATE_MACHINE


def properties(**changes: Any) -> dict[str, Any]:
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
) -> dict[str, Any]:
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
