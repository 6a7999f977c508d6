"""The state machine with SDK integrations: it starts the export, lists until it has ended, and has the answer sent.

Its expressions are JSONata, because only that can look for a name in a list.
"""

from __future__ import annotations

from typing import Any

_SDK = "arn:aws:states:::aws-sdk:cleanroomsml"
_PROPERTIES = "$states.input.Request.ResourceProperties"
_KEEP = "{% $states.input %}"

# A full account is waited for: the quota error is retried for an hour. Everything else that fails is retried for two
# minutes.
_RETRY = [
    {
        "ErrorEquals": ["CleanRoomsMl.ServiceQuotaExceededException"],
        "IntervalSeconds": 30,
        "MaxAttempts": 120,
        "BackoffRate": 1,
    },
    {"ErrorEquals": ["CleanRoomsMl.ConflictException"], "MaxAttempts": 0, "IntervalSeconds": 1, "BackoffRate": 1},
    {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 6, "BackoffRate": 2},
]
_FAILED = "{% $merge([$states.input, {'Status': 'FAILED', 'Reason': $states.errorOutput.Cause}]) %}"
_CATCH_ALL = {"ErrorEquals": ["States.ALL"], "Output": _FAILED, "Next": "Answer"}


def definition(answer_arn: str, *, seconds: int = 5) -> dict[str, Any]:
    """Return the machine in the Amazon States Language.

    Args:
        answer_arn: ARN of the function that sends the answer.
        seconds: how long it waits between two listings.
    """
    job = f"{{% {_PROPERTIES}.AudienceGenerationJobArn %}}"
    return {
        "QueryLanguage": "JSONata",
        "StartAt": "Start",
        "TimeoutSeconds": 3600,
        "States": {
            "Start": {
                "Type": "Task",
                "Resource": f"{_SDK}:startAudienceExportJob",
                "Arguments": {
                    "Name": f"{{% {_PROPERTIES}.Name %}}",
                    "AudienceGenerationJobArn": job,
                    "AudienceSize": {
                        "Type": f"{{% {_PROPERTIES}.SizeType %}}",
                        "Value": f"{{% $number({_PROPERTIES}.SizeValue) %}}",
                    },
                },
                "Output": _KEEP,
                "Retry": _RETRY,
                # It may have been started before: then the listing shows it.
                "Catch": [
                    {"ErrorEquals": ["CleanRoomsMl.ConflictException"], "Output": _KEEP, "Next": "Wait"},
                    _CATCH_ALL,
                ],
                "Next": "Wait",
            },
            "Wait": {"Type": "Wait", "Seconds": seconds, "Next": "List"},
            "List": {
                "Type": "Task",
                "Resource": f"{_SDK}:listAudienceExportJobs",
                "Arguments": {"AudienceGenerationJobArn": job},
                "Output": f"{{% $merge([$states.input, {{'Job': $states.result.AudienceExportJobs[Name = {_PROPERTIES}.Name]}}]) %}}",  # noqa: E501
                "Retry": _RETRY[1:],
                "Catch": [_CATCH_ALL],
                "Next": "Ended?",
            },
            "Ended?": {
                "Type": "Choice",
                "Choices": [
                    {"Condition": "{% $states.input.Job.Status = 'ACTIVE' %}", "Next": "Succeeded"},
                    {"Condition": "{% $states.input.Job.Status = 'CREATE_FAILED' %}", "Next": "Failed"},
                ],
                "Default": "Wait",
            },
            "Succeeded": {
                "Type": "Pass",
                "Output": "{% $merge([$states.input, {'Status': 'SUCCESS', 'Data': $states.input.Job}]) %}",
                "Next": "Answer",
            },
            "Failed": {
                "Type": "Pass",
                "Output": "{% $merge([$states.input, {'Status': 'FAILED', 'Reason': 'the export has failed'}]) %}",
                "Next": "Answer",
            },
            "Answer": {
                "Type": "Task",
                "Resource": answer_arn,
                "Arguments": _KEEP,
                "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 6, "BackoffRate": 2}],
                "End": True,
            },
        },
    }
