"""The few states that follow one export beyond the answer to its request, and publish its end.

They look at a slow pace until the export has ended, its resource is gone, or a day has passed. Step Functions itself
sends the event, and again until EventBridge takes it. What the states send and read is in
`cdk_cleanroomsml_contract.message`.
"""

from __future__ import annotations

from typing import Any

from cdk_cleanroomsml_contract import export_event, message
from cdk_cleanroomsml_contract.timeouts import FOLLOWER_TIMEOUT, TASK_TIMEOUT

_RETRY = {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 5, "BackoffRate": 2, "MaxDelaySeconds": 300}
# A day, the longest that an export is followed.
_FOR_A_DAY = [_RETRY | {"MaxAttempts": 300}]
# Two and a half minutes. Then the resource is read again, because it may be gone by now.
_FOR_MINUTES = [_RETRY | {"MaxAttempts": 5}]
_PAUSE_SECONDS = 60


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
                    {
                        "And": [
                            {"Variable": message.LOOK_EVENT, "IsPresent": True},
                            {"Variable": message.FOLLOWED_NAME, "IsPresent": True},
                        ],
                        "Next": "PublishFollowed",
                    },
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
                "Retry": _FOR_A_DAY,
                "Next": "Ended?",
            },
            # It had ended when the request was answered, so nothing can have come between.
            "Publish": _publish(event_bus_arn, partition) | {"Retry": _FOR_A_DAY},
            "PublishFollowed": _publish(event_bus_arn, partition)
            | {
                "Retry": _FOR_MINUTES,
                "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": message.LOOK_RESULT, "Next": "Pause"}],
            },
            "Pause": {"Type": "Wait", "Seconds": _PAUSE_SECONDS, "Next": "Look"},
            "Published": {"Type": "Succeed"},
            "ResourceDeleted": {"Type": "Succeed"},
            "GivenUp": {"Type": "Fail", "Error": "NotEnded", "Cause": "The reason is in the log of the handler."},
        },
    }


def _publish(event_bus_arn: str, partition: str) -> dict[str, Any]:
    return {
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
        "ResultPath": "$.Published",
        "Next": "Published",
    }
