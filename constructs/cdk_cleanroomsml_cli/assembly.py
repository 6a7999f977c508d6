"""The exports that a synthesised app declares: the files of a cloud assembly (cdk.out), or one template.

A generated name depends on the stack's name, which only the assembly's manifest has. So a template is looked up in the
manifest beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cdk_cleanroomsml_cli.templates import Template

_STACK, _NESTED_ASSEMBLY = "aws:cloudformation:stack", "cdk:cloud-assembly"


class UnreadableError(Exception):
    """A file that is missing or is not what it should be."""


@dataclass(frozen=True)
class SynthesisedStack:
    """A stack of an assembly; `name`, `account` and `region` are None if only the deployment knows them."""

    folder: Path
    template_file: str
    name: str | None
    account: str | None = None
    region: str | None = None

    def template(self) -> Template:
        """Return the stack's template."""
        return _json(self.folder / self.template_file)

    def nested_template(self, parent: Template, logical_id: str) -> Template | None:
        """Return the template of a nested stack: a file asset of the stack; None if it is not in the assembly."""
        resource = parent["Resources"][logical_id]
        named = resource.get("Metadata", {}).get("aws:asset:path")
        if named and (self.folder / named).is_file():
            return _json(self.folder / named)
        address = json.dumps(resource.get("Properties", {}).get("TemplateURL", ""))
        for asset, path in self._assets():
            if asset in address:
                return _json(path)
        return None

    def _assets(self) -> Iterator[tuple[str, Path]]:
        for file in sorted(self.folder.glob("*.assets.json")):
            for asset, described in _json(file).get("files", {}).items():
                path = self.folder / described.get("source", {}).get("path", "")
                if path.suffix == ".json" and path.is_file():
                    yield asset, path


def read(path: Path, *, stack_name: str | None = None) -> list[SynthesisedStack]:
    """Return the stacks of a cloud assembly, or the one of a template.

    Args:
        path: a folder with manifest.json, or a template.
        stack_name: the stack of a template that is in no assembly.

    Raises:
        UnreadableError: there is no such file, or it is not JSON.
    """
    if path.is_dir():
        return list(_stacks_of(path))
    if not path.exists():
        raise UnreadableError(f"{path} does not exist. Run cdk synth first, or name the folder of the cloud assembly")
    if "Resources" not in _json(path):
        raise UnreadableError(f"{path} is not a template: it has no Resources")
    is_assembly = (path.parent / "manifest.json").is_file()
    known = [one for one in _stacks_of(path.parent) if one.folder / one.template_file == path] if is_assembly else []
    return known or [SynthesisedStack(path.parent, path.name, stack_name)]


def _stacks_of(folder: Path) -> Iterator[SynthesisedStack]:
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        raise UnreadableError(f"{folder} has no manifest.json, so it is no cloud assembly. Run cdk synth first")
    for artifact_id, artifact in _json(manifest).get("artifacts", {}).items():
        properties: dict[str, Any] = artifact.get("properties", {})
        if artifact.get("type") == _NESTED_ASSEMBLY:
            yield from _stacks_of(folder / properties["directoryName"])
        if artifact.get("type") == _STACK:
            account, _, region = str(artifact.get("environment", "")).removeprefix("aws://").partition("/")
            yield SynthesisedStack(
                folder,
                properties["templateFile"],
                properties.get("stackName") or artifact_id,
                None if account in ("", "unknown-account") else account,
                None if region in ("", "unknown-region") else region,
            )


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise UnreadableError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise UnreadableError(f"{path} cannot be read: it is JSON, but not an object")
    return content
