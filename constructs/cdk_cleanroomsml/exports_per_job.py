"""Warns at synth if an app declares more exports of one generation job than the service allows."""

from __future__ import annotations

from collections import Counter
from weakref import WeakKeyDictionary

from aws_cdk import Annotations
from constructs import IConstruct

from cdk_cleanroomsml.tokens import is_token
from cdk_cleanroomsml_contract.api_limits import ACTIVE_OF_JOB

_WARNING = "cdk-cleanroomsml:exportsPerGenerationJob"

_declared: WeakKeyDictionary[IConstruct, Counter[str]] = WeakKeyDictionary()


def count(export: IConstruct, app: IConstruct, audience_generation_job_arn: str) -> None:
    """Count an export of a literal ARN over the whole app, and warn at the first one too many."""
    if is_token(audience_generation_job_arn):
        return
    of_app = _declared.setdefault(app, Counter())
    of_app[audience_generation_job_arn] += 1
    if of_app[audience_generation_job_arn] == ACTIVE_OF_JOB + 1:
        Annotations.of(export).add_warning_v2(
            _WARNING,
            f"this is export {ACTIVE_OF_JOB + 1} of generation job {audience_generation_job_arn}; the service allows "
            f"{ACTIVE_OF_JOB}, and none can be deleted, so its deployment fails unless AWS has raised the quota",
        )
