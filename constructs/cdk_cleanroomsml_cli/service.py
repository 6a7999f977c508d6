"""The only caller of Clean Rooms ML on the command line. It reads, and botocore repeats what is throttled."""

from __future__ import annotations

from dataclasses import replace
from datetime import timezone
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cdk_cleanroomsml_cli.facts import GenerationJob, ListedExport, Unread, same_job
from cdk_cleanroomsml_contract.export_properties import AudienceSize


def list_exports(client: Any, job: str | None = None) -> tuple[ListedExport, ...] | Unread:
    """Return every export of a generation job, or of the account, over all pages.

    A listing may show the ARN that a shared generation job has in the other account; only the own one can be used.
    """
    filters = {"audienceGenerationJobArn": job} if job else {}
    pages = client.get_paginator("list_audience_export_jobs").paginate(**filters, PaginationConfig={"PageSize": 100})
    try:
        listed = tuple(_export(one, job) for page in pages for one in page["audienceExportJobs"])
    except (ClientError, BotoCoreError) as error:
        return unread("ListAudienceExportJobs", error)
    return listed


def read_job(client: Any, job: str) -> GenerationJob | Unread:
    """Return a generation job and the sizes of its model."""
    try:
        read = client.get_audience_generation_job(audienceGenerationJobArn=job)
    except client.exceptions.ResourceNotFoundException:
        return GenerationJob("")
    except (ClientError, BotoCoreError) as error:
        return unread("GetAudienceGenerationJob", error)
    metrics = (read.get("metrics") or {}).get("relevanceMetrics") or []
    model = read.get("configuredAudienceModelArn", "")
    return GenerationJob(
        read["status"],
        _offered(client, model) if model else (),
        {_size(metric["audienceSize"]): metric.get("score") for metric in metrics},
        model.split(":")[4] if model.count(":") >= 5 else "",
    )


def is_being_created(client: Any, job: str) -> bool | Unread:
    """Return whether a generation job may still become ACTIVE."""
    try:
        status = client.get_audience_generation_job(audienceGenerationJobArn=job)["status"]
    except client.exceptions.ResourceNotFoundException:
        return False
    except (ClientError, BotoCoreError) as error:
        return unread("GetAudienceGenerationJob", error)
    return GenerationJob(status).is_being_created


def in_account(export: ListedExport, account: str) -> ListedExport:
    """Return the export with the ARN that its generation job has in an account; a listing may show the other one."""
    parts = export.job.split(":")
    return replace(export, job=":".join([*parts[:4], account, *parts[5:]]))


def unread(operation: str, error: ClientError | BotoCoreError) -> Unread:
    """Return what an error of a call says."""
    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        return Unread(operation, said.get("Code") or "UnknownError", said.get("Message") or "")
    return Unread(operation, type(error).__name__, str(error))


def _offered(client: Any, model: str) -> tuple[AudienceSize, ...] | Unread:
    try:
        config = client.get_configured_audience_model(configuredAudienceModelArn=model).get("audienceSizeConfig") or {}
    except (ClientError, BotoCoreError) as error:
        return unread("GetConfiguredAudienceModel", error)
    return tuple(AudienceSize(config["audienceSizeType"], value) for value in config.get("audienceSizeBins", []))


def _export(summary: Any, job: str | None) -> ListedExport:
    shown = summary["audienceGenerationJobArn"]
    created = summary["createTime"].astimezone(timezone.utc)
    return ListedExport(
        summary["name"],
        job if job and same_job(job, shown) else shown,
        _size(summary["audienceSize"]),
        summary["status"],
        created,
        summary.get("updateTime", created).astimezone(timezone.utc),
    )


def _size(size: Any) -> AudienceSize:
    return AudienceSize(size["type"], size["value"])
