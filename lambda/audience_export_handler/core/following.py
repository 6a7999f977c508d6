"""Follows an export beyond the answer to its request, until its end can be published as an event.

A request that wants events leaves something behind when it is settled: an export that has ended, one that is still
running, or a start that may have taken effect. The first is published immediately. The others are followed by a second
state machine, the follower, which looks for the export's end for a day, at a slow pace.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from audience_export_handler.core import timing
from audience_export_handler.core.attempt import Attempt
from audience_export_handler.core.facts import ExportJob
from audience_export_handler.core.progress import Seen
from audience_export_handler.core.request import ExportRequest
from cdk_cleanroomsml_contract import export_event
from cdk_cleanroomsml_contract.export_properties import AudienceSize


@dataclass(frozen=True)
class Resource:
    """The resource that an export belongs to, as the answer to its request says it."""

    stack_id: str
    logical_id: str
    physical_id: str


@dataclass(frozen=True)
class Followed:
    """An export whose end is still to come: it is known by its name, job and size, and by when it was created.

    `is_listed` is False if only a start is known, which may have had no effect.
    """

    resource: Resource
    name: str
    audience_generation_job_arn: str
    audience_size: AudienceSize
    created_from: datetime
    created_until: datetime
    is_listed: bool

    def is_it(self, export: ExportJob) -> bool:
        """Whether a listed export of the job is this one."""
        is_named = (export.name, export.audience_size) == (self.name, self.audience_size)
        return is_named and self.created_from <= export.create_time <= self.created_until

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data, for the execution's state."""
        return {
            "StackId": self.resource.stack_id,
            "LogicalResourceId": self.resource.logical_id,
            "PhysicalResourceId": self.resource.physical_id,
            "Name": self.name,
            "AudienceGenerationJobArn": self.audience_generation_job_arn,
            "AudienceSize": {"Type": self.audience_size.type, "Value": self.audience_size.value},
            "CreatedFrom": self.created_from.isoformat(),
            "CreatedUntil": self.created_until.isoformat(),
            "IsListed": self.is_listed,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Followed:
        """Read what `to_json` returned."""
        return cls(
            Resource(data["StackId"], data["LogicalResourceId"], data["PhysicalResourceId"]),
            data["Name"],
            data["AudienceGenerationJobArn"],
            AudienceSize(data["AudienceSize"]["Type"], data["AudienceSize"]["Value"]),
            datetime.fromisoformat(data["CreatedFrom"]),
            datetime.fromisoformat(data["CreatedUntil"]),
            data["IsListed"],
        )


class ResourceState(Enum):
    """Whether the resource still has the export: HELD, GONE (deleted or replaced), or UNREADABLE."""

    HELD = "held"
    GONE = "gone"
    UNREADABLE = "unreadable"


@dataclass(frozen=True)
class Ended:
    """The export has ended: publish this."""

    detail: dict[str, Any]


@dataclass(frozen=True)
class LookAgain:
    """Look again in so many seconds."""

    seconds: int


@dataclass(frozen=True)
class Deleted:
    """The resource was deleted or replaced meanwhile, so nobody waits for its export: publish nothing."""


@dataclass(frozen=True)
class GivenUp:
    """Stop looking, and say why."""

    reason: str


# What a request leaves when it is settled.
Left = ExportJob | Seen | Attempt
Look = Ended | LookAgain | Deleted | GivenUp


def after_answer(
    request: ExportRequest,
    left: Left | None,
    resource: Resource,
    *,
    requested_at: datetime,
    now: datetime,
) -> Ended | Followed | None:
    """Return what a settled request leaves to publish or to follow; None if it is nothing.

    Args:
        left: the export that the request ends with; if it is not listed now, the one that was, or an attempt to start.
        resource: the resource, with the physical id of the answer.
    """
    if not request.wants_events or left is None:
        return None
    if isinstance(left, Attempt):
        return _followed_start(request, left, resource)
    if isinstance(left, Seen):
        arn, size = request.audience_generation_job_arn, request.audience_size
        return Followed(resource, left.name, arn, size, left.created, left.created, is_listed=True)
    if _is_old(request, left, requested_at):
        return None
    # A request that waits has waited for the output location, too.
    is_complete = _is_complete(left, now) or (request.waits and left.status in export_event.ENDED)
    return Ended(detail_of(left, resource)) if is_complete else _followed(left, resource)


def look(followed: Followed, exports: tuple[ExportJob, ...], *, now: datetime, since: datetime) -> ExportJob | Look:
    """Return the export if it has ended, or how to go on; `since` is when the following began."""
    own = [export for export in exports if followed.is_it(export)]
    ended = [export for export in own if _is_complete(export, now)]
    if own and len(ended) == len(own):
        return min(own, key=lambda export: (export.has_failed, export.create_time))
    if now - since >= timing.FOLLOWED_FOR:
        return GivenUp(f"the export has not ended in {timing.FOLLOWED_FOR.total_seconds() / 3600:.0f} hours")
    if not own and not followed.is_listed and now - followed.created_until >= timing.ACCEPTED_UNLISTED:
        return GivenUp("no export is listed that the request could have started")
    return LookAgain(pace(now - since))


def conclude(
    followed: Followed, export: ExportJob, state: ResourceState, *, now: datetime, since: datetime
) -> Ended | LookAgain | Deleted:
    """Return what to do about an export that has ended, now that the state of its resource is read."""
    age = now - since
    if state is ResourceState.HELD or (state is ResourceState.UNREADABLE and age >= timing.FOLLOWED_FOR):
        return Ended(detail_of(export, followed.resource))
    if state is ResourceState.GONE and age >= timing.STALE_RESOURCE:
        return Deleted()
    return LookAgain(pace(age))


def after_unlisted(*, now: datetime, since: datetime) -> LookAgain | GivenUp:
    """Return how to go on if the exports cannot be listed."""
    if now - since >= timing.FOLLOWED_FOR:
        return GivenUp("the exports could not be listed")
    return LookAgain(pace(now - since))


def pace(age: timedelta) -> int:
    """Return how many seconds pass before the next look: a tenth of the age, from 60 to 300."""
    return max(timing.FOLLOWING_SHORTEST, min(timing.FOLLOWING_LONGEST, int(age.total_seconds() / 10)))


def detail_of(export: ExportJob, resource: Resource) -> dict[str, Any]:
    """Return the detail of the event for an export that has ended (docs/export-event.schema.json)."""
    details = {"statusCode": export.status_code, "message": export.status_message}
    return {
        "version": "1",
        "name": export.name,
        "audienceGenerationJobArn": export.audience_generation_job_arn,
        "audienceSize": {"type": export.audience_size.type, "value": export.audience_size.value},
        export_event.STATUS: export.status,
        "statusDetails": {name: value for name, value in details.items() if value},
        "outputLocation": export.output_location,
        "createTime": export.create_time.isoformat(),
        "updateTime": export.update_time.isoformat(),
        export_event.STACK_ID: resource.stack_id,
        export_event.LOGICAL_ID: resource.logical_id,
    }


def _followed_start(request: ExportRequest, attempt: Attempt, resource: Resource) -> Followed | None:
    span = attempt.span
    if span is None:
        return None
    arn, size = request.audience_generation_job_arn, request.audience_size
    return Followed(resource, attempt.name, arn, size, *span, is_listed=False)


def _followed(export: ExportJob, resource: Resource) -> Followed:
    arn, size, created = export.audience_generation_job_arn, export.audience_size, export.create_time
    return Followed(resource, export.name, arn, size, created, created, is_listed=True)


def _is_complete(export: ExportJob, now: datetime) -> bool:
    """Whether it has ended, and its output location is there, or should have been by now."""
    if export.status not in export_event.ENDED:
        return False
    return export.has_failed or bool(export.output_location) or now - export.update_time >= timing.OUTPUT_LOCATION_LAG


def _is_old(request: ExportRequest, export: ExportJob, requested_at: datetime) -> bool:
    """Whether an update comes to an export whose end is no news.

    If the resource holds it, an earlier request that wanted events has published its end, or follows it. If not, the
    update may be a rollback. In the day before it the follower of the export may have found another one in its place.
    """
    if not request.is_update:
        return False
    if request.is_held:
        return request.wanted_events or _ended_before(export, requested_at)
    return request.wanted_events and _ended_before(export, requested_at - timing.FOLLOWED_FOR)


def _ended_before(export: ExportJob, requested_at: datetime) -> bool:
    return export.status in export_event.ENDED and export.update_time <= requested_at
