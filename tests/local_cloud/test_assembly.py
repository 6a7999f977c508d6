"""A cloud assembly as it is deployed without the CDK CLI: which stacks, in which order, with which assets."""

from pathlib import Path

import pytest
from aws_cdk import App, Environment, Stack, Stage
from aws_cdk.aws_ecr_assets import DockerImageAsset

from cdk_cleanroomsml_local import NotDeployableError, assembly
from tests.builders.stacks import declare


def read(app: App) -> list[assembly.SynthesisedStack]:
    return assembly.read(assembly.folder_of(app))


def test_a_stack_comes_after_those_that_it_depends_on() -> None:
    app = App()
    stacks = [Stack(app, name) for name in ("A", "B", "C", "D")]
    for dependent, needed in ((0, 2), (2, 3)):
        stacks[dependent].add_dependency(stacks[needed])
    found = read(app)
    names = [stack.name for stack in found]
    assert names.index("D") < names.index("C") < names.index("A")
    [first] = [stack for stack in found if stack.name == "A"]
    assert [stack.name for stack in assembly.needed_for(first, found)] == ["D", "C"]


def test_the_stacks_of_a_stage_are_found() -> None:
    app = App()
    stage = Stage(app, "Prod", env=Environment(account="111122223333", region="us-east-1"))
    declare(Stack(stage, "Campaigns"))
    [stack] = read(app)
    assert (stack.name, stack.account, stack.region) == ("Prod-Campaigns", "111122223333", "us-east-1")
    assert stack.template.exists()


def test_a_stack_for_any_environment_names_none(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    declare(Stack(app, "Campaigns", stack_name="spring"))
    app.synth()
    [stack] = assembly.read(assembly.folder_of(str(tmp_path)))
    assert (stack.name, stack.account, stack.region) == ("spring", "", "")
    assert stack.version_parameter == "/cdk-bootstrap/hnb659fds/version"
    assert stack.template_url.startswith("s3://cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}/")
    handler, template = sorted(stack.assets, key=lambda asset: asset.source.is_file())
    assert (handler.source / "audience_export_handler").is_dir()
    assert (template.source, template.bucket) == (
        stack.template,
        "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}",
    )


def test_what_is_no_assembly_is_said(tmp_path: Path) -> None:
    with pytest.raises(NotDeployableError, match=r"is no cloud assembly: it has no manifest\.json"):
        assembly.read(tmp_path)


def test_container_images_are_refused(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    app = App()
    DockerImageAsset(Stack(app, "Images"), "Image", directory=str(tmp_path))
    with pytest.raises(NotDeployableError, match="container images, which the local cloud does not build"):
        read(app)
