"""Cloud assemblies as the CDK writes them, without the CDK: quick, and with any template."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cdk_cleanroomsml_cli.facts import EXPORT_TYPE
from tests.builders.arns import JOB

Resources = dict[str, Any]


def resource(*, path: str = "", job: object = JOB, percent: object = 10, **properties: Any) -> Resources:
    """A custom resource of an export, as the construct declares it."""
    declared = {
        "ServiceToken": {"Fn::GetAtt": ["Handler", "Arn"]},
        "StateMachineArn": {"Fn::GetAtt": ["StateMachine", "Arn"]},
        "AudienceGenerationJobArn": job,
        "AudienceSize": {"Type": "PERCENTAGE", "Value": percent},
    }
    metadata = {"Metadata": {"aws:cdk:path": f"{path}/Resource"}} if path else {}
    return {"Type": EXPORT_TYPE, "Properties": declared | properties} | metadata


def template(**resources: Resources) -> dict[str, Any]:
    return {"Resources": resources}


def write_assembly(
    folder: Path, stacks: dict[str, dict[str, Any]], *, environment: str = "unknown-account/unknown-region"
) -> Path:
    """Write a manifest and the templates of stacks by name."""
    folder.mkdir(parents=True, exist_ok=True)
    artifacts = {}
    for number, (name, body) in enumerate(stacks.items()):
        file = f"Stack{number}.template.json"
        (folder / file).write_text(json.dumps(body))
        properties = {"templateFile": file, "stackName": name}
        artifacts[f"Stack{number}"] = {
            "type": "aws:cloudformation:stack",
            "environment": f"aws://{environment}",
            "properties": properties,
        }
    (folder / "manifest.json").write_text(json.dumps({"version": "55.0.0", "artifacts": artifacts}))
    return folder
