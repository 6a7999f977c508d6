"""The few states that follow one export beyond the answer to its request, and publish its end.

They look at a slow pace until the export has ended, its resource is gone, or a day has passed. Step Functions itself
sends the event, and again until EventBridge takes it. What the states send and read is in
`cdk_cleanroomsml_contract.message`.
"""

from __future__ import annotations

from typing import Any

from cdk_cleanroomsml_contract import export_event, message
from cdk_cleanroomsml_contract.timeouts import FOLLOWER_TIMEOUT, TASK_TIMEOUT

# A day, the longest that an export is followed.
_RETRY = [
    {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "BackoffRate": 2, "MaxDelaySeconds": 300, "MaxAttempts": 300}
]


def definition(handler_arn: str, *, event_bus_arn: str, partition: str) -> dict[str, Any]:
    """Return the follower in the Amazon States Language; all arguments may be tokens."""
    return {
        "Comment": "Follows an audience export whose request is answered, and publishes its end as an event.",
        "StartAt": "Ended?",
        "TimeoutSeconds": int(FOLLOWER_TIMEOUT.total_seconds()),
        "States": {
            "Ended?": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": message.LOOK_EVENT, "IsPresent": True, "Next": "Publish"},
                    {"Variable": message.LOOK_WAIT_SECONDS, "IsPresent": True, "Next": "Wait"},
                    {"Variable": message.LOOK_DELETED, "IsPresent": True, "Next": "ResourceDeleted"},
                ],
                "Default": "GivenUp",
            },
            "Wait": {"Type": "Wait", "SecondsPath": message.LOOK_WAIT_SECONDS, "Next": "Look"},
            "Look": {
                "Type": "Task",
                "Resource": handler_arn,
                "TimeoutSeconds": int(TASK_TIMEOUT.total_seconds()),
                "Parameters": message.LOOK,
                "ResultPath": message.LOOK_RESULT,
                "Retry": _RETRY,
                "Next": "Ended?",
            },
            "Publish": {
                "Type": "Task",
                "Resource": f"arn:{partition}:states:::events:putEvents",
                "Parameters": {
                    "Entries": [
                        {
                            "Source": export_event.SOURCE,
                            "DetailType": export_event.DETAIL_TYPE,
                            "EventBusName": event_bus_arn,
                            "Detail.$": message.LOOK_EVENT,
                        }
                    ]
                },
                "Retry": _RETRY,
                "Next": "Published",
            },
            "Published": {"Type": "Succeed"},
            "ResourceDeleted": {"Type": "Succeed"},
            "GivenUp": {"Type": "Fail", "Error": "NotEnded", "Cause": "The reason is in the log of the handler."},
        },
    }
