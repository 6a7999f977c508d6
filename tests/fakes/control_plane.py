"""The two calls that the handler makes outside Clean Rooms ML: StartExecution, and DescribeStacks."""

import json
from urllib.parse import parse_qs

_STACK = """<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult>
<Stacks><member><StackName>s</StackName><CreationTime>2026-03-01T00:00:00Z</CreationTime>
<StackStatus>{status}</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
_DENIED = """<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
<Code>AccessDenied</Code><Message>not allowed</Message></Error></ErrorResponse>"""


class ControlPlane:
    """`stack_status` None is a stack that cannot be read; `start_errors` are those of the next StartExecutions."""

    def __init__(self) -> None:
        self.stack_status: str | None = "CREATE_IN_PROGRESS"
        self.start_errors: list[tuple[int, str]] = []
        self.executions: dict[str, dict] = {}
        self.calls: list[str] = []

    def respond(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if "x-amz-target" in headers:
            return self._start_execution(headers["x-amz-target"], json.loads(body))
        query = parse_qs(body.decode())
        self.calls.append(query["Action"][0])
        assert query["Action"] == ["DescribeStacks"], query
        if self.stack_status is None:
            return 403, _DENIED.encode()
        return 200, _STACK.format(status=self.stack_status).encode()

    def _start_execution(self, target: str, request: dict) -> tuple[int, bytes]:
        assert target == "AWSStepFunctions.StartExecution", target
        self.calls.append("StartExecution")
        if self.start_errors:
            status, code = self.start_errors.pop(0)
            return status, json.dumps({"__type": code, "message": "as the test asked"}).encode()
        if request["name"] in self.executions:
            return 400, json.dumps({"__type": "ExecutionAlreadyExists", "message": "taken"}).encode()
        self.executions[request["name"]] = json.loads(request["input"])
        return 200, json.dumps({"executionArn": f"arn:execution:{request['name']}", "startDate": 0}).encode()
