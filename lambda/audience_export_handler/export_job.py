"""The only caller of Clean Rooms ML: lists exports, starts one, and looks up why a start was refused.

No call is repeated here or inside botocore: a repeated Start may have been submitted twice, and the steps of the
state machine repeat everything else. Members that older SDKs in the Lambda runtime do not model are read with `.get`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from audience_export_handler.export_request import AudienceSize, ExportRequest

if TYPE_CHECKING:
    from mypy_boto3_cleanroomsml.client import CleanRoomsMLClient

# Together below the function's time-out, also for a listing of several pages.
_CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=10)
_THROTTLES = {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}


# Whether there is time for another call: a listing has any number of pages, and an explanation is only best effort.
InTime = Callable[[], bool]


class Outcome(Enum):
    """What an error says about the call: it was refused, or put off, or nobody knows whether it took effect."""

    REFUSED = "refused"
    THROTTLED = "throttled"
    UNKNOWN = "unknown"


class ServiceError(Exception):
    """An error of one call of the service, with its code and its own message; `quota_value` where it tells one."""

    def __init__(self, code: str, message: str, outcome: Outcome, quota_value: float | None = None) -> None:
        self.code = code
        self.message = message
        self.outcome = outcome
        self.quota_value = quota_value
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True)
class ExportJob:
    """One listed export; `output_location` is empty until the service tells it."""

    name: str
    audience_generation_job_arn: str
    audience_size: AudienceSize
    status: str
    create_time: datetime
    update_time: datetime
    output_location: str = ""
    status_code: str = ""
    status_message: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether it ended in CREATE_FAILED."""
        return self.status == "CREATE_FAILED"

    def __str__(self) -> str:
        return f"{self.audience_size}, status {self.status}, created {self.create_time.isoformat()}"


def list_exports(audience_generation_job_arn: str, in_time: InTime) -> tuple[ExportJob, ...]:
    """Return every export of a generation job, over all pages."""
    return _listed(in_time, audienceGenerationJobArn=audience_generation_job_arn)


def list_account(in_time: InTime) -> tuple[ExportJob, ...] | None:
    """Return the account's exports, of every generation job; None where they cannot be listed."""
    try:
        return _listed(in_time) if in_time() else None
    except ServiceError:
        return None


def start_export(request: ExportRequest, name: str) -> None:
    """Start the export under `name`, once; ServiceError tells what is known about the outcome."""
    parameters: dict[str, Any] = {
        "name": name,
        "audienceGenerationJobArn": request.audience_generation_job_arn,
        "audienceSize": {"type": request.audience_size.type, "value": request.audience_size.value},
    }
    if request.description is not None:
        parameters["description"] = request.description
    try:
        _client().start_audience_export_job(**parameters)
    except (ClientError, BotoCoreError) as error:
        raise _service_error(error) from error


def explain_refusal(request: ExportRequest, in_time: InTime) -> str:
    """Return what the generation job and its model say that bears on a refused start; best effort, may be empty."""
    if not in_time():
        return ""
    try:
        job = _client().get_audience_generation_job(audienceGenerationJobArn=request.audience_generation_job_arn)
    except (ClientError, BotoCoreError):
        return ""
    parts = []
    if job.get("status", "ACTIVE") != "ACTIVE":
        parts.append(f"The generation job is {job['status']}; only an ACTIVE one can be exported.")
    offered = _offered_sizes(job.get("configuredAudienceModelArn", "")) if in_time() else []
    if offered and request.audience_size not in offered:
        parts.append(f"The configured audience model offers these audience sizes: {_size_list(offered)}.")
    measured = _measured_sizes(job.get("metrics", {}))
    if measured and request.audience_size not in measured and set(measured) != set(offered):
        parts.append(f"The generation job was measured at these audience sizes: {_size_list(measured)}.")
    return " ".join(parts)


def _offered_sizes(configured_audience_model_arn: str) -> list[AudienceSize]:
    try:
        model: Any = _client().get_configured_audience_model(configuredAudienceModelArn=configured_audience_model_arn)
    except (ClientError, BotoCoreError):
        return []
    sizes = model.get("audienceSizeConfig") or {}
    return [AudienceSize(sizes["audienceSizeType"], value) for value in sizes.get("audienceSizeBins", [])]


def _measured_sizes(metrics: Any) -> list[AudienceSize]:
    sizes = [metric["audienceSize"] for metric in metrics.get("relevanceMetrics", [])]
    return [AudienceSize(size["type"], size["value"]) for size in sizes]


def _size_list(sizes: list[AudienceSize]) -> str:
    by_type: dict[str, list[int]] = {}
    for size in sizes:
        by_type.setdefault(size.type, []).append(size.value)
    return "; ".join(f"{kind} {', '.join(str(value) for value in sorted(by_type[kind]))}" for kind in sorted(by_type))


def _listed(in_time: InTime, **filters: Any) -> tuple[ExportJob, ...]:
    pages = _client().get_paginator("list_audience_export_jobs").paginate(**filters, PaginationConfig={"PageSize": 100})
    wanted = filters.get("audienceGenerationJobArn")
    listed: list[ExportJob] = []
    try:
        for page in pages:
            listed += [_export(summary) for summary in page["audienceExportJobs"]]
            if "nextToken" in page and not in_time():
                raise ServiceError(
                    "ListingTooSlow", "the listing has more pages than there is time for", Outcome.UNKNOWN
                )
    except (ClientError, BotoCoreError) as error:
        raise _service_error(error) from error
    return tuple(export for export in listed if wanted in (None, export.audience_generation_job_arn))


def _export(summary: Any) -> ExportJob:
    details = summary.get("statusDetails") or {}
    return ExportJob(
        name=summary["name"],
        audience_generation_job_arn=summary["audienceGenerationJobArn"],
        audience_size=AudienceSize(summary["audienceSize"]["type"], summary["audienceSize"]["value"]),
        status=summary["status"],
        create_time=summary["createTime"].astimezone(timezone.utc),
        update_time=summary.get("updateTime", summary["createTime"]).astimezone(timezone.utc),
        output_location=summary.get("outputLocation", ""),
        status_code=details.get("statusCode", ""),
        status_message=details.get("message", ""),
    )


def _service_error(error: ClientError | BotoCoreError) -> ServiceError:
    if isinstance(error, ParamValidationError):
        return ServiceError("ValidationException", str(error), Outcome.REFUSED)
    if not isinstance(error, ClientError):
        return ServiceError(type(error).__name__, str(error), Outcome.UNKNOWN)
    code = error.response.get("Error", {}).get("Code") or "UnknownError"
    message = error.response.get("Error", {}).get("Message") or "the service gave no message"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _THROTTLES or status == 429:
        return ServiceError(code, message, Outcome.THROTTLED)
    if status >= 500:
        return ServiceError(code, message, Outcome.UNKNOWN)
    # Only an SDK that models this member keeps it.
    members: dict[str, Any] = {**error.response}
    return ServiceError(code, message, Outcome.REFUSED, members.get("quotaValue"))


@cache
def _client() -> CleanRoomsMLClient:
    return boto3.client("cleanroomsml", config=_CONFIG)
