"""Which exports a synthesised app declares: apps of the CDK, read from their files."""

import json
from pathlib import Path

import pytest
from aws_cdk import App, CfnParameter, Environment, NestedStack, Stack, Stage

from cdk_cleanroomsml_cli import assembly, templates
from cdk_cleanroomsml_cli.templates import LATER, Scope, TemplateExport
from tests.builders.arns import ACCOUNT, JOB
from tests.builders.assemblies import resource, template, write_assembly
from tests.builders.stacks import declare


def exports(path: Path) -> dict[str | None, list[TemplateExport]]:
    return {
        stack.name: list(
            templates.exports_of(
                stack.template(), Scope(stack.name, ACCOUNT, "us-east-1", "aws"), stack.nested_template
            )
        )
        for stack in assembly.read(path)
    }


@pytest.mark.parametrize("metadata", [True, False], ids=["with the CLI's metadata", "without"])
def test_nested_stacks_are_read_too(tmp_path: Path, metadata: bool) -> None:
    context = {"aws:cdk:enable-asset-metadata": metadata, "aws:cdk:enable-path-metadata": metadata}
    app = App(outdir=str(tmp_path), context=context)
    stack = Stack(app, "Campaigns")
    declare(stack, "Outer")
    job = CfnParameter(stack, "Job").value_as_string
    nested = NestedStack(stack, "Nested")
    declare(nested, "Inner", audience_generation_job_arn=job)
    arn = stack.format_arn(service="cleanrooms-ml", resource="audience-generation-job", resource_name="1")
    declare(NestedStack(nested, "Deeper"), "Innermost", audience_generation_job_arn=arn)
    app.synth()
    [outer, inner, innermost] = sorted(exports(tmp_path)["Campaigns"], key=lambda one: len(one.nesting))
    assert outer.properties["AudienceGenerationJobArn"] == JOB
    assert inner.properties["AudienceGenerationJobArn"] is LATER
    assert [part.split("NestedStack")[0] for part in innermost.nesting] == ["Nested", "Deeper"]
    assert innermost.properties["AudienceGenerationJobArn"] == JOB.rpartition("/")[0] + "/1"
    assert innermost.properties["StackPath"].startswith("Campaigns/Nested")
    if metadata:
        assert innermost.construct_path == "Campaigns/Nested/Deeper/Innermost"


def test_stages_are_read_too(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stage = Stage(app, "Prod", env=Environment(account=ACCOUNT, region="us-east-1"))
    declare(Stack(stage, "Campaigns"))
    app.synth()
    [stack] = assembly.read(tmp_path)
    assert (stack.name, stack.account, stack.region) == ("Prod-Campaigns", ACCOUNT, "us-east-1")


def test_a_stack_without_an_environment_has_no_account(tmp_path: Path) -> None:
    [stack] = assembly.read(write_assembly(tmp_path, {"Campaigns": template()}))
    assert (stack.account, stack.region) == (None, None)


def test_a_template_has_the_name_that_the_manifest_beside_it_says(tmp_path: Path) -> None:
    folder = write_assembly(tmp_path, {"One": template(), "Other": template(Export=resource())})
    [stack] = assembly.read(folder / "Stack1.template.json")
    assert stack.name == "Other"


def test_a_template_alone_has_the_name_that_is_given(tmp_path: Path) -> None:
    file = tmp_path / "template.json"
    file.write_text(json.dumps(template(Export=resource())))
    assert [stack.name for stack in assembly.read(file)] == [None]
    assert [stack.name for stack in assembly.read(file, stack_name="Mine")] == ["Mine"]
