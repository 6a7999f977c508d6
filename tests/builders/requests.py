"""Requests, listed exports and situations, as a decision sees them."""

from datetime import datetime, timedelta, timezone

from audience_export_handler.core.attempt import Attempt
from audience_export_handler.core.facts import ExportJob, StackPhase
from audience_export_handler.core.progress import Progress
from audience_export_handler.core.request import ExportRequest, physical_id, read_request
from audience_export_handler.core.situation import Situation
from cdk_cleanroomsml_contract.export_properties import AudienceSize
from tests.builders.arns import JOB
from tests.builders.events import Properties, event, properties

START = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
TEN, TWENTY = AudienceSize("PERCENTAGE", 10), AudienceSize("PERCENTAGE", 20)


def create(name: str | None = None, **changes: str) -> ExportRequest:
    return read_request(event(ResourceProperties=properties(Name=name, **changes)))


def adopting(name: str) -> ExportRequest:
    return create(name, OnConflict="ADOPT")


def update(old: Properties, name: str | None = None, held_id: str | None = None, **changes: str) -> ExportRequest:
    """An update from the old properties, which the resource holds unless another physical id is given."""
    declared = properties(Name=name, **changes)
    held_id = held_id or physical_id(event(ResourceProperties=old))
    return read_request(
        event("Update", PhysicalResourceId=held_id, ResourceProperties=declared, OldResourceProperties=old)
    )


GENERATED = create().name


def export(name: str, status: str = "ACTIVE", *, size: AudienceSize = TEN, age: float = 600) -> ExportJob:
    """A listed export, created so many seconds before START."""
    created = START - timedelta(seconds=age)
    return ExportJob(name, JOB, size, status, created, created, output_location="s3://b/k/")


def situation(
    request: ExportRequest,
    *exports: ExportJob,
    attempt: Attempt | None = None,
    stack: StackPhase | None = StackPhase.FORWARD,
    after: float = 1,
    older_ended_by: datetime | None = START,
) -> Situation:
    """A situation so many seconds after START, when the request was made and its execution began."""
    return Situation(
        request,
        exports,
        Progress(attempt, older_ended_by=older_ended_by),
        stack,
        START + timedelta(seconds=after),
        START,
        START,
    )
