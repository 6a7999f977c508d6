"""Exports in nested stacks: each has all that its export needs, and the code that the root stack's assembly has."""

import json
from pathlib import Path

from aws_cdk import App, NestedStack, Stack, Stage

from tests.builders import templates
from tests.builders.stacks import EXPORT, declare
from tests.builders.templates import Template, only_one, waits_for


def deep(scope: App | Stage) -> Stack:
    """A root stack with two nested stacks and one in one of those, each with an export."""
    root = Stack(scope, "Campaigns")
    spring, autumn = NestedStack(root, "Spring"), NestedStack(root, "Autumn")
    for number, stack in enumerate((root, spring, autumn, NestedStack(spring, "Deep"))):
        declare(stack, revision=str(number))
    return root


def synthesised(folder: Path) -> dict[str, Template]:
    return {one.name: json.loads(one.read_text()) for one in sorted(folder.rglob("*.template.json"))}


def test_each_has_a_provider_of_its_own(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    deep(app)
    app.synth()
    made = synthesised(tmp_path)
    assert len(made) == 4
    for template in made.values():
        templates.check(template)
        [export_id, export] = only_one(template, EXPORT)
        assert export["Properties"]["ServiceToken"]["Fn::GetAtt"][0] in template["Resources"]
        parts = {name for name in template["Resources"] if "NestedStack" not in name}
        assert waits_for(template, export_id) == parts - {export_id}


def test_they_share_the_handler_s_code_in_the_root_s_assets(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    root = deep(app)
    app.synth()
    functions = [
        one["Properties"]["Code"]["S3Key"]
        for template in synthesised(tmp_path).values()
        for one in template["Resources"].values()
        if one["Type"] == "AWS::Lambda::Function"
    ]
    assert len(functions) == 8
    [key] = set(functions)
    assets = json.loads((tmp_path / f"{root.stack_name}.assets.json").read_text())["files"]
    assert (tmp_path / assets[key.removesuffix(".zip")]["source"]["path"]).is_dir()
