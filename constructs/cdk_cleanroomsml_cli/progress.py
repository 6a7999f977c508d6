"""Where each export of a stack stands, from the stack's resources and events and a listing of exports. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from cdk_cleanroomsml_cli.facts import ListedExport, Unread
from cdk_cleanroomsml_cli.templates import Later
from cdk_cleanroomsml_contract import identity
from cdk_cleanroomsml_contract.api_limits import RUNNING_OF_ACCOUNT
from cdk_cleanroomsml_contract.timeouts import LONGEST_WAIT

NOT_BEGUN, WAITS_FOR_SLOT, WAITS_FOR_LISTING = "not begun", "waits for a slot", "waits for its listing"
WAITS_FOR_JOB = "waits for its generation job"


@dataclass(frozen=True)
class WatchedResource:
    """A resource of type AudienceExport in a stack that is watched.

    Attributes:
        properties: resolved as far as they are known.
        status: CloudFormation's; "" if it has not begun.
        began: when its operation began; None if that is not known.
    """

    stack: str
    stack_id: str
    logical_id: str
    construct_path: str
    properties: Mapping[str, Any]
    status: str = ""
    reason: str = ""
    began: datetime | None = None


@dataclass(frozen=True)
class Row:
    """Where an export stands. `left` is the time until CloudFormation gives up, `estimate` until the export may end."""

    stack: str
    construct_path: str
    export: str | None
    status: str
    reason: str = ""
    age: timedelta | None = None
    left: timedelta | None = None
    estimate: timedelta | None = None
    has_ended: bool = False


def row_of(
    resource: WatchedResource,
    listing: tuple[ListedExport, ...] | Unread,
    now: datetime,
    *,
    unfinished_jobs: Collection[str] = (),
) -> Row:
    """Return where the export of a resource stands; `unfinished_jobs` are still being created."""
    names = _names(resource)
    known = () if isinstance(listing, Unread) else listing
    export = _own(resource, names, known)
    name = export.name if export else names[0] if names else None
    if not resource.status.endswith("_IN_PROGRESS"):
        status = _at_rest(resource, export)
        age = now - export.created if export and export.is_running else None
        return Row(
            resource.stack, resource.construct_path, name, status, resource.reason, age, has_ended=bool(resource.status)
        )
    timeout = resource.properties.get("TimeoutSeconds", LONGEST_WAIT.total_seconds())
    is_known = (resource.began is not None and str(timeout).isdecimal()) or isinstance(timeout, float)
    gives_up = resource.began + timedelta(seconds=int(timeout)) if resource.began and is_known else None
    return Row(
        resource.stack,
        resource.construct_path,
        name,
        export.status if export else _unlisted(listing, is_job_unfinished=job_of(resource) in unfinished_jobs),
        age=now - export.created if export else now - resource.began if resource.began else None,
        left=max(timedelta(0), gives_up - now) if gives_up else None,
        estimate=_estimate(export, known, now) if export and export.is_running else None,
    )


def is_unlisted(resource: WatchedResource, listing: tuple[ListedExport, ...]) -> bool:
    """Return whether a request is under way whose export is not listed."""
    return resource.status.endswith("_IN_PROGRESS") and _own(resource, _names(resource), listing) is None


def job_of(resource: WatchedResource) -> str:
    """Return the ARN of the generation job; empty if it is not known."""
    job = resource.properties.get("AudienceGenerationJobArn")
    return job if isinstance(job, str) else ""


def usual_duration(job: str, listing: Iterable[ListedExport]) -> timedelta | None:
    """Return the median of how long the ACTIVE exports of a generation job took; None if there are none."""
    took = [(one.updated - one.created).total_seconds() for one in listing if one.job == job and one.status == "ACTIVE"]
    return timedelta(seconds=median(took)) if took else None


def _at_rest(resource: WatchedResource, export: ListedExport | None) -> str:
    if not resource.status:
        return NOT_BEGUN
    is_fine = resource.status.endswith("_COMPLETE") and not resource.status.startswith("DELETE")
    return export.status if is_fine and export else resource.status


def _unlisted(listing: tuple[ListedExport, ...] | Unread, *, is_job_unfinished: bool) -> str:
    if is_job_unfinished:
        return WAITS_FOR_JOB
    if isinstance(listing, Unread):
        return "unknown"
    running = sum(one.is_running for one in listing)
    return WAITS_FOR_SLOT if running >= RUNNING_OF_ACCOUNT else WAITS_FOR_LISTING


def _estimate(export: ListedExport, listing: Iterable[ListedExport], now: datetime) -> timedelta | None:
    usual = usual_duration(export.job, listing)
    return None if usual is None else max(timedelta(0), export.created + usual - now)


def _names(resource: WatchedResource) -> list[str]:
    """The name of the export, and the ones with ordinals if it is generated; empty if it is not known."""
    properties = resource.properties
    if any(isinstance(properties.get(one), Later) for one in ("Name", "AudienceGenerationJobArn", "Revision")):
        return []
    size = properties.get("AudienceSize")
    if not isinstance(size, dict) or any(isinstance(one, Later) for one in size.values()):
        return []
    base = identity.export_name(properties, stack_id=resource.stack_id, logical_id=resource.logical_id)
    return [base] if "Name" in properties else list(identity.ordinals(base))


def _own(resource: WatchedResource, names: list[str], listing: Iterable[ListedExport]) -> ListedExport | None:
    """The export of these names and the resource's size: one that is alive, or one that failed in this operation."""
    possible, job, size = set(names), resource.properties.get("AudienceGenerationJobArn"), _size(resource)
    own = [
        one
        for one in listing
        if one.name in possible and one.job == job and (one.size.type, str(one.size.value)) == size
    ]
    alive = [one for one in own if not one.has_failed]
    if alive:
        return min(alive, key=lambda one: one.created)
    recent = [one for one in own if resource.began is None or one.created >= resource.began]
    return max(recent, key=lambda one: one.created, default=None)


def _size(resource: WatchedResource) -> tuple[str, str]:
    size = resource.properties.get("AudienceSize")
    return (str(size.get("Type")), str(size.get("Value"))) if isinstance(size, dict) else ("", "")
