"""An app that deploys one stack to several stages, by itself or by a pipeline."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aws_cdk import App, Environment, Stack, Stage
from aws_cdk.aws_s3 import Bucket
from aws_cdk.pipelines import CodePipeline, CodePipelineSource, ShellStep

from cdk_cleanroomsml import OnConflict
from cdk_cleanroomsml_contract.identity import export_name
from tests.builders.arns import ACCOUNT
from tests.builders.stacks import EXPORT, declare
from tests.builders.templates import Template, only_one, templates_of

HERE = Environment(account=ACCOUNT, region="us-east-1")


def staged(scope: App | Stack, **arguments: Any) -> list[Stage]:
    """Two stages with the same stack."""
    stages = [Stage(scope, name, env=HERE) for name in ("Dev", "Prod")]
    for stage in stages:
        declare(Stack(stage, "Campaigns"), **arguments)
    return stages


def test_generated_names_differ_by_the_name_of_the_stack() -> None:
    names = set()
    for stage in staged(App()):
        [(stack_name, template)] = templates_of(stage).items()
        [logical_id, export] = only_one(template, EXPORT)
        stack_id = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{stack_name}/1"
        names.add(export_name(export["Properties"], stack_id=stack_id, logical_id=logical_id))
    assert len(names) == 2


def test_a_given_name_may_be_the_same_in_each() -> None:
    """Whether it is taken depends on the account, so the deployment says it."""
    staged(App(), name="spring", on_conflict=OnConflict.FAIL)


def sources(folder: Path) -> Iterator[Path]:
    """Where the assembly's manifests say that the files of its assets are."""
    for manifest in folder.rglob("*.assets.json"):
        for asset in json.loads(manifest.read_text())["files"].values():
            assert not Path(asset["source"]["path"]).is_absolute()
            yield manifest.parent / asset["source"]["path"]


def test_the_assembly_can_be_moved(tmp_path: Path) -> None:
    """A pipeline synthesises on one machine, and deploys from another."""
    app = App(outdir=str(tmp_path / "cdk.out"))
    staged(app)
    app.synth()
    moved = Path(shutil.move(tmp_path / "cdk.out", tmp_path / "moved"))
    assert all(source.exists() for source in sources(moved))
    handlers = {source.resolve() for source in sources(moved) if (source / "audience_export_handler").is_dir()}
    assert len(handlers) == 1, "the stages share the code"
    for text in (path.read_text() for path in moved.rglob("*.json") if path.name != "tree.json"):
        assert str(tmp_path) not in text


def test_without_staging_the_code_stays_where_the_manifest_says(tmp_path: Path) -> None:
    """`cdk synth --no-staging` leaves assets where the library has written them."""
    app = App(outdir=str(tmp_path), context={"aws:cdk:disable-asset-staging": True})
    staged(app)
    app.synth()
    manifests = [json.loads(path.read_text()) for path in tmp_path.rglob("*.assets.json")]
    paths = [Path(asset["source"]["path"]) for manifest in manifests for asset in manifest["files"].values()]
    handlers = [path for path in paths if path.name.startswith("audience_export_handler-")]
    assert len(handlers) == 2
    assert {path.parent.parent for path in handlers} == {tmp_path}, "each stage has its own"
    assert all((path / "audience_export_handler").is_dir() for path in handlers)


def commands(template: Template) -> list[str]:
    projects = [one for one in template["Resources"].values() if one["Type"] == "AWS::CodeBuild::Project"]
    specs = [json.loads(one["Properties"]["Source"]["BuildSpec"]) for one in projects]
    return [command for spec in specs for command in spec["phases"]["build"]["commands"]]


def test_a_pipeline_publishes_the_handler_s_code_once_before_the_stages(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Delivery", env=HERE)
    source = CodePipelineSource.s3(Bucket(stack, "Source"), "app.zip")
    pipeline = CodePipeline(stack, "Pipeline", synth=ShellStep("Synth", input=source, commands=["npx cdk synth"]))
    for stage in staged(stack):
        pipeline.add_stage(stage)
    template = templates_of(app)["Delivery"]

    published = [one for one in commands(template) if "cdk-assets" in one]
    [(manifest, asset)] = [re.findall(r'--path \\?"(.*?)\\?" .*publish \\?"(\w+):', one)[0] for one in published]
    described = json.loads((tmp_path / manifest).read_text())["files"][asset]["source"]["path"]
    code = (tmp_path / manifest).parent / described
    assert (code / "audience_export_handler" / "lifecycle.py").is_file()

    [_, made] = only_one(template, "AWS::CodePipeline::Pipeline")
    order = [one["Name"] for one in made["Properties"]["Stages"]]
    assert order.index("Assets") < order.index("Dev") < order.index("Prod")
