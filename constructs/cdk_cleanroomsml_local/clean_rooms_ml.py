"""The behaviour of Clean Rooms ML for audience exports, without the wire: generation jobs, models and exports.

Generation jobs and configured audience models come from the catalog. Exports are started, and only the clock changes
their status. What AWS does not document is a switch in `Readings`, so that a test can run with each possibility.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from cdk_cleanroomsml_local.catalog import ConfiguredAudienceModel, GenerationJob
from cdk_cleanroomsml_local.readings import MODEL_OWNER, NamesAreUnique, Readings, Repeat
from cdk_cleanroomsml_local.service_model import ApiError

Clock = Callable[[], datetime]

PENDING_EXPORTS_OF_AN_ACCOUNT = 20  # quotas of Clean Rooms ML, per Region
ACTIVE_EXPORTS_OF_A_JOB = 25


@dataclass(frozen=True)
class Export:
    """One export. Its status is derived from the clock and never stored."""

    name: str
    job: GenerationJob
    size: dict[str, Any]
    description: str | None
    created: datetime
    number: int


@dataclass
class CleanRoomsML:
    """The state of the service in one account and Region.

    Args:
        clock: returns the time in UTC; tests move it.
        write_output: called once with bucket, key and content when an export becomes ACTIVE.
    """

    jobs: dict[str, GenerationJob] = field(default_factory=dict)
    models: dict[str, ConfiguredAudienceModel] = field(default_factory=dict)
    readings: Readings = field(default_factory=Readings)
    clock: Clock = lambda: datetime.now(timezone.utc)
    write_output: Callable[[str, str, bytes], None] = lambda *_: None
    exports: list[Export] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Requests may arrive in parallel; the service handles them one at a time."""
        self._one_by_one = threading.RLock()
        self._written: set[int] = set()
        self._began = self.clock()
        self._added: dict[str, datetime] = {}
        self._jumps: list[tuple[datetime, timedelta]] = []

    def add(self, job: GenerationJob, model: ConfiguredAudienceModel) -> None:
        """Add a generation job and its model, or replace them; exports that were started before keep theirs."""
        with self._one_by_one:
            self.jobs[job.arn], self.models[model.arn] = job, model
            self._added[job.arn] = self.clock()

    def advance(self, by: timedelta) -> None:
        """Let exports and generation jobs that exist now become so much older. Times of later exports are not changed.

        The time itself does not move: the handler, which compares the time of an export with its own, does not know.
        """
        with self._one_by_one:
            self._jumps.append((self.clock(), by))

    def forget(self, jobs: dict[str, GenerationJob], models: dict[str, ConfiguredAudienceModel]) -> None:
        """Begin again with these jobs and models, and without exports."""
        with self._one_by_one:
            self.jobs, self.models, self._began = dict(jobs), dict(models), self.clock()
            self.exports.clear()
            for kept in (self._written, self._added, self._jumps):
                kept.clear()

    def reached(self, since: datetime, age: timedelta) -> datetime:
        """Return the time at which something is so old, with every `advance` since then."""
        for at, by in self._jumps:
            if since + age <= at:
                break
            if at >= since:
                age = max(age - by, at - since)
        return since + age

    def call(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        """Carry out an operation of the API, or raise ApiError."""
        known = {
            "StartAudienceExportJob": self._start,
            "ListAudienceExportJobs": self._list,
            "GetAudienceGenerationJob": self._get_job,
            "GetConfiguredAudienceModel": self._get_model,
        }
        if operation not in known:
            raise ApiError("NotImplemented", f"this emulator has no {operation}", status=501)
        with self._one_by_one:
            return known[operation](request)

    def duration_of(self, export: Export) -> tuple[timedelta, timedelta]:  # noqa: ARG002 - for those that differ
        """Return how long an export is pending, and then in progress."""
        return self.readings.pending_for, self.readings.in_progress_for

    def failure_of(self, export: Export) -> str:
        """Return the status code with which an export ends, or nothing for one that becomes ACTIVE."""
        return export.job.fails_exports

    def status_of(self, export: Export) -> str:
        """Return the status of an export now."""
        now = self.clock()
        pending_for, in_progress_for = self.duration_of(export)
        if now < self.reached(export.created, pending_for):
            return "CREATE_PENDING"
        if now < self.reached(export.created, pending_for + in_progress_for):
            return "CREATE_IN_PROGRESS"
        return "CREATE_FAILED" if self.failure_of(export) else "ACTIVE"

    def status_of_job(self, job: GenerationJob, at: datetime) -> str:
        """Return the status of a generation job at a time."""
        changes_at = self.reached(self._added.get(job.arn, self._began), job.changes_after)
        return job.becomes if job.becomes and at >= changes_at else job.status

    def shown_status_of_job(self, job: GenerationJob) -> str:
        """Return the status that a read of a generation job shows now."""
        return self.status_of_job(job, self.clock() - self.readings.job_status_lag)

    def _start(self, request: dict[str, Any]) -> dict[str, Any]:
        job = self._job(request["audienceGenerationJobArn"])
        size, name = request["audienceSize"], request["name"]
        status = self.status_of_job(job, self.clock())
        if status != "ACTIVE":
            raise ApiError(self.readings.inactive_job_error, f"The audience generation job is {status}.")
        self._check_size(job, size)
        holder = self._holder(job, name)
        if holder:
            is_repeat = (holder.job.arn, holder.size, holder.description) == (job.arn, size, request.get("description"))
            if is_repeat and self.readings.repeat is Repeat.SILENT:
                return {}
            raise ApiError("ConflictException", f"An audience export job named {name} already exists.")
        self._check_quotas(job)
        number = len(self.exports) + 1
        self.exports.append(Export(name, job, size, request.get("description"), self.clock(), number))
        return {}

    def _check_size(self, job: GenerationJob, size: dict[str, Any]) -> None:
        model = self.models[job.configured_audience_model_arn]
        if size["type"] != model.size_type or size["value"] not in model.sizes:
            raise ApiError(
                self.readings.unoffered_size_error,
                f"The audience size {size['type']} {size['value']} is not one of the configured audience model's.",
            )

    def _holder(self, job: GenerationJob, name: str) -> Export | None:
        if self.readings.names is NamesAreUnique.NOT_AT_ALL:
            return None
        for export in self.exports:
            in_scope = self.readings.names is NamesAreUnique.PER_ACCOUNT or export.job.arn == job.arn
            is_free = self.readings.failed_names_are_free and self.status_of(export) == "CREATE_FAILED"
            if in_scope and export.name == name and not is_free:
                return export
        return None

    def _check_quotas(self, job: GenerationJob) -> None:
        statuses = [(export.job.arn, self.status_of(export)) for export in self.exports]
        running = sum(status in ("CREATE_PENDING", "CREATE_IN_PROGRESS") for _, status in statuses)
        counted = [status for arn, status in statuses if arn == job.arn]
        if not self.readings.failed_count_for_the_job:
            counted = [status for status in counted if status != "CREATE_FAILED"]
        for used, quota, name in (
            (running, PENDING_EXPORTS_OF_AN_ACCOUNT, "Pending or in progress audience export jobs"),
            (len(counted), ACTIVE_EXPORTS_OF_A_JOB, "Active audience export jobs per audience generation job"),
        ):
            if used >= quota:
                message = f"The limit of {quota} is reached: {name}."
                members: dict[str, Any] = {}
                if self.readings.quota_errors_tell_values:
                    members = {"quotaName": name, "quotaValue": float(quota)}
                raise ApiError("ServiceQuotaExceededException", message, **members)

    def _list(self, request: dict[str, Any]) -> dict[str, Any]:
        arn = request.get("audienceGenerationJobArn")
        if arn and arn not in self.jobs and not self.readings.unknown_job_lists_empty:
            raise ApiError("ValidationException", f"The audience generation job {arn} does not exist.")
        listed = [
            export
            for export in self.exports
            if arn in (None, export.job.arn) and self.clock() >= self.reached(export.created, self.readings.listing_lag)
        ]
        listed.sort(key=lambda export: export.number, reverse=self.readings.newest_first)
        token = request.get("nextToken", "0")
        if not token.isdecimal() or int(token) > len(listed):
            raise ApiError("ValidationException", "The nextToken is not one of this listing.")
        first = int(token)
        last = first + min(request.get("maxResults", 100), self.readings.page_size)
        page: dict[str, Any] = {"audienceExportJobs": [self._summary(export) for export in listed[first:last]]}
        return page | ({"nextToken": str(last)} if last < len(listed) else {})

    def _summary(self, export: Export) -> dict[str, Any]:
        status = self.status_of(export)
        pending_for, in_progress_for = self.duration_of(export)
        ended = self.reached(export.created, pending_for + in_progress_for)
        summary = {
            "name": export.name,
            "audienceGenerationJobArn": self._shown_arn(export.job.arn),
            "audienceSize": export.size,
            "status": status,
            "createTime": export.created,
            "updateTime": {
                "CREATE_PENDING": export.created,
                "CREATE_IN_PROGRESS": self.reached(export.created, pending_for),
            }.get(status, ended),
        }
        if export.description is not None:
            summary["description"] = export.description
        if status == "CREATE_FAILED":
            message = "The export could not write to its destination."
            summary["statusDetails"] = {"statusCode": self.failure_of(export), "message": message}
        visible = self.reached(export.created, pending_for + in_progress_for + self.readings.output_location_lag)
        is_there = status == "ACTIVE" and self.clock() >= visible
        if is_there and self.readings.output_locations_are_visible:
            self._write_output_once(export)
            summary["outputLocation"] = self.output_location(export)
        return summary

    def _shown_arn(self, arn: str) -> str:
        """Return the generation job's ARN as a listing shows it; a job of two accounts has one in each of them."""
        return _in_account(arn, self.readings.summaries_name_account)

    def _shown_model(self, arn: str) -> str:
        """Return the ARN of a generation job's model: one that cannot be read is another account's."""
        return _in_account(arn, "" if self.readings.models_are_readable else MODEL_OWNER)

    def output_location(self, export: Export) -> str:
        """Return the folder of an export's output."""
        bucket, _, prefix = self.models[export.job.configured_audience_model_arn].destination[5:].partition("/")
        return f"s3://{bucket}/" + f"{prefix.rstrip('/')}/export-{export.number:04}/".lstrip("/")

    def _write_output_once(self, export: Export) -> None:
        """Write a small object there the first time."""
        if export.number not in self._written:
            self._written.add(export.number)
            bucket, _, folder = self.output_location(export)[5:].partition("/")
            self.write_output(bucket, f"{folder}part-0000.csv", b"user_id\n111111\n222222\n333333\n")

    def _get_job(self, request: dict[str, Any]) -> dict[str, Any]:
        job = self._job(request["audienceGenerationJobArn"])
        created = datetime(2026, 1, 1, tzinfo=timezone.utc)
        status = self.shown_status_of_job(job)
        metrics: dict[str, Any] = {"relevanceMetrics": [_measured(size) for size in job.measured_sizes]}
        if job.recall is not None:
            metrics["recallMetric"] = job.recall
        shown: dict[str, Any] = {
            "createTime": created,
            "updateTime": created,
            "audienceGenerationJobArn": job.arn,
            "name": job.name,
            "status": status,
            "configuredAudienceModelArn": self._shown_model(job.configured_audience_model_arn),
        }
        if job.status_details and status == (job.becomes or job.status):
            shown["statusDetails"] = job.status_details
        return shown | ({"metrics": metrics} if job.measured_sizes else {})

    def _get_model(self, request: dict[str, Any]) -> dict[str, Any]:
        arn = request["configuredAudienceModelArn"]
        if not self.readings.models_are_readable:
            raise ApiError("AccessDeniedException", f"The configured audience model {arn} is another account's.")
        if arn not in self.models:
            raise ApiError("ResourceNotFoundException", f"The configured audience model {arn} does not exist.")
        model = self.models[arn]
        created = datetime(2026, 1, 1, tzinfo=timezone.utc)
        account = arn.split(":")[4]
        return {
            "createTime": created,
            "updateTime": created,
            "configuredAudienceModelArn": arn,
            "name": "configured model",
            "audienceModelArn": arn.replace(":configured-audience-model/", ":audience-model/"),
            "outputConfig": {
                "destination": {"s3Destination": {"s3Uri": model.destination}},
                "roleArn": f"arn:aws:iam::{account}:role/audience-writer",
            },
            "status": "ACTIVE",
            "sharedAudienceMetrics": ["ALL"],
            "audienceSizeConfig": {"audienceSizeType": model.size_type, "audienceSizeBins": list(model.sizes)},
        }

    def _job(self, arn: str) -> GenerationJob:
        if arn not in self.jobs:
            raise ApiError("ResourceNotFoundException", f"The audience generation job {arn} does not exist.")
        return self.jobs[arn]


def _measured(size: dict[str, Any]) -> dict[str, Any]:
    """A size of the catalog as the metrics of a generation job show it."""
    return {"audienceSize": {"type": size["type"], "value": size["value"]}, "score": size.get("score", 0.8)}


def _in_account(arn: str, account: str) -> str:
    """The ARN with another account, if one is given."""
    parts = arn.split(":")
    return ":".join([*parts[:4], account or parts[4], *parts[5:]])
