"""What all peers do with an audience export: code that a careful user writes once, whatever runs it.

A start has no client token. So a start that is refused because the name exists is treated as one that was sent before,
if an export of that name and size is listed: that makes the handlers idempotent, as every peer's documentation asks.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from mypy_boto3_cleanroomsml.client import CleanRoomsMLClient
    from mypy_boto3_cleanroomsml.type_defs import AudienceExportJobSummaryTypeDef

Properties = dict[str, Any]


@cache
def service() -> CleanRoomsMLClient:
    """Return the client, one for each container."""
    return boto3.client("cleanroomsml")


def start(properties: Properties) -> str:
    """Start the export that the properties declare, unless it was started before; its name."""
    client, name = service(), str(properties["Name"])
    try:
        client.start_audience_export_job(
            name=name,
            audienceGenerationJobArn=properties["AudienceGenerationJobArn"],
            audienceSize={"type": properties["SizeType"], "value": int(properties["SizeValue"])},
        )
    except client.exceptions.ConflictException:
        if find(properties) is None:
            raise
    return name


def find(properties: Properties) -> AudienceExportJobSummaryTypeDef | None:
    """Return the listed export of the declared name and size, None if there is none."""
    pages = service().get_paginator("list_audience_export_jobs")
    for page in pages.paginate(audienceGenerationJobArn=properties["AudienceGenerationJobArn"]):
        for job in page["audienceExportJobs"]:
            size = job["audienceSize"]
            is_same_size = (size["type"], size["value"]) == (properties["SizeType"], int(properties["SizeValue"]))
            if job["name"] == properties["Name"] and is_same_size:
                return job
    return None


def attributes_once_active(properties: Properties) -> dict[str, str] | None:
    """Return the attributes of the export if it is ACTIVE, None if it has not ended.

    Raises:
        RuntimeError: the export has failed.
    """
    job = find(properties)
    if job is None or job["status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
        return None
    if job["status"] != "ACTIVE":
        raise RuntimeError(f"the export {job['name']} is {job['status']}: {job.get('statusDetails')}")
    return {"Name": job["name"], "Status": job["status"], "OutputLocation": job.get("outputLocation", "")}


def wants_another(event: dict[str, Any]) -> bool:
    """Whether an Update declares another export than before."""
    old, new = event["OldResourceProperties"], event["ResourceProperties"]
    keys = ("AudienceGenerationJobArn", "Name", "SizeType", "SizeValue")
    return any(old.get(key) != new.get(key) for key in keys)
