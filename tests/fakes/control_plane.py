"""The calls that the handler makes outside Clean Rooms ML: those of Step Functions and of CloudFormation."""

import json
import threading
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.state_machine import Execution, StateMachine

_STACK = """<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult>
<Stacks><member><StackName>s</StackName><CreationTime>2026-03-01T00:00:00Z</CreationTime>{updated}
<StackStatus>{status}</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
_RESOURCE = """<DescribeStackResourceResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
<DescribeStackResourceResult><StackResourceDetail><LogicalResourceId>{logical_id}</LogicalResourceId>
<PhysicalResourceId>{physical_id}</PhysicalResourceId><ResourceType>Custom::C</ResourceType>
<LastUpdatedTimestamp>2026-03-01T00:00:00Z</LastUpdatedTimestamp><ResourceStatus>{status}</ResourceStatus>
</StackResourceDetail></DescribeStackResourceResult></DescribeStackResourceResponse>"""
_UNKNOWN = """<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
<Code>ValidationError</Code><Message>Resource does not exist for stack</Message></Error></ErrorResponse>"""
_DENIED = """<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>not allowed</Message></Error></ErrorResponse>"""


# How the ARN of the follower ends.
FOLLOWER_NAME = ":follower"


class ControlPlane:
    """`stack_status` None is a stack that cannot be read; `errors` are those of the next calls of an operation.

    `resources` has, for the logical id of a resource that exists, its physical id and its status; those of None cannot
    be read. `follower` is the machine that follows exports after the answer.
    `page_size` is that of ListExecutions: small, so that few executions have several pages.
    """

    machine: StateMachine
    follower: StateMachine

    def __init__(self) -> None:
        self.stack_status: str | None = "CREATE_IN_PROGRESS"
        self.stack_updated: datetime | None = None
        self.resources: dict[str, tuple[str, str]] | None = {}
        self.errors: dict[str, list[tuple[int, str]]] = {}
        self.calls: list[str] = []
        self.page_size = 7
        self._one_by_one = threading.Lock()

    def respond(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        with self._one_by_one:
            return self._respond(headers, body)

    def _respond(self, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if "x-amz-target" in headers:
            return self._of_step_functions(headers["x-amz-target"], json.loads(body))
        query = parse_qs(body.decode())
        self.calls.append(query["Action"][0])
        if query["Action"] == ["DescribeStackResource"]:
            return self._describe_resource(query["LogicalResourceId"][0])
        assert query["Action"] == ["DescribeStacks"], query
        if self.stack_status is None:
            return 403, _DENIED.encode()
        updated = f"<LastUpdatedTime>{self.stack_updated.isoformat()}</LastUpdatedTime>" if self.stack_updated else ""
        return 200, _STACK.format(status=self.stack_status, updated=updated).encode()

    def _describe_resource(self, logical_id: str) -> tuple[int, bytes]:
        if self.resources is None:
            return 403, _DENIED.encode()
        if logical_id not in self.resources:
            return 400, _UNKNOWN.encode()
        physical_id, status = self.resources[logical_id]
        return 200, _RESOURCE.format(logical_id=logical_id, physical_id=physical_id, status=status).encode()

    def _of_step_functions(self, target: str, request: dict[str, Any]) -> tuple[int, bytes]:
        operation = target.removeprefix("AWSStepFunctions.")
        known = {
            "StartExecution": self._start_execution,
            "ListExecutions": self._list_executions,
            "StopExecution": self._stop_execution,
        }
        self.calls.append(operation)
        if self.errors.get(operation):
            status, code = self.errors[operation].pop(0)
            return _error(status, code, "as the test requires")
        return known[operation](request)

    def _start_execution(self, request: dict[str, Any]) -> tuple[int, bytes]:
        execution_input = json.loads(request["input"])
        existing = self.machine.executions.get(request["name"])
        if existing and (existing.status != "RUNNING" or existing.input != execution_input):
            return _error(400, "ExecutionAlreadyExists", "taken")
        started = existing or self.machine.start(request["name"], execution_input)
        return _ok({"executionArn": _arn(started), "startDate": started.started_at.timestamp()})

    def _list_executions(self, request: dict[str, Any]) -> tuple[int, bytes]:
        """All of them, newest first, in pages."""
        assert request["maxResults"] == 1000, "the largest page that there is, so that few calls are made"
        machine = self.follower if request["stateMachineArn"].endswith(FOLLOWER_NAME) else self.machine
        newest_first = sorted(machine.listed(), key=lambda one: one.started_at, reverse=True)
        first = int(request.get("nextToken", "0"))
        page = {"executions": [_item(one) for one in newest_first[first : first + self.page_size]]}
        return _ok(
            page | ({"nextToken": str(first + self.page_size)} if first + self.page_size < len(newest_first) else {})
        )

    def _stop_execution(self, request: dict[str, Any]) -> tuple[int, bytes]:
        name = request["executionArn"].rpartition(":")[2]
        machine = self.machine if name in self.machine.executions else self.follower
        execution = machine.executions[name]
        machine.stop(execution)
        assert execution.stopped_at is not None
        return _ok({"stopDate": execution.stopped_at.timestamp()})


def _arn(execution: Execution) -> str:
    return f"arn:aws:states:us-east-1:111122223333:execution:exports:{execution.name}"


def _item(execution: Execution) -> dict[str, Any]:
    item = {
        "executionArn": _arn(execution),
        "stateMachineArn": "arn:aws:states:us-east-1:111122223333:stateMachine:exports",
        "name": execution.name,
        "status": execution.status,
        "startDate": execution.started_at.timestamp(),
    }
    return item | ({"stopDate": execution.stopped_at.timestamp()} if execution.stopped_at else {})


def _ok(answer: dict[str, Any]) -> tuple[int, bytes]:
    return 200, json.dumps(answer).encode()


def _error(status: int, code: str, message: str) -> tuple[int, bytes]:
    return status, json.dumps({"__type": code, "message": message}).encode()
