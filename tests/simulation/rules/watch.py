"""What must hold on every day, good or bad; checked where it happens, so that the story ends where it went wrong.

The numbers are those of docs/simulation.md.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from local_cloud.clean_rooms_ml import Export
from tests.fakes.state_machine import Execution
from tests.simulation.model.request import Request
from tests.simulation.model.timeline import BEGIN
from tests.simulation.rules.answer_rules import AnswerRules

if TYPE_CHECKING:
    from tests.simulation.model.lambda_function import Invocation
    from tests.simulation.model.world import World

# Seconds within which a start is listed that took effect: the lag and clocks that differ (docs/simulation.md), and the
# call itself; for a step that came again, the function's time-out and what is left of the step.
_LISTED_WITHIN, _LISTED_WITHIN_A_STEP = 15 + 10 + 12, 75 + 10 + 12
# Seconds by which an execution is older on every clock: 5 by what the handler reads, 4 by which clocks differ, and the
# second of the signature that is cut.
_SURELY_OLDER = 5 + 4 + 1
_ROLLING_BACK_OR_ENDING = re.compile(r".*ROLLBACK_IN_PROGRESS|DELETE_IN_PROGRESS|.*CLEANUP_IN_PROGRESS")


class Watch:
    """Sees all that happens in one world.

    `started_by` tells for each export, by number, which request started it; a tenant's has none.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.violations: list[tuple[int, str]] = []
        self.started_by: dict[int, Request] = {}
        self._rules = AnswerRules(world, self.started_by)
        self._latest: dict[tuple[str, str], Request] = {}
        self.succeeded = 0

    # What the handler does

    def started(self, invocation: Invocation, export: Export) -> None:
        """An export has come into being."""
        world, request = self._world, invocation.request
        self.started_by[export.number] = request
        world.tell("EXPORT {} starts as {} {} for {}", export.number, export.name, export.size["value"], request)
        for earlier in world.account.exports[:-1]:
            owner = self.started_by.get(earlier.number)
            if owner and owner.identity == request.identity and world.account.status_of(earlier) != "CREATE_FAILED":
                world.goes_wrong(1, "{} starts a second export, beside number {}", request, earlier.number)
        if request.type == "Delete" or request.keeps_its_export:
            world.goes_wrong(1, "{} asks for no new export, and starts one", request)
        wanted = request.properties
        size = {"type": wanted["AudienceSize"]["Type"], "value": int(wanted["AudienceSize"]["Value"])}
        if (export.job.arn, export.size) != (wanted["AudienceGenerationJobArn"], size):
            world.goes_wrong(2, "{} starts an export of another job or size", request)
        if export.name != wanted.get("Name", export.name):
            world.goes_wrong(2, "{} starts an export under another name", request)
        if not invocation.asked_forward:
            world.goes_wrong(5, "{} starts an export without asking a stack that goes forward for it", request)
        if world.timeline.now > request.gives_up_at:
            world.goes_wrong(3, "{} starts an export that nobody waits for any more", request)

    def asked(self, invocation: Invocation) -> None:
        """The handler was told the stack's status."""
        request = invocation.request
        invocation.asked_forward = request.stack.goes_forward and request.stack.operation is request.operation

    def called(self, invocation: Invocation, operation: str, fault: str | None, status: int | None) -> None:
        """A call was made, for better or worse."""
        request, now = invocation.request, self._world.timeline.now
        if fault or (status and status >= 400 and status != 402):
            request.last_trouble_at = now
        if operation == "StartExecution" and fault:
            request.goes_out(now, in_delivery=True)
        if operation == "ListAudienceExportJobs":
            request.last_look_failed = bool(fault)
        if operation == "DescribeStacks":
            request.last_ask_failed = bool(fault)
        if operation != "StartAudienceExportJob":
            return
        if status == 402 and request.queued_since is None:
            request.queued_since = now
        if fault not in (None, "throttled", "denied") or status == 200:
            request.may_have_started(now + _LISTED_WITHIN)

    def stepped(self, request: Request, message: dict[str, Any]) -> None:
        """The state machine calls the handler for a step."""
        now = self._world.timeline.now
        request.begins_step(now)
        if message["RetryCount"] and (message["Progress"] or {}).get("Attempt"):
            request.may_have_started(now + _LISTED_WITHIN_A_STEP)

    def stopped(self, execution: Execution, by: Invocation) -> None:
        """An execution is stopped by an invocation."""
        world = self._world
        target = world.request_of(execution.input["Request"])
        if execution.status == "RUNNING":
            world.tell("{} stops the execution of {}", by.request, target)
        if target.sent_at >= by.request.sent_at:
            world.goes_wrong(1, "{} stops the newer {}", by.request, target)
        if _resource(target) != _resource(by.request):
            world.goes_wrong(1, "{} stops {}, which is of another resource", by.request, target)

    def handler_raised(self, request: Request, error: Exception) -> None:
        """An error that leaves the handler, for Lambda or Step Functions to try again."""
        if type(error).__name__ not in (
            "AnswerNotDelivered",
            "ClientError",
            "ReadTimeoutError",
            "ConnectionClosedError",
        ):
            self._world.goes_wrong(3, "the handler breaks at {}: {!r}", request, error)

    def returned(self, invocation: Invocation, result: Any) -> None:
        """An invocation has come to its end by itself."""
        request, world = invocation.request, self._world
        if "X-Amz-Signature" in json.dumps(result):
            world.goes_wrong(8, "a step returns a ResponseURL")
        if invocation.had_fault or not _is_stopping(invocation):
            return
        machine = request.stack.control.machine
        for execution in machine.running():
            other = world.request_of(execution.input["Request"])
            is_older = execution.started_at < BEGIN + timedelta(seconds=request.sent_at - _SURELY_OLDER)
            if is_older and execution.name not in machine.listed_from and _resource(other) == _resource(request):
                world.goes_wrong(6, "{} leaves {} running", request, other)

    # What CloudFormation sees

    def sent(self, request: Request) -> None:
        self._latest[_resource(request)] = request

    def answered(self, request: Request, data: bytes) -> None:
        """A body has arrived."""
        world, body = self._world, json.loads(data)
        event = request.event
        world.tell("ANSWER to {}: {} {} {}", request, body["Status"], body["PhysicalResourceId"], body["Reason"])
        ids = all(body.get(key) == event[key] for key in ("StackId", "RequestId", "LogicalResourceId"))
        physical_id = body["PhysicalResourceId"]
        if len(data) > 4096 or not ids or not 1 <= len(physical_id.encode()) <= 1024:
            world.goes_wrong(3, "CloudFormation cannot read the answer to {}: {}", request, data)
        if request.bodies and request.bodies[-1] != body:
            world.goes_wrong(3, "{} has two verdicts", request)
        request.bodies.append(body)
        if len(request.bodies) > 1 or request.abandoned_at is not None:
            return
        self.succeeded += request.type != "Delete" and body["Status"] == "SUCCESS"
        self._rules.check(request, body)
        request.settled.set(body)

    def gave_up(self, request: Request) -> None:
        """CloudFormation has waited long enough."""
        self._world.tell("{} is given up", request)
        if not request.was_out_at_the_end():
            self._world.goes_wrong(3, "{} is not answered in time", request)

    def stuck(self, request: Request, body: dict[str, Any] | None) -> None:
        """A reversed Update has failed, so the stack is stuck."""
        if not self._could_not_look(request, body):
            self._world.goes_wrong(5, "the rollback is stuck at {}: {}", request, body and body["Reason"])

    def kept_from_its_export(self, request: Request, body: dict[str, Any]) -> None:
        """An Update that goes forward to what the resource holds has failed: it may for what became of the export."""
        may_fail = _code(body) in ("CREATE_FAILED", "DeadlineExceeded") or not self._has_living_export(request)
        if not may_fail and not self._could_not_look(request, body):
            self._world.goes_wrong(5, "{} cannot go back to its own export: {}", request, body["Reason"])

    def _has_living_export(self, request: Request) -> bool:
        """Whether an export of the request's identity is there that has not failed."""
        wanted, size = request.properties, request.properties["AudienceSize"]
        name, key = wanted.get("Name"), (wanted["AudienceGenerationJobArn"], size["Type"], int(size["Value"]))
        for export in self._world.account.exports:
            owner = self.started_by.get(export.number)
            is_its = export.name == name if name else owner is not None and owner.identity == request.identity
            is_its = is_its and (export.job.arn, export.size["type"], export.size["value"]) == key
            if is_its and self._world.account.status_of(export) != "CREATE_FAILED":
                return True
        return False

    def _could_not_look(self, request: Request, body: dict[str, Any] | None) -> bool:
        """Whether the exports or the stack could not be read at the last look, or not to the last page."""
        has_failed = request.last_look_failed or request.last_ask_failed or _code(body) == "ListingTooSlow"
        return has_failed or request.was_out_at_the_end()


def _code(body: dict[str, Any] | None) -> str:
    return body["Reason"].partition(":")[0] if body else ""


def _resource(request: Request) -> tuple[str, str]:
    return request.stack.id, request.event["LogicalResourceId"]


def _is_stopping(invocation: Invocation) -> bool:
    """Whether the invocation is one that ends older executions: a Delete, or the first step of another request."""
    request = invocation.request
    if request.type == "Delete":
        return (
            bool(_ROLLING_BACK_OR_ENDING.fullmatch(request.stack.status))
            and request.operation is request.stack.operation
        )
    return invocation.message.get("Phase") == "Step" and invocation.message["Progress"] is None
