"""The only caller of Clean Rooms ML: lists exports, starts one, and reads what may explain a refusal.

No call is repeated here or inside botocore: a repeated Start may have been submitted twice, and the steps of the
state machine repeat everything else. Members that older SDKs in the Lambda runtime do not model are read with `.get`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timezone
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from audience_export_handler.core.facts import (
    BEING_CREATED,
    ErrorKind,
    ExportJob,
    JobMetrics,
    RefusalFacts,
    ServiceError,
)
from audience_export_handler.core.request import ExportRequest
from audience_export_handler.core.timing import CONNECT_SECONDS, READ_SECONDS
from cdk_cleanroomsml_contract.export_properties import AudienceSize

if TYPE_CHECKING:
    from mypy_boto3_cleanroomsml.client import CleanRoomsMLClient

logger = logging.getLogger(__name__)

_CONFIG = Config(retries={"total_max_attempts": 1}, connect_timeout=CONNECT_SECONDS, read_timeout=READ_SECONDS)
# In the codes of throttling: ThrottlingException, Throttling, ThrottledException, TooManyRequestsException …
_THROTTLES = ("Throttl", "TooManyRequests", "RequestLimitExceeded")
# What AWS says of a permission, or of the credentials of a new role, that is not known everywhere yet.
_DENIALS = {
    "AccessDenied",
    "AccessDeniedException",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}

# Whether there is time for another call: a listing has any number of pages, and an explanation is only best effort.
InTime = Callable[[], bool]


def list_exports(audience_generation_job_arn: str, in_time: InTime) -> tuple[ExportJob, ...]:
    """Return every export of a generation job, over all pages."""
    listed = _listed(audience_generation_job_arn, in_time, audienceGenerationJobArn=audience_generation_job_arn)
    return tuple(one for one in listed if one.audience_generation_job_arn == audience_generation_job_arn)


def list_account(audience_generation_job_arn: str, in_time: InTime) -> tuple[ExportJob, ...] | None:
    """Return the account's exports, of every generation job; None if they cannot be listed.

    Exports of the given job get the given ARN, because the service may show the job's other one.
    """
    try:
        return _listed(audience_generation_job_arn, in_time) if in_time() else None
    except ServiceError:
        return None


def start_export(request: ExportRequest, name: str) -> None:
    """Start the export under `name`, once; ServiceError says what is known about its effect."""
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


def read_model_account(audience_generation_job_arn: str) -> str:
    """Return the account of the configured audience model of a generation job; empty if it cannot be read."""
    try:
        return _account_of(_job(audience_generation_job_arn).get("configuredAudienceModelArn", ""))
    except ServiceError:
        return ""


def read_metrics(audience_generation_job_arn: str) -> JobMetrics:
    """Return a generation job's status and metrics; ServiceError: it cannot be read."""
    job = _job(audience_generation_job_arn)
    metrics = job.get("metrics") or {}
    scores = {
        AudienceSize(one["audienceSize"]["type"], one["audienceSize"]["value"]): float(one["score"])
        for one in metrics.get("relevanceMetrics", [])
        if "score" in one
    }
    return JobMetrics(job["status"], scores, metrics.get("recallMetric"))


def read_refusal_facts(audience_generation_job_arn: str, in_time: InTime, *, is_waiting: bool = False) -> RefusalFacts:
    """Return what the generation job and its model say that may explain a refused start; best effort.

    `is_waiting` says that the request waits for a job that is being created: then the model was read before.
    """
    try:
        job = _job(audience_generation_job_arn)
    except ServiceError as error:
        return RefusalFacts(unread=error.kind)
    status = job.get("status", "ACTIVE")
    arn = job.get("configuredAudienceModelArn", "")
    needs_model = not (is_waiting and status in BEING_CREATED)
    offered = _offered_sizes(arn) if arn and needs_model and in_time() else ()
    measured = [metric["audienceSize"] for metric in job.get("metrics", {}).get("relevanceMetrics", [])]
    return RefusalFacts(
        "" if status == "ACTIVE" else status,
        offered,
        tuple(AudienceSize(size["type"], size["value"]) for size in measured),
        _account_of(arn),
        _details_of(job),
    )


def _job(audience_generation_job_arn: str) -> Any:
    """The generation job; ServiceError: it cannot be read."""
    try:
        return _client().get_audience_generation_job(audienceGenerationJobArn=audience_generation_job_arn)
    except (ClientError, BotoCoreError) as error:
        logger.warning("The generation job cannot be read: %s", error)
        raise _service_error(error) from error


def _details_of(job: Any) -> str:
    details = job.get("statusDetails") or {}
    return ": ".join(part for part in (details.get("statusCode"), details.get("message")) if part)


def _offered_sizes(configured_audience_model_arn: str) -> tuple[AudienceSize, ...]:
    try:
        model: Any = _client().get_configured_audience_model(configuredAudienceModelArn=configured_audience_model_arn)
    except (ClientError, BotoCoreError):
        return ()
    sizes = model.get("audienceSizeConfig") or {}
    return tuple(AudienceSize(sizes["audienceSizeType"], value) for value in sizes.get("audienceSizeBins", []))


def _listed(own_job_arn: str, in_time: InTime, **filters: Any) -> tuple[ExportJob, ...]:
    """Every page. Exports of the request's generation job get the ARN by which the request knows it."""
    pages = _client().get_paginator("list_audience_export_jobs").paginate(**filters, PaginationConfig={"PageSize": 100})
    listed: list[ExportJob] = []
    has_begun = False
    try:
        for page in pages:
            has_begun = True
            listed += [_export(summary) for summary in page["audienceExportJobs"]]
            if "nextToken" in page and not in_time():
                message = "the listing has more pages than there is time for"
                raise ServiceError("ListingTooSlow", message, ErrorKind.UNANSWERED)
    except (ClientError, BotoCoreError) as error:
        failed = _service_error(error)
        if has_begun and failed.kind is ErrorKind.REFUSED:
            # Only the page token differs from the request that succeeded. It may have expired, so list anew.
            raise ServiceError(failed.code, failed.message, ErrorKind.UNANSWERED) from error
        raise failed from error
    own = _without_account(own_job_arn)
    return tuple(
        replace(one, audience_generation_job_arn=own_job_arn)
        if _without_account(one.audience_generation_job_arn) == own
        else one
        for one in listed
    )


def _account_of(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else ""


def _without_account(arn: str) -> list[str]:
    """A cross-account generation job has one ARN for each of the two accounts; a summary may show either."""
    parts = arn.split(":")
    return parts[:4] + parts[5:]


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
        return ServiceError("ValidationException", str(error), ErrorKind.REFUSED)
    if not isinstance(error, ClientError):
        return ServiceError(type(error).__name__, str(error), ErrorKind.UNANSWERED)
    code = error.response.get("Error", {}).get("Code") or "UnknownError"
    message = error.response.get("Error", {}).get("Message") or "the service gave no message"
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if status == 429 or any(word in code for word in _THROTTLES):
        return ServiceError(code, message, ErrorKind.THROTTLED)
    if code in _DENIALS or status in (401, 403):
        return ServiceError(code, message, ErrorKind.DENIED)
    if status >= 500 or code.startswith("RequestTimeout"):
        return ServiceError(code, message, ErrorKind.UNANSWERED)
    # Only an SDK that models this member keeps it.
    members: dict[str, Any] = {**error.response}
    return ServiceError(code, message, ErrorKind.REFUSED, members.get("quotaValue"))


@cache
def _client() -> CleanRoomsMLClient:
    return boto3.client("cleanroomsml", config=_CONFIG)
