"""The handler's crhelper subclass without its partners, and the context that Lambda calls it with."""

from types import SimpleNamespace
from typing import Any

from audience_export_handler.state_machine_resource import StateMachineResource
from cdk_cleanroomsml_contract.message import VERSION
from tests.builders.events import event

CONTEXT = SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000, aws_request_id="1", function_name="f")


def resource_with_answers(**changes: Any) -> tuple[StateMachineResource, list[dict[str, Any]]]:
    """A resource, and the list that collects its answers."""
    answers: list[dict[str, Any]] = []
    arguments: dict[str, Any] = {
        "physical_id_of": lambda event: "derived",
        "start_execution": lambda event: None,
        "was_started": lambda event: False,
        "deliver": lambda url, body: answers.append({"url": url, **body}),
        "follow": lambda message, left, physical_id: None,
        "look": lambda message: {"Deleted": True},
    }
    return StateMachineResource(**(arguments | changes)), answers


def step_message(**changes: Any) -> dict[str, Any]:
    """A first step, as the state machine sends it."""
    message = {"Version": VERSION, "Phase": "Step", "Request": event(), "Progress": None, "RetryCount": 0}
    return message | {"StartedAt": "2026-03-01T12:00:00Z"} | changes


def lost_event(event: dict[str, Any], condition: str = "RetriesExhausted") -> dict[str, Any]:
    """The record that Lambda sends to an on-failure destination, with the event in it."""
    return {
        "version": "1.0",
        "timestamp": "2026-03-01T12:06:00.000Z",
        "requestContext": {
            "requestId": "1",
            "functionArn": "arn:aws:lambda:us-east-1:111122223333:function:handler:$LATEST",
            "condition": condition,
            "approximateInvokeCount": 3,
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "denied", "errorType": "ClientError"},
    }


def answer_message(result: dict[str, Any]) -> dict[str, Any]:
    """The call for an answer, with what the last step returned or was caught with."""
    return {"Version": VERSION, "Phase": "Answer", "Request": event(), "Result": result}
