"""What becomes of exports in apps of several stacks and in retained stacks, and with `cdk deploy --hotswap`."""

from pathlib import Path

import pytest
from aws_cdk import App, CfnOutput, RemovalPolicies, Stack
from aws_cdk.aws_logs import CfnLogGroup

from cdk_cleanroomsml import handler_code
from local_cloud.cloud import LocalCloud
from tests.deployment.clients import Api, Assembly
from tests.deployment.declarations import export
from tests.deployment.stack import DeployedStack

# They deploy by the API alone: the CLI adds nothing to what they show.
by_api = pytest.mark.parametrize("client", [Api], indirect=True)


def functions_of(cloud: LocalCloud, stack: str) -> list[dict[str, str]]:
    functions = cloud.client("lambda").list_functions()["Functions"]
    return [one for one in functions if one["FunctionName"].startswith(f"{stack}-")]


@by_api
def test_another_stack_imports_the_name_of_an_export(local_cloud: LocalCloud, client: Api) -> None:
    app = App(outdir=str(local_cloud.folder / "assemblies" / "places"))
    producer, consumer = Stack(app, "Producer"), Stack(app, "Consumer")
    CfnLogGroup(consumer, "Neighbour")
    CfnOutput(consumer, "Imported", value=export()(producer).name)
    folder = Path(app.synth().directory)
    for stack in (producer, consumer):
        client.deploy(Assembly(folder, stack.stack_name), rollback=True, parameters={})
    [started] = local_cloud.clean_rooms_ml.service.exports
    [described] = local_cloud.client("cloudformation").describe_stacks(StackName="Consumer")["Stacks"]
    assert [one["OutputValue"] for one in described["Outputs"]] == [started.name]


@by_api
def test_a_stack_whose_resources_were_retained_finds_its_export_again(local_cloud: LocalCloud, client: Api) -> None:
    def retained(stack: Stack) -> None:
        export()(stack)
        RemovalPolicies.of(stack).retain()

    stack = DeployedStack(local_cloud, client, "Retained")
    assert stack.deploy(retained) == "CREATE_COMPLETE", stack.reasons()
    first = stack.outputs()
    assert stack.destroy() == "DELETE_COMPLETE"
    assert len(functions_of(local_cloud, "Retained")) == 2
    assert stack.deploy(retained) == "CREATE_COMPLETE", stack.reasons()
    assert stack.outputs() == first
    assert len(local_cloud.clean_rooms_ml.started()) == 1


@pytest.mark.nightly
@by_api
def test_hotswap_changes_the_handler_and_no_export_unless_it_may_fall_back(
    local_cloud: LocalCloud, client: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deploy_twenty_percent(option: str) -> None:
        app = App(outdir=str(local_cloud.folder / "assemblies" / option))
        export(percent=20)(Stack(app, stack.name))
        options = (option, "--app", app.synth().directory, "--require-approval", "never")
        assert local_cloud.cdk.run("deploy", *options) == 0, local_cloud.cdk.log.read_text()

    stack = DeployedStack(local_cloud, client, "Swapped")
    assert stack.deploy(export()) == "CREATE_COMPLETE", stack.reasons()
    outputs, before = stack.outputs(), [one["CodeSha256"] for one in functions_of(local_cloud, "Swapped")]
    modules = handler_code._handler_files
    monkeypatch.setattr(handler_code, "_handler_files", lambda: modules() | {"audience_export_handler/new.py": b""})

    deploy_twenty_percent("--hotswap")
    after = [one["CodeSha256"] for one in functions_of(local_cloud, "Swapped")]
    assert len(after) == 2
    assert not {*after} & {*before}, "both functions have the new code"
    assert stack.outputs() == outputs
    assert [one.size["value"] for one in local_cloud.clean_rooms_ml.service.exports] == [10]

    deploy_twenty_percent("--hotswap-fallback")
    assert stack.outputs() != outputs
    assert [one.size["value"] for one in local_cloud.clean_rooms_ml.service.exports] == [10, 20]
