"""Stacks that declare an audience export."""

from typing import Any

from aws_cdk import Stack

from cdk_cleanroomsml import AudienceExport, AudienceSize
from tests.builders.arns import JOB

EXPORT = "Custom::CleanRoomsMLAudienceExport"


def declare(stack: Stack, construct_id: str = "Export", **changes: Any) -> AudienceExport:
    """Declare an export of ten percent, with arguments of the test's choice."""
    arguments: dict[str, Any] = {"audience_generation_job_arn": JOB, "audience_size": AudienceSize.percentage(10)}
    return AudienceExport(stack, construct_id, **(arguments | changes))
