"""What must hold of an answer that CloudFormation waits for: whose export it is, and whether a failure is true."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from audience_export_handler import naming
from local_cloud.clean_rooms_ml import ACTIVE_EXPORTS_OF_A_JOB, PENDING_EXPORTS_OF_AN_ACCOUNT, Export
from tests.simulation.clean_rooms import JOBS, SIZES
from tests.simulation.request import Request
from tests.simulation.timeline import BEGIN

if TYPE_CHECKING:
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


class AnswerRules:
    """The rules of answers in one world; `started_by` tells for each export, by number, which request started it."""

    def __init__(self, world: World, started_by: dict[int, Request]) -> None:
        self._world = world
        self._started_by = started_by
        self._ids: dict[tuple[Any, ...], str] = {}
        self._owners: dict[str, tuple[Any, ...]] = {}

    def check(self, request: Request, body: dict[str, Any]) -> None:
        """Apply those of the request's kind and the answer's status."""
        if request.type == "Delete":
            self._check_delete(request, body)
        elif body["Status"] == "SUCCESS":
            self._check_success(request, body)
        else:
            self._check_failure(request, body)

    def is_alive(self, request: Request) -> bool:
        """Whether an export of the request's identity is there that has not failed."""
        wanted, size = request.properties, request.properties["AudienceSize"]
        name, key = wanted.get("Name"), (wanted["AudienceGenerationJobArn"], size["Type"], int(size["Value"]))
        for export in self._world.account.exports:
            owner = self._started_by.get(export.number)
            is_its = export.name == name if name else owner is not None and owner.identity == request.identity
            is_its = is_its and (export.job.arn, export.size["type"], export.size["value"]) == key
            if is_its and self._world.account.status_of(export) != "CREATE_FAILED":
                return True
        return False

    def _check_delete(self, request: Request, body: dict[str, Any]) -> None:
        if body["Status"] != "SUCCESS" or body["PhysicalResourceId"] != request.event["PhysicalResourceId"]:
            self._world.goes_wrong(6, "{} is answered {}", request, body)

    def _check_id(self, request: Request, answered: str) -> None:
        """One id for one generation job and name, on every path."""
        name = request.properties.get("Name")
        owner = (request.properties["AudienceGenerationJobArn"], name) if name else request.identity
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
        export = self._export_of(request, body["Data"])
        if export is None:
            world.goes_wrong(2, "{} succeeds with an export that does not exist: {}", request, body["Data"])
            return
        self._check_export(request, export, body["Data"])
        self._check_owner(request, export)

    def _export_of(self, request: Request, data: dict[str, str]) -> Export | None:
        """The export that the attributes tell of; of two that are created in the same moment, the one of its size."""
        created, size = datetime.fromisoformat(data["CreateTime"]), request.properties["AudienceSize"]["Value"]
        told = [
            export
            for export in self._world.account.exports
            if (export.name, export.job.arn) == (data["Name"], data["AudienceGenerationJobArn"])
            and abs(export.created - created) < timedelta(milliseconds=2)
        ]
        of_its_size = [export for export in told if str(export.size["value"]) == size]
        return next(iter(of_its_size or told), None)

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
        owner = self._started_by.get(export.number)
        if request.properties.get("Name") is None:
            if not request.is_rollback and (owner is None or owner.identity != request.identity):
                self._world.goes_wrong(2, "{} succeeds with export {}, which {} started", request, export.number, owner)
            return
        if export.name != request.properties["Name"]:
            self._world.goes_wrong(2, "{} succeeds with an export of the name {}", request, export.name)
        is_held = request.event.get("PhysicalResourceId") == naming.physical_id(export.job.arn, export.name)
        may_take = request.adopts or is_held or request.is_rollback or self._may_be_own(request, export)
        if owner is not request and not may_take:
            self._world.goes_wrong(
                4, "{} adopts export {}, which {} started", request, export.number, owner or "another"
            )

    def _may_be_own(self, request: Request, export: Export) -> bool:
        """Whether nobody could tell: it was created while a start of the request may have been under way."""
        begin, end = request.under_way or (0.0, -1.0)
        return begin <= self._seconds(export.created) <= end

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
        if reason.startswith("ExportNotFound") and not request.keeps_its_export:
            world.goes_wrong(3, "{} asks for a new export, and none is found: {}", request, reason)
        if reason.startswith("CREATE_FAILED"):
            self._check_failed_export(request)
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
        # After a step that may have sent its start the handler waits for 75 s (docs/decision-table.md).
        resumed = [end + 75 for _, end in request.outages]
        begin = max(request.queued_since, request.last_trouble_at, *resumed)
        if begin < request.settle_by and self._longest_free(begin, request.settle_by) > 60:
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
        for number, owner in self._started_by.items():
            if owner is request and self._is_alone(self._world.account.exports[number - 1]):
                ended = self._seconds(self._world.account.ended_at(self._world.account.exports[number - 1]))
                quiet = max(ended, request.last_trouble_at, *(span[1] for span in request.outages), 0.0)
                if quiet < request.settle_by - 130:
                    self._world.goes_wrong(3, "{} waits on after its export {} has ended", request, number)

    def _is_alone(self, export: Export) -> bool:
        """Whether no other export has its name, generation job and size."""
        key = (export.name, export.job.arn, export.size)
        return sum((one.name, one.job.arn, one.size) == key for one in self._world.account.exports) == 1

    def _check_failed_export(self, request: Request) -> None:
        """A request under a generated name that may start an export does not fail for one that failed before it."""
        if "Name" in request.properties or request.keeps_its_export or request.is_rollback:
            return
        own = [number for number, owner in self._started_by.items() if owner.identity == request.identity]
        ended = [self._seconds(self._world.account.ended_at(self._world.account.exports[number - 1])) for number in own]
        if not any(end > request.sent_at - 20 for end in ended):
            self._world.goes_wrong(3, "{} fails for an export that had failed before it", request)

    def _check_conflict(self, request: Request) -> None:
        """A conflict has a holder: an export of that name that is not the request's own."""
        name, size = request.properties.get("Name"), request.properties["AudienceSize"]
        if size["Value"] not in SIZES or request.properties["AudienceGenerationJobArn"] not in JOBS:
            return  # The service may call these a conflict, too.
        if name is None:
            self._world.goes_wrong(4, "{} is told of a conflict about a generated name", request)
        holders = [one for one in self._world.account.exports if one.name == name]
        if all(self._started_by.get(one.number) is request for one in holders):
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

    def _seconds(self, time: datetime) -> float:
        return (time - BEGIN).total_seconds() - self._world.skews["rooms"]
