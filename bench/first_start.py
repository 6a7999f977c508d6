"""A fresh process up to its first StartAudienceExportJob: run as a program with the name of what starts it.

The time counts from the first line. The calls of AWS are answered by a hook of botocore, before a socket, and the first
start ends the process. It prints the seconds, those of computing, and the most memory that it had in kilobytes.
"""

import time

_BEGAN, _COMPUTED = time.perf_counter(), time.process_time()

import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from types import SimpleNamespace  # noqa: E402
from typing import Any  # noqa: E402

_JOB = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/11111111-2222-4333-8444-555555555555"
_MACHINE = "arn:aws:states:us-east-1:111122223333:stateMachine:exports"
_EVENT = {
    "RequestType": "Create",
    "ResponseURL": "https://127.0.0.1:1/",
    "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/Campaigns/0c4d7c40",
    "RequestId": "request-1",
    "ResourceType": "Custom::AudienceExport",
    "LogicalResourceId": "Spring",
}
_OF_PEERS = {"AudienceGenerationJobArn": _JOB, "Name": "spring", "SizeType": "PERCENTAGE", "SizeValue": "10"}
_OF_PROJECT = {
    "AudienceGenerationJobArn": _JOB,
    "AudienceSize": {"Type": "PERCENTAGE", "Value": "10"},
    "Name": "spring",
    "StateMachineArn": _MACHINE,
}
_CONTEXT = SimpleNamespace(aws_request_id="1", function_name="f", get_remaining_time_in_millis=lambda: 60_000)
_STEPS = 5


def answer_calls() -> None:
    """Answer the calls of all clients that are made from now on."""
    import boto3  # noqa: PLC0415 - the import is what is measured

    boto3.setup_default_session()
    assert boto3.DEFAULT_SESSION
    boto3.DEFAULT_SESSION.events.register("before-call", _answer)  # type: ignore[arg-type] # it may return a response


def _answer(model: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
    if model.name == "StartAudienceExportJob":
        _end()
    responses: dict[str, dict[str, Any]] = {
        "ListAudienceExportJobs": {"audienceExportJobs": []},
        "ListExecutions": {"executions": []},
        "DescribeStacks": {"Stacks": [{"StackName": "s", "StackStatus": "CREATE_IN_PROGRESS"}]},
    }
    return SimpleNamespace(status_code=200), responses[model.name]


def _end() -> None:
    took, computed = time.perf_counter() - _BEGAN, time.process_time() - _COMPUTED
    print(json.dumps([took, computed, _most_memory()]), flush=True)
    os._exit(0)


def _most_memory() -> int:
    """Linux's own count for this program; that of getrusage would include the process that started it."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def floor() -> None:
    """What no handler in Python can do without."""
    answer_calls()
    import boto3  # noqa: PLC0415

    boto3.client("cleanroomsml").start_audience_export_job(
        name="spring", audienceGenerationJobArn=_JOB, audienceSize={"type": "PERCENTAGE", "value": 10}
    )


def project() -> None:
    """The handler, from its first step on: it lists executions and exports, reads the stack, and sends the start."""
    answer_calls()
    from audience_export_handler.lifecycle import handler  # noqa: PLC0415

    progress = None
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for _ in range(_STEPS):
        step = {"Version": 2, "Phase": "Step", "Request": _EVENT | {"ResourceProperties": _OF_PROJECT}}
        result: Any = handler(step | {"Progress": progress, "StartedAt": now, "RetryCount": 0}, _CONTEXT)
        progress = result["Progress"]


def provider() -> None:
    """The user's function behind Provider; its framework is JavaScript, and not part of it."""
    answer_calls()
    import peer_provider  # noqa: PLC0415

    peer_provider.on_event(_EVENT | {"ResourceProperties": _OF_PEERS}, _CONTEXT)


def crhelper() -> None:
    """The function with crhelper, which makes three clients itself."""
    answer_calls()
    import peer_crhelper  # noqa: PLC0415

    peer_crhelper.handler(_EVENT | {"ResourceProperties": _OF_PEERS}, _CONTEXT)


def cfn_handler() -> None:
    """The function with cfn-handler."""
    answer_calls()
    import peer_cfn_handler  # noqa: PLC0415

    peer_cfn_handler.handler(_EVENT | {"ResourceProperties": _OF_PEERS}, _CONTEXT)


PROGRAMS = {one.__name__: one for one in (floor, project, provider, crhelper, cfn_handler)}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]]()
    sys.exit("no start was sent")
