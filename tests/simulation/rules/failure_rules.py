"""What must hold of a failure that is reported to CloudFormation: what the service means, or the request's deadline."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cdk_cleanroomsml_local.clean_rooms_ml import ACTIVE_EXPORTS_OF_A_JOB, PENDING_EXPORTS_OF_AN_ACCOUNT, Export
from tests.simulation import bounds, handler_spans
from tests.simulation.model.clean_rooms import JOBS, SIZES
from tests.simulation.model.request import Request
from tests.simulation.rules.invariant import Invariant
from tests.simulation.rules.job_rules import JobRules
from tests.simulation.rules.reason_rules import ReasonRules

if TYPE_CHECKING:
    from tests.simulation.model.world import World

_TRANSIENT = re.compile(
    r"(Throttling|Internal|ReadTimeout|ConnectionClosed|Lambda\.|Runtime\.|Sandbox\.|States\.|"
    r"AccessDenied|UnrecognizedClient|InvalidClientTokenId|ExpiredToken|StateMachineDoesNotExist)\w*: "
)
_REASON = re.compile(r"[A-Za-z_.]+: \S")
_QUOTA = "ServiceQuotaExceededException"
# What the service itself can mean, or the requested time-out.
_ON_A_CALM_DAY = {
    _QUOTA,
    "CREATE_FAILED",
    "ConflictException",
    "DeadlineExceeded",
    "GenerationJobNotActive",
    "ResourceNotFoundException",
    "ValidationException",
}

# The same, of many exports together, which throttle each other.
_IF_THROTTLED = {"ExecutionsUnreadable", "ListingTooSlow", "StackUnreadable", "ThrottlingException"}


class FailureRules:
    """The rules of failures in one world; `started_by` has the request that started each export, by number."""

    def __init__(self, world: World, started_by: dict[int, Request]) -> None:
        self._world = world
        self._started_by = started_by
        self._reasons = ReasonRules(world, started_by)
        self._jobs = JobRules(world)

    def check(self, request: Request, reason: str) -> None:
        """Apply those of the reason's code."""
        world = self._world
        if not _REASON.match(reason):
            world.goes_wrong(Invariant.ONE_ANSWER, "{} fails for a reason without a code: {}", request, reason)
        code = reason.partition(":")[0]
        is_throttled = world.weather.counts["limits: throttled"] and code in _IF_THROTTLED
        if world.weather.is_calm and code not in _ON_A_CALM_DAY and not is_throttled:
            world.goes_wrong(Invariant.ONE_ANSWER, "{} fails on a calm day: {}", request, reason)
        is_early = world.timeline.now < request.settle_by - bounds.LATE
        self._reasons.check(request, reason, is_early=is_early)
        self._jobs.check(request, reason, is_early=is_early)
        self._check_transient(request, reason, is_early=is_early)
        if reason.startswith(_QUOTA):
            self._check_quota(request, is_early=is_early)
        if reason.startswith("DeadlineExceeded"):
            self._check_deadline(request)
        if reason.startswith("ExportNotFound") and not request.keeps_its_export:
            world.goes_wrong(Invariant.ONE_ANSWER, "{} requests a new export, and none is found: {}", request, reason)
        if reason.startswith("CREATE_FAILED"):
            self._check_failed_export(request)
        if is_early and reason.startswith("ConflictException"):
            self._check_conflict(request)

    def _check_transient(self, request: Request, reason: str, *, is_early: bool) -> None:
        """No request fails early for an error that is transient; permissions are, until they have spread.

        An event that Lambda has given up on has no other chance.
        """
        if is_early and not request.is_lost and _TRANSIENT.match(reason):
            self._world.goes_wrong(Invariant.ONE_ANSWER, "{} fails for a transient error: {}", request, reason)

    def _check_quota(self, request: Request, *, is_early: bool) -> None:
        """In a full account a request waits; for a used-up generation job it does not."""
        world = self._world
        job = request.properties["AudienceGenerationJobArn"]
        of_job = [export for export in world.account.exports if export.job.arn == job]
        if is_early and len(of_job) < ACTIVE_EXPORTS_OF_A_JOB:
            world.goes_wrong(Invariant.WAITING, "{} does not wait for a slot", request)
        if is_early or request.queued_since is None:
            return
        # After a step that may have sent its start the handler pauses.
        resumed = [end + handler_spans.LISTING_PAUSE_AFTER_STEP for _, end in request.outages]
        begin = max(request.queued_since, request.last_fault_at, *resumed)
        end = min(request.settle_by, world.timeline.now)
        if begin < end and self._longest_free(begin, end) > bounds.FREE_SLOT:
            missed = "gets no slot" if len(of_job) < ACTIVE_EXPORTS_OF_A_JOB else "waits for a slot that it cannot use"
            world.goes_wrong(Invariant.WAITING, "{} {}, and slots stayed free", request, missed)

    def _longest_free(self, begin: float, end: float) -> float:
        """Seconds for which the account had slots free without a break."""
        world, longest, free_since = self._world, 0.0, None
        spans = [(self._world.second_of(one.created), self._ended_at(one)) for one in world.account.exports]
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
        """A request does not wait for an export that has ended."""
        for number, owner in self._started_by.items():
            export = self._world.account.exports[number - 1]
            if owner is not request or not self._is_alone(export):
                continue
            quiet = max(self._ended_at(export), request.last_fault_at, *(span[1] for span in request.outages), 0.0)
            if quiet < request.settle_by - bounds.NOTICED_WITHIN:
                self._world.goes_wrong(Invariant.ONE_ANSWER, "{} still waits for its ended export {}", request, number)

    def _ended_at(self, export: Export) -> float:
        """The second of the timeline at which an export ends."""
        return self._world.second_of(self._world.account.ended_at(export))

    def _is_alone(self, export: Export) -> bool:
        """Whether no other export has its name, generation job and size."""
        key = (export.name, export.job.arn, export.size)
        return sum((one.name, one.job.arn, one.size) == key for one in self._world.account.exports) == 1

    def _check_failed_export(self, request: Request) -> None:
        """A request under a generated name that may start an export does not fail for one that failed before it."""
        if "Name" in request.properties or request.keeps_its_export or request.is_rollback:
            return
        own = [number for number, owner in self._started_by.items() if owner.identity == request.identity]
        ended = [self._ended_at(self._world.account.exports[number - 1]) for number in own]
        if not any(end > request.sent_at - bounds.FAILED_BEFORE for end in ended):
            self._world.goes_wrong(Invariant.ONE_ANSWER, "{} fails for an export that had failed before it", request)

    def _check_conflict(self, request: Request) -> None:
        """A conflict has a holder: an export of that name that is not the request's own."""
        name, size = request.properties.get("Name"), request.properties["AudienceSize"]
        if size["Value"] not in SIZES or request.properties["AudienceGenerationJobArn"] not in JOBS:
            return  # The service may call these a conflict, too.
        job = self._world.account.jobs[request.properties["AudienceGenerationJobArn"]]
        if self._world.account.status_of_job(job, self._world.account.clock()) != "ACTIVE":
            return
        if name is None:
            self._world.goes_wrong(Invariant.TAKEN_NAMES, "{} reports a conflict about a generated name", request)
        if request.was_accepted and request in self._started_by.values():
            self._world.goes_wrong(
                Invariant.TAKEN_NAMES, "{} reports a conflict, and the service had accepted its start", request
            )
        holders = [one for one in self._world.account.exports if one.name == name]
        if all(self._started_by.get(one.number) is request for one in holders):
            self._world.goes_wrong(
                Invariant.TAKEN_NAMES, "{} reports a conflict, and nobody else has the name", request
            )
        if request.adopts and any(self._could_be_adopted(one, request) for one in holders):
            self._world.goes_wrong(
                Invariant.TAKEN_NAMES, "{} reports a conflict with an export that it may adopt", request
            )

    def _could_be_adopted(self, export: Export, request: Request) -> bool:
        """Whether an export that was there before the request fits it, so that it is the one to adopt."""
        wanted, size = request.properties, request.properties["AudienceSize"]
        return (
            export.job.arn == wanted["AudienceGenerationJobArn"]
            and export.size == {"type": size["Type"], "value": int(size["Value"])}
            and self._world.second_of(export.created) < request.sent_at - bounds.THERE_BEFORE
            and self._world.account.status_of(export) != "CREATE_FAILED"
        )
