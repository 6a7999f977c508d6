"""Sees all that happens in a world and applies the rules there, so that the story ends where something went wrong."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cdk_cleanroomsml_local.clean_rooms_ml import Export
from tests.fakes.state_machine import Execution
from tests.simulation import bounds, facts
from tests.simulation.model.request import Request
from tests.simulation.model.stack_status import Status
from tests.simulation.model.timeline import BEGINNING
from tests.simulation.rules.answer_rules import AnswerRules
from tests.simulation.rules.event_rules import EventRules
from tests.simulation.rules.invariant import Invariant
from tests.simulation.rules.return_rules import ReturnRules

if TYPE_CHECKING:
    from tests.simulation.model.lambda_function import Invocation
    from tests.simulation.model.world import World

# Errors with which the handler makes Lambda or Step Functions try again.
_MAY_BE_RAISED = {"AcceptanceUnknown", "AnswerNotDelivered", "ClientError", "ReadTimeoutError", "ConnectionClosedError"}
_ROLLING_BACK_OR_ENDING = re.compile(r".*ROLLBACK_IN_PROGRESS|DELETE_IN_PROGRESS|.*CLEANUP_IN_PROGRESS")


class Watch:
    """Sees all that happens in one world.

    `started_by` has, for the number of each export, the request that started it; exports of tenants are not in it.
    `returns` are the rules of updates that go back, `events` those of ends that are published.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.violations: list[tuple[Invariant, str]] = []
        self.started_by: dict[int, Request] = {}
        self._rules = AnswerRules(world, self.started_by)
        self.returns = ReturnRules(world, self.started_by)
        self.events = EventRules(world, self.started_by)
        self.succeeded = 0

    # What the handler does

    def started(self, invocation: Invocation, export: Export) -> None:
        """An export was started."""
        world, request = self._world, invocation.request
        self.started_by[export.number] = request
        world.tell("EXPORT {} starts as {} {} for {}", export.number, export.name, export.size["value"], request)
        for earlier in world.account.exports[:-1]:
            owner = self.started_by.get(earlier.number)
            if owner and owner.identity == request.identity and world.account.status_of(earlier) != "CREATE_FAILED":
                world.goes_wrong(
                    Invariant.ONE_EXPORT, "{} starts a second export, beside number {}", request, earlier.number
                )
        if request.type == "Delete" or request.keeps_its_export:
            world.goes_wrong(Invariant.ONE_EXPORT, "{} requests no new export, and starts one", request)
        wanted = request.properties
        size = {"type": wanted["AudienceSize"]["Type"], "value": int(wanted["AudienceSize"]["Value"])}
        if (export.job.arn, export.size) != (wanted["AudienceGenerationJobArn"], size):
            world.goes_wrong(Invariant.RIGHT_EXPORT, "{} starts an export of another job or size", request)
        if export.name != wanted.get("Name", export.name):
            world.goes_wrong(Invariant.RIGHT_EXPORT, "{} starts an export under another name", request)
        if not invocation.saw_forward:
            world.goes_wrong(
                Invariant.STACK_DECIDES, "{} starts an export without having seen its stack create or update", request
            )
        if world.timeline.now > request.gives_up_at:
            world.goes_wrong(Invariant.ONE_ANSWER, "{} starts an export that nobody waits for any more", request)

    def asked(self, invocation: Invocation, shown: Status) -> None:
        """The handler read the stack's status; this is what it was shown."""
        request = invocation.request
        invocation.saw_forward = shown.is_forward_in(request.operation)
        request.last_ask_was_stale = not request.stack.shown.is_latest(shown)
        invocation.had_fault = invocation.had_fault or request.last_ask_was_stale

    def called(self, invocation: Invocation, operation: str, fault: str | None, status: int | None) -> None:
        """A call was made, and may have failed."""
        request, now = invocation.request, self._world.timeline.now
        if fault or (status and status >= facts.FIRST_ERROR_STATUS and status != facts.QUOTA_STATUS):
            request.last_fault_at = now
        if fault:
            request.last_weather_at = now
        if operation == "GetAudienceGenerationJob":
            request.job_unread_since = (request.job_unread_since or now) if fault else None
        if operation == "StartExecution" and fault:
            request.goes_out(now, in_delivery=True)
        if operation == "ListAudienceExportJobs":
            request.last_listing_failed = bool(fault)
            request.last_listing_at = now
        if operation == "DescribeStacks":
            request.last_ask_failed = bool(fault)
        if operation in ("ListExecutions", "StopExecution"):
            request.last_stop_failed = bool(fault)
        if operation != "StartAudienceExportJob":
            return
        request.was_accepted = request.was_accepted or (fault is None and status == facts.OK_STATUS)
        if status == facts.QUOTA_STATUS and request.queued_since is None:
            request.queued_since = now
        if fault not in (None, *facts.WITHOUT_EFFECT) or (status and status < facts.FIRST_ERROR_STATUS):
            request.may_have_started(now + bounds.START_UNDER_WAY)

    def stepped(self, request: Request, message: dict[str, Any]) -> None:
        """The state machine calls the handler for a step."""
        now = self._world.timeline.now
        request.begins_step(now)
        if message["RetryCount"] and (message["Progress"] or {}).get("Attempt"):
            request.may_have_started(now + bounds.START_UNDER_WAY_IN_STEP)

    def stopped(self, execution: Execution, by: Invocation) -> None:
        """An execution is stopped by an invocation."""
        world = self._world
        target = world.request_of(execution.input["Request"])
        if execution.status == "RUNNING":
            world.tell("{} stops the execution of {}", by.request, target)
        if target.sent_at >= by.request.sent_at:
            world.goes_wrong(Invariant.ONE_EXPORT, "{} stops the newer {}", by.request, target)
        if _resource(target) != _resource(by.request):
            world.goes_wrong(Invariant.ONE_EXPORT, "{} stops {}, which is of another resource", by.request, target)

    def handler_raised(self, request: Request, error: Exception) -> None:
        """The handler raised an error, so that Lambda or Step Functions tries again."""
        if not {kind.__name__ for kind in type(error).__mro__} & _MAY_BE_RAISED:
            self._world.goes_wrong(Invariant.ONE_ANSWER, "the handler breaks at {}: {!r}", request, error)

    def returned(self, invocation: Invocation, result: Any) -> None:
        """An invocation returned."""
        request, world = invocation.request, self._world
        if "X-Amz-Signature" in json.dumps(result):
            world.goes_wrong(Invariant.SECRETS, "a step returns a ResponseURL")
        if invocation.had_fault or not _is_stopping(invocation):
            return
        machine = request.stack.executions
        for execution in machine.running():
            other = world.request_of(execution.input["Request"])
            is_older = execution.started_at < BEGINNING + timedelta(seconds=request.sent_at - bounds.SURELY_OLDER)
            if is_older and execution.name not in machine.listed_from and _resource(other) == _resource(request):
                world.goes_wrong(Invariant.DELETES_AND_IDS, "{} leaves {} running", request, other)

    # What CloudFormation sees

    def answered(self, request: Request, data: bytes) -> None:
        """The body of an answer arrived."""
        world, body = self._world, json.loads(data)
        event = request.event
        world.tell("ANSWER to {}: {} {} {}", request, body["Status"], body["PhysicalResourceId"], body["Reason"])
        ids = all(body.get(key) == event[key] for key in ("StackId", "RequestId", "LogicalResourceId"))
        physical_id = body["PhysicalResourceId"]
        if len(data) > facts.ANSWER_BYTES or not ids or not _is_id(physical_id):
            world.goes_wrong(Invariant.ONE_ANSWER, "CloudFormation cannot read the answer to {}: {}", request, data)
        if request.bodies and request.bodies[-1] != body:
            world.goes_wrong(Invariant.ONE_ANSWER, "{} has two verdicts", request)
        request.answered_at = request.answered_at or world.timeline.now
        request.bodies.append(body)
        if len(request.bodies) > 1 or request.abandoned_at is not None:
            return
        self.succeeded += request.type != "Delete" and body["Status"] == "SUCCESS"
        self._rules.check(request, body)
        request.settled.set(body)

    def gave_up(self, request: Request) -> None:
        """CloudFormation stopped waiting at its time-out."""
        self._world.tell("{} is given up", request)
        if not request.was_out_at_the_end():
            self._world.goes_wrong(Invariant.ONE_ANSWER, "{} is not answered in time", request)


def _resource(request: Request) -> tuple[str, str]:
    return request.stack.id, request.event["LogicalResourceId"]


def _is_id(physical_id: str) -> bool:
    return physical_id.isascii() and physical_id.isprintable() and 1 <= len(physical_id) <= facts.PHYSICAL_ID_BYTES


def _is_stopping(invocation: Invocation) -> bool:
    """Whether the invocation is one that stops older executions: a Delete, or the first step of another request."""
    request = invocation.request
    if request.type == "Delete":
        return (
            bool(_ROLLING_BACK_OR_ENDING.fullmatch(request.stack.status))
            and request.operation is request.stack.operation
        )
    return invocation.message.get("Phase") == "Step" and invocation.message["Progress"] is None
