"""What must hold of a failure that CloudFormation is told: it has a reason, and the reason is true."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from local_cloud.clean_rooms_ml import ACTIVE_EXPORTS_OF_A_JOB, PENDING_EXPORTS_OF_AN_ACCOUNT, Export
from tests.simulation.model.clean_rooms import JOBS, SIZES
from tests.simulation.model.request import Request

if TYPE_CHECKING:
    from tests.simulation.model.world import World

_TRANSIENT = re.compile(
    r"(Throttling|Internal|AccessDenied|ReadTimeout|ConnectionClosed|Lambda\.|Runtime\.|Sandbox\.)\w*: "
)
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


class FailureRules:
    """The rules of failures in one world; `started_by` tells for each export, by number, which request started it."""

    def __init__(self, world: World, started_by: dict[int, Request]) -> None:
        self._world = world
        self._started_by = started_by

    def check(self, request: Request, reason: str) -> None:
        """Apply those of the reason's code."""
        world, now = self._world, self._world.timeline.now
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
            (self._world.second_of(one.created), self._world.second_of(world.account.ended_at(one)))
            for one in world.account.exports
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
                ended = self._world.second_of(self._world.account.ended_at(self._world.account.exports[number - 1]))
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
        ended = [
            self._world.second_of(self._world.account.ended_at(self._world.account.exports[number - 1]))
            for number in own
        ]
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
            and self._world.second_of(export.created) < request.sent_at - 30
            and self._world.account.status_of(export) != "CREATE_FAILED"
        )
