"""What each peer puts into a stack: resources, functions, roles, and bytes of templates and assets."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from aws_cdk import App as CdkApp
from aws_cdk import Stack
from aws_cdk.cx_api import CloudAssembly

from bench.figure import Figure, Goal, Plot, Table
from bench.peers.apps import APPS, PROJECT, App

COUNTS = (1, 10, 100, 450)
# "AWS CloudFormation quotas" in its user guide: resources of a stack, and bytes of a template in S3.
RESOURCES, TEMPLATE_BYTES = 500, 1_000_000


@dataclass(frozen=True)
class Footprint:
    """Of one stack; `asset_bytes` are those of the zip files that are uploaded."""

    resources: int
    functions: int
    roles: int
    template_bytes: int
    asset_bytes: int


def measure(counts: tuple[int, ...] = COUNTS) -> Figure:
    """Synthesise a stack of each peer for each number of exports."""
    return figure_of({app.name: [footprint_of(app, count) for count in counts] for app in APPS}, counts)


def figure_of(found: dict[str, list[Footprint]], counts: tuple[int, ...]) -> Figure:
    """The figure of what was counted: for each peer one footprint for each number of exports."""
    return Figure(
        title="Footprint",
        how=(
            "Each peer's app is synthesised with that many exports of as many generation jobs in one stack, by the "
            "same aws-cdk-lib. Resources are counted in the template, whose bytes are those of its compact JSON. Asset "
            "bytes are those of zip files with the usual compression. There is no spread: the same versions give the "
            "same numbers. The CDK's metadata resource is left out."
        ),
        tables=[
            _fixed_parts(counts, found),
            _by_count("Resources of the stack", counts, found, "resources"),
            _by_count("Bytes of the template", counts, found, "template_bytes"),
        ],
        goals=_goals(found[PROJECT.name], counts),
        notes=[
            f"CloudFormation takes at most {RESOURCES} resources in a stack and {TEMPLATE_BYTES:,} bytes in a "
            "template. What exceeds them cannot be deployed as one stack; it is shown as what was synthesised.",
            "This project's resources include a log group and the settings of delivery, which the peers leave to "
            "Lambda's defaults. AwsCustomResource makes a policy for each resource; with one role for all of them it "
            "has one resource for each export. Its asset is the CDK's handler, which the CDK brings along.",
        ],
        plots=[
            Plot(
                "footprint",
                "Resources of a stack",
                "resources",
                [str(count) for count in counts],
                {name: [float(one.resources) for one in footprints] for name, footprints in found.items()},
                is_logarithmic=True,
            )
        ],
    )


def footprint_of(app: App, count: int) -> Footprint:
    """Synthesise one stack, and count what is in it."""
    with TemporaryDirectory() as folder:
        # Without the metadata resource, which tells AWS the versions and is the same for all.
        cdk_app = CdkApp(
            outdir=str(Path(folder, "out")), analytics_reporting=False, context={"@aws-cdk/core:stackResourceLimit": 0}
        )
        stack = Stack(cdk_app, "Campaigns")
        app.declare(stack, count, Path(folder, "code"))
        assembly = cdk_app.synth()
        template = json.loads(Path(assembly.directory, f"{stack.artifact_id}.template.json").read_text())
        types = Counter(resource["Type"] for resource in template["Resources"].values())
        return Footprint(
            resources=types.total(),
            functions=types["AWS::Lambda::Function"],
            roles=types["AWS::IAM::Role"],
            template_bytes=len(json.dumps(template, separators=(",", ":")).encode()),
            asset_bytes=_asset_bytes(assembly),
        )


def _asset_bytes(assembly: CloudAssembly) -> int:
    return sum(_zipped(path) for path in Path(assembly.directory).glob("asset.*"))


def _zipped(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path.rglob("*")):
            if file.is_file():
                archive.writestr(zipfile.ZipInfo(str(file.relative_to(path))), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return len(kept.getvalue())


def _fixed_parts(counts: tuple[int, ...], found: dict[str, list[Footprint]]) -> Table:
    rows: list[list[str | int | float]] = []
    for name, footprints in found.items():
        one, more = footprints[0], footprints[1]
        each = (more.resources - one.resources) / (counts[1] - counts[0])
        rows.append(
            [name, one.resources, f"{one.resources - each:g} + {each:g}", one.functions, one.roles, one.asset_bytes]
        )
    columns = ["peer", "resources, one export", "fixed + per export", "functions", "roles", "asset bytes (zip)"]
    return Table("A stack with one export", columns, rows)


def _by_count(title: str, counts: tuple[int, ...], found: dict[str, list[Footprint]], field: str) -> Table:
    rows: list[list[str | int | float]] = [
        [name, *(getattr(one, field) for one in footprints)] for name, footprints in found.items()
    ]
    return Table(title, ["peer", *(f"{count} exports" if count > 1 else "1 export" for count in counts)], rows)


def _goals(own: list[Footprint], counts: tuple[int, ...]) -> list[Goal]:
    each = (own[1].resources - own[0].resources) / (counts[1] - counts[0])
    fixed = own[0].resources - each
    last = own[-1]
    return [
        Goal("7 to 8 resources, and one for each export", f"{fixed:g} + {each:g}", fixed <= 8 and each == 1),
        Goal(
            f"{counts[-1]} exports fit into a stack",
            f"{last.resources} resources, {last.template_bytes:,} bytes",
            last.resources <= RESOURCES and last.template_bytes <= TEMPLATE_BYTES,
        ),
    ]
