"""Reads a cloud assembly (`cdk.out`): its stacks in the order of their dependencies, with templates and assets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

_UNKNOWN = ("unknown-account", "unknown-region")


class NotDeployableError(Exception):
    """There is no such stack, or it needs what the local cloud does not have; the message says what."""


class HasDirectory(Protocol):
    """What `synth` returns: a cloud assembly."""

    @property
    def directory(self) -> str:
        """The folder that the app was synthesised into."""


class Synthesises(Protocol):
    """An `aws_cdk.App` or an `aws_cdk.Stage`."""

    def synth(self) -> HasDirectory:
        """Synthesise."""


@dataclass(frozen=True)
class Asset:
    """A file or a folder that a stack needs in a bucket; a folder is stored as a zip file."""

    source: Path
    bucket: str
    key: str


@dataclass(frozen=True)
class SynthesisedStack:
    """One stack of an assembly.

    Attributes:
        artifact: its id in the assembly, which is unique there; stacks of two stages can have one name.
        depends_on: the artifacts that are deployed first.
        account, region: empty if the stack is for any.
        template_url: ``s3://bucket/key`` of the template, if it is an asset of the stack, or empty.
        version_parameter: the parameter in which `cdk bootstrap` stores its version, or empty.
    """

    artifact: str
    name: str
    template: Path
    assets: tuple[Asset, ...]
    depends_on: tuple[str, ...]
    account: str
    region: str
    template_url: str
    version_parameter: str


def folder_of(app: Synthesises | str | Path) -> Path:
    """Return the folder of the cloud assembly, and synthesise an app for it."""
    return Path(app) if isinstance(app, (str, Path)) else Path(app.synth().directory)


def read(folder: Path) -> list[SynthesisedStack]:
    """Return the stacks of an assembly and of the assemblies in it, each after those that it depends on."""
    stacks = {stack.artifact: stack for stack in _stacks(folder)}
    ordered: dict[str, SynthesisedStack] = {}

    def place(stack: SynthesisedStack) -> None:
        if stack.artifact not in ordered:
            for artifact in stack.depends_on:
                if artifact in stacks:
                    place(stacks[artifact])
            ordered[stack.artifact] = stack

    for stack in stacks.values():
        place(stack)
    return list(ordered.values())


def needed_for(stack: SynthesisedStack, stacks: list[SynthesisedStack]) -> list[SynthesisedStack]:
    """Return the stacks that a stack depends on, directly or not, in the order of `stacks`."""
    needed, waiting = set(), list(stack.depends_on)
    while waiting:
        artifact = waiting.pop()
        if artifact not in needed:
            needed.add(artifact)
            waiting += [one for other in stacks if other.artifact == artifact for one in other.depends_on]
    return [other for other in stacks if other.artifact in needed]


def _stacks(folder: Path) -> Iterator[SynthesisedStack]:
    manifest = folder / "manifest.json"
    if not manifest.exists():
        raise NotDeployableError(f"{folder} is no cloud assembly: it has no manifest.json")
    artifacts = json.loads(manifest.read_text())["artifacts"]
    for artifact, entry in artifacts.items():
        if entry["type"] == "cdk:cloud-assembly":
            yield from _stacks(folder / entry["properties"]["directoryName"])
        elif entry["type"] == "aws:cloudformation:stack":
            yield _stack(folder, artifact, entry, artifacts)


def _stack(folder: Path, artifact: str, entry: dict[str, Any], artifacts: dict[str, Any]) -> SynthesisedStack:
    properties = entry["properties"]
    account, _, region = entry["environment"].removeprefix("aws://").partition("/")
    depends_on = entry.get("dependencies", [])
    return SynthesisedStack(
        artifact=artifact,
        name=properties.get("stackName", artifact),
        template=folder / properties["templateFile"],
        assets=tuple(
            asset
            for other in depends_on
            if artifacts.get(other, {}).get("type") == "cdk:asset-manifest"
            for asset in _assets(folder / artifacts[other]["properties"]["file"])
        ),
        depends_on=tuple(depends_on),
        account="" if account in _UNKNOWN else account,
        region="" if region in _UNKNOWN else region,
        template_url=properties.get("stackTemplateAssetObjectUrl", ""),
        version_parameter=properties.get("bootstrapStackVersionSsmParameter", ""),
    )


def _assets(manifest: Path) -> Iterator[Asset]:
    content = json.loads(manifest.read_text())
    if content.get("dockerImages"):
        raise NotDeployableError(f"{manifest.name} has container images, which the local cloud does not build")
    for asset in content.get("files", {}).values():
        if "path" not in asset["source"]:
            raise NotDeployableError(f"{manifest.name} has an asset that a command makes, which is not run here")
        for destination in asset["destinations"].values():
            source = manifest.parent / asset["source"]["path"]
            yield Asset(source, destination["bucketName"], destination["objectKey"])
