"""What must hold of a request whose generation job is still being created, has failed, or is being deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cdk_cleanroomsml_local.catalog import GenerationJob
from tests.simulation import bounds, facts
from tests.simulation.model.clean_rooms import SIZES
from tests.simulation.model.request import Request
from tests.simulation.rules.invariant import Invariant

if TYPE_CHECKING:
    from tests.simulation.model.world import World

_REFUSALS = ("ValidationException: export ", "ConflictException: export ")


class JobRules:
    """The rules of generation jobs in one world."""

    def __init__(self, world: World) -> None:
        self._world = world

    def check(self, request: Request, reason: str, *, is_early: bool) -> None:
        """Apply those of a failure."""
        job = self._world.account.jobs.get(request.properties["AudienceGenerationJobArn"])
        if job and is_early and reason.startswith(_REFUSALS) and self.is_being_created(job):
            self._check_refusal(request, job, reason)
        if reason.startswith("GenerationJobNotActive"):
            self._check_wait(request, job, reason)

    def is_being_created(self, job: GenerationJob) -> bool:
        """Whether the job may still become ACTIVE."""
        return self._world.account.status_of_job(job, self._world.account.clock()) in facts.BEING_CREATED

    def _check_refusal(self, request: Request, job: GenerationJob, reason: str) -> None:
        """A refused start is not final while the job is being created, if the job can be read."""
        name, size = request.properties.get("Name"), request.properties["AudienceSize"]["Value"]
        is_taken = any((one.name, one.job.arn) == (name, job.arn) for one in self._world.account.exports)
        unread_since = request.job_unread_since
        is_unread = unread_since is not None and self._world.timeline.now - unread_since > bounds.JOB_UNREAD
        if size in SIZES and not is_taken and not is_unread:
            self._world.goes_wrong(Invariant.WAITING, "{} does not wait for its generation job: {}", request, reason)

    def _check_wait(self, request: Request, job: GenerationJob | None, reason: str) -> None:
        """Nobody waits for a job that is not being created, or was ready long before."""
        if job is None or job.status not in facts.BEING_CREATED:
            self._world.goes_wrong(Invariant.WAITING, "{} waits for no job that is being created: {}", request, reason)
            return
        changed_at = self._world.account.changed_at(job)
        if self.is_being_created(job) or changed_at is None:
            return
        begun = (self._world.second_of(changed_at), request.last_weather_at, *(end for _, end in request.outages))
        if max(begun) < request.settle_by - bounds.NOTICED_WITHIN:
            self._world.goes_wrong(Invariant.WAITING, "{} still waits for a job that has changed: {}", request, reason)
