"""What must hold on every day, good or bad; checked where it happens, so that the story ends where it went wrong.

The numbers are those of docs/simulation.md.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from audience_export_handler import naming
from local_cloud.clean_rooms_ml import ACTIVE_EXPORTS_OF_A_JOB, PENDING_EXPORTS_OF_AN_ACCOUNT, Export
from tests.fakes.state_machine import Execution
from tests.simulation.clean_rooms import JOBS, SIZES
from tests.simulation.request import Request
from tests.simulation.timeline import BEGIN

if TYPE_CHECKING:
    from tests.simulation.lambda_function import Invocation
    from tests.simulation.world import World

ATTRIBUTES = {"Name", "Status", "OutputLocation", "CreateTime", "AudienceGenerationJobArn"}
_TRANSIENT = re.compile(r"(Throttling|Internal|AccessDenied|ReadTimeout|ConnectionClosed)\w*: ")
_REASON = re.compile(r"[A-Za-z_.]+: \S")
_QUOTA = "ServiceQuotaExceededException"
# What the service itself can mean, or the time-out that was asked for.
_ON_A_CALM_DAY = {
    _QUOTA,
    "CREATE_FAILED",
    "ConflictException",
    "DeadlineExceeded",
    "ResourceNotFoundException",
    "ValidationException",
}
_ROLLING_BACK_OR_ENDING = re.compile(r".*ROLLBACK_IN_PROGRESS|DELETE_IN_PROGRESS|.*CLEANUP_IN_PROGRESS")


class Watch:
    """Sees all that happens in one world.

    `started_by` tells for each export, by number, which request started it; a tenant's has none.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.violations: list[tuple[int, str]] = []
        self.started_by: dict[int, Request] = {}
        self._ids: dict[tuple[Any, ...], str] = {}
        self._owners: dict[str, tuple[Any, ...]] = {}
        self._latest: dict[tuple[str, str], Request] = {}
        self.succeeded = self.failed = 0

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
            request.goes_out(now)
        if operation == "ListAudienceExportJobs":
            request.last_look_failed = bool(fault)
        if operation == "DescribeStacks":
            request.last_ask_failed = bool(fault)
        if operation == "StartAudienceExportJob" and status == 402 and request.queued_since is None:
            request.queued_since = now

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
            is_older = execution.started_at < self._time(request.sent_at - 5)
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
        if request.type == "Delete":
            self._check_delete(request, body)
        elif body["Status"] == "SUCCESS":
            self.succeeded += 1
            self._check_success(request, body)
        else:
            self.failed += 1
            self._check_failure(request, body)
        request.settled.set(body)

    def gave_up(self, request: Request) -> None:
        """CloudFormation has waited long enough."""
        self._world.tell("{} is given up", request)
        if not request.was_out_at_the_end():
            self._world.goes_wrong(3, "{} is not answered in time", request)

    def stuck(self, request: Request, body: dict[str, Any] | None) -> None:
        """A reversed Update has failed, so the stack is stuck."""
        if request.was_out_at_the_end() or request.last_look_failed or request.last_ask_failed:
            return
        self._world.goes_wrong(5, "the rollback is stuck at {}: {}", request, body and body["Reason"])

    # The rules of one answer

    def _check_delete(self, request: Request, body: dict[str, Any]) -> None:
        if body["Status"] != "SUCCESS" or body["PhysicalResourceId"] != request.event["PhysicalResourceId"]:
            self._world.goes_wrong(6, "{} is answered {}", request, body)

    def _check_id(self, request: Request, answered: str) -> None:
        """One id for one generation job and name, on every path."""
        owner = (
            (*request.identity[:2], *request.identity[2:])
            if not request.properties.get("Name")
            else (
                request.properties["AudienceGenerationJobArn"],
                request.properties["Name"],
            )
        )
        if self._ids.setdefault(owner, answered) != answered:
            self._world.goes_wrong(6, "{} has the physical id {}, and had {}", request, answered, self._ids[owner])
        if self._owners.setdefault(answered, owner) != owner:
            self._world.goes_wrong(6, "{} has the physical id of {}", request, self._owners[answered])

    def _check_success(self, request: Request, body: dict[str, Any]) -> None:
        world = self._world
        self._check_id(request, body["PhysicalResourceId"])
        if "Nmae" in request.properties or request.properties["AudienceSize"]["Value"] == "101":
            world.goes_wrong(2, "{} succeeds with properties that nobody knows", request)
        if set(body["Data"]) != ATTRIBUTES:
            world.goes_wrong(2, "{} succeeds with the attributes {}", request, sorted(body["Data"]))
            return
        export = self._export_of(body["Data"])
        if export is None:
            world.goes_wrong(2, "{} succeeds with an export that does not exist: {}", request, body["Data"])
            return
        self._check_export(request, export, body["Data"])
        self._check_owner(request, export)

    def _export_of(self, data: dict[str, str]) -> Export | None:
        created = datetime.fromisoformat(data["CreateTime"])
        for export in self._world.account.exports:
            same = (export.name, export.job.arn) == (data["Name"], data["AudienceGenerationJobArn"])
            if same and abs(export.created - created) < timedelta(milliseconds=2):
                return export
        return None

    def _check_export(self, request: Request, export: Export, data: dict[str, str]) -> None:
        """Of exactly the requested identity, and as far as the request wants it."""
        world, wanted = self._world, request.properties
        size = (wanted["AudienceSize"]["Type"], int(wanted["AudienceSize"]["Value"]))
        if size != (export.size["type"], export.size["value"]) or export.job.arn != wanted["AudienceGenerationJobArn"]:
            world.goes_wrong(2, "{} succeeds with an export of another job or size", request)
        if request.is_rollback:
            return
        status = world.account.status_of(export)
        if request.waits and (data["Status"], status) != ("ACTIVE", "ACTIVE"):
            world.goes_wrong(2, "{} succeeds, its export is {}", request, status)
        if data["Status"] == "CREATE_FAILED":
            world.goes_wrong(2, "{} succeeds with a failed export", request)
        if request.waits and not data["OutputLocation"].startswith("s3://"):
            world.goes_wrong(2, "{} succeeds without the output location", request)

    def _check_owner(self, request: Request, export: Export) -> None:
        """Whose export it is: its own, or one that the request may take."""
        owner = self.started_by.get(export.number)
        if request.properties.get("Name") is None:
            if not request.is_rollback and (owner is None or owner.identity != request.identity):
                self._world.goes_wrong(2, "{} succeeds with export {}, which {} started", request, export.number, owner)
            return
        if export.name != request.properties["Name"]:
            self._world.goes_wrong(2, "{} succeeds with an export of the name {}", request, export.name)
        is_held = request.event.get("PhysicalResourceId") == naming.physical_id(export.job.arn, export.name)
        if owner is not request and not (request.adopts or is_held or request.is_rollback):
            self._world.goes_wrong(
                4, "{} adopts export {}, which {} started", request, export.number, owner or "another"
            )

    def _check_failure(self, request: Request, body: dict[str, Any]) -> None:
        world, reason, now = self._world, body["Reason"], self._world.timeline.now
        if request.type == "Create":
            self._check_id(request, body["PhysicalResourceId"])
        elif body["PhysicalResourceId"] != request.event["PhysicalResourceId"]:
            world.goes_wrong(6, "{} fails with another physical id, {}", request, body["PhysicalResourceId"])
        if not _REASON.match(reason):
            world.goes_wrong(3, "{} fails for a reason without a code: {}", request, reason)
        code = reason.partition(":")[0]
        if world.weather.is_calm and code not in _ON_A_CALM_DAY:
            world.goes_wrong(3, "{} fails on a calm day: {}", request, reason)
        is_early = now < request.settle_by - 30
        if is_early and _TRANSIENT.match(reason) and not reason.startswith("AccessDenied"):
            world.goes_wrong(3, "{} fails for what passes by: {}", request, reason)
        if reason.startswith("AccessDenied") and now - request.stack.created_at < world.iam_delay:
            world.goes_wrong(3, "{} fails for permissions that are not known yet: {}", request, reason)
        if reason.startswith(_QUOTA):
            self._check_quota(request, is_early=is_early)
        if reason.startswith("DeadlineExceeded"):
            self._check_deadline(request)
        if not is_early:
            return
        if reason.startswith("ConflictException"):
            self._check_conflict(request)

    def _check_quota(self, request: Request, *, is_early: bool) -> None:
        """A full account is waited out; a used-up generation job is not."""
        world = self._world
        job = request.properties["AudienceGenerationJobArn"]
        of_job = [export for export in world.account.exports if export.job.arn == job]
        if is_early and len(of_job) < ACTIVE_EXPORTS_OF_A_JOB:
            world.goes_wrong(7, "{} does not wait for its turn", request)
        if is_early or request.queued_since is None:
            return
        begin = max(request.queued_since, request.last_trouble_at)
        if self._longest_free(begin, request.settle_by) > 60:
            missed = "has no turn" if len(of_job) < ACTIVE_EXPORTS_OF_A_JOB else "waits for a turn that cannot come"
            world.goes_wrong(7, "{} {}, though slots were free for a minute", request, missed)

    def _longest_free(self, begin: float, end: float) -> float:
        """Seconds for which the account had slots free without a break."""
        world, longest, free_since = self._world, 0.0, None
        spans = [
            (self._seconds(one.created), self._seconds(world.account.ended_at(one))) for one in world.account.exports
        ]
        for moment in sorted({begin, end, *(time for span in spans for time in span if begin < time < end)}):
            running = sum(created <= moment < ended for created, ended in spans)
            if running < PENDING_EXPORTS_OF_AN_ACCOUNT and free_since is None:
                free_since = moment
            if free_since is not None:
                longest = max(longest, moment - free_since)
            if running >= PENDING_EXPORTS_OF_AN_ACCOUNT:
                free_since = None
        return longest

    def _check_deadline(self, request: Request) -> None:
        """An export that has ended is not waited for."""
        for number, owner in self.started_by.items():
            if owner is request:
                ended = self._seconds(self._world.account.ended_at(self._world.account.exports[number - 1]))
                quiet = max(ended, request.last_trouble_at, *(span[1] for span in request.outages), 0.0)
                if quiet < request.settle_by - 130:
                    self._world.goes_wrong(3, "{} waits on after its export {} has ended", request, number)

    def _check_conflict(self, request: Request) -> None:
        """A conflict has a holder: an export of that name that is not the request's own."""
        name, size = request.properties.get("Name"), request.properties["AudienceSize"]
        if size["Value"] not in SIZES or request.properties["AudienceGenerationJobArn"] not in JOBS:
            return  # The service may call these a conflict, too.
        if name is None:
            self._world.goes_wrong(4, "{} is told of a conflict about a generated name", request)
        holders = [one for one in self._world.account.exports if one.name == name]
        if all(self.started_by.get(one.number) is request for one in holders):
            self._world.goes_wrong(4, "{} is told of a conflict, and nobody else has the name", request)
        if request.adopts and any(self._could_be_adopted(one, request) for one in holders):
            self._world.goes_wrong(4, "{} is told of a conflict with an export that it adopts", request)

    def _could_be_adopted(self, export: Export, request: Request) -> bool:
        """Whether an export that is there for as long as the request is the one to adopt, and no other has its name."""
        wanted, size = request.properties, request.properties["AudienceSize"]
        return (
            export.job.arn == wanted["AudienceGenerationJobArn"]
            and export.size == {"type": size["Type"], "value": int(size["Value"])}
            and self._seconds(export.created) < request.sent_at - 30
            and self._world.account.status_of(export) != "CREATE_FAILED"
        )

    def _time(self, seconds: float) -> datetime:
        return BEGIN + timedelta(seconds=seconds)

    def _seconds(self, time: datetime) -> float:
        return (time - BEGIN).total_seconds() - self._world.skews["rooms"]


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
