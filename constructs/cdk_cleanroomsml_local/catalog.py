"""The emulator's data: generation jobs and configured audience models, read from a file when it starts."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

DEMO = Path(__file__).with_name("catalog.json")


@dataclass(frozen=True)
class GenerationJob:
    """A generation job; `fails_exports` is the status code of its exports if they fail, and empty if they succeed.

    Its status is `status` until `changes_after`, counted from when the emulator began, and then `becomes`, if that is
    given. `status_details` are those of its last status.
    """

    arn: str
    configured_audience_model_arn: str
    status: str = "ACTIVE"
    name: str = "lookalikes"
    measured_sizes: tuple[dict[str, Any], ...] = ()
    fails_exports: str = ""
    recall: float | None = None
    becomes: str = ""
    changes_after: timedelta = timedelta(0)
    status_details: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ConfiguredAudienceModel:
    """A configured audience model: the sizes that it offers, and where its exports go."""

    arn: str
    size_type: str = "PERCENTAGE"
    sizes: tuple[int, ...] = (1, 5, 10, 20)
    destination: str = "s3://audiences/lookalikes"


@dataclass(frozen=True)
class Catalog:
    """The jobs and models of one catalog, by ARN."""

    jobs: dict[str, GenerationJob]
    models: dict[str, ConfiguredAudienceModel]


def read(path: Path) -> Catalog:
    """Read a catalog file; `catalog.json` beside this module shows the format."""
    data = json.loads(path.read_text())
    jobs = [_job(entry) for entry in data["audienceGenerationJobs"]]
    models = [_model(entry) for entry in data["configuredAudienceModels"]]
    return Catalog({job.arn: job for job in jobs}, {model.arn: model for model in models})


def _job(entry: dict[str, Any]) -> GenerationJob:
    return GenerationJob(
        arn=entry["audienceGenerationJobArn"],
        configured_audience_model_arn=entry["configuredAudienceModelArn"],
        name=entry["name"],
        status=entry.get("status", "ACTIVE"),
        measured_sizes=tuple(entry.get("measuredSizes", ())),
        fails_exports=entry.get("failsExportsWith", ""),
        recall=entry.get("recall"),
        becomes=entry.get("becomes", ""),
        changes_after=timedelta(seconds=entry.get("changesAfterSeconds", 0)),
        status_details=entry.get("statusDetails", {}),
    )


def _model(entry: dict[str, Any]) -> ConfiguredAudienceModel:
    return ConfiguredAudienceModel(
        arn=entry["configuredAudienceModelArn"],
        size_type=entry["audienceSizeConfig"]["audienceSizeType"],
        sizes=tuple(entry["audienceSizeConfig"]["audienceSizeBins"]),
        destination=entry["destination"],
    )
