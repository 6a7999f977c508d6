"""The whole life of an export on MiniStack, with the real CDK CLI. `make demo` has a test of its own."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from aws_cdk import CfnCustomResource, CfnParameter, Stack

from local_cloud.cloud import LocalCloud
from local_cloud.readings import Readings
from tests.builders.arns import FAILING_JOB, JOB
from tests.deployment.stack import Declare, DeployedStack, export


def sizes_exported(cloud: LocalCloud) -> list[int]:
    return [one.size["value"] for one in cloud.clean_rooms_ml.service.exports]


def with_late_description() -> Declare:
    """An export whose description is known only at deployment."""

    def declare(stack: Stack) -> None:
        parameter = CfnParameter(stack, "Description", default="as deployed")
        export(description=parameter.value_as_string)(stack)

    return declare


def with_broken_neighbour(declare_export: Declare) -> Declare:
    """A resource that comes after the export, and fails."""

    def declare(stack: Stack) -> None:
        function = stack.format_arn(service="lambda", resource="function:that-is-not-there")
        neighbour = CfnCustomResource(stack, "Neighbour", service_token=function)
        declared = declare_export(stack)
        neighbour.node.add_dependency(declared)

    return declare


def test_updates_and_rollbacks(local_cloud: LocalCloud) -> None:
    stack = DeployedStack(local_cloud, "Life")

    assert stack.deploy(with_late_description()) == 0, local_cloud.cdk.log.read_text()
    first, first_id = stack.outputs(), stack.physical_id()
    assert sizes_exported(local_cloud) == [10]
    assert first["Location"].startswith("s3://lookalike-audiences/exports/")

    assert stack.deploy(with_late_description(), "--parameters", "Description=other words") == 0
    assert stack.outputs() == first, "a description is no reason for another export"
    assert (stack.physical_id(), sizes_exported(local_cloud)) == (first_id, [10])

    assert stack.deploy(export(percent=20)) == 0
    second, second_id = stack.outputs(), stack.physical_id()
    assert sizes_exported(local_cloud) == [10, 20]
    assert second_id != first_id

    assert stack.deploy(export(job=FAILING_JOB)) != 0
    [reason] = stack.watch.reasons()
    assert "CREATE_FAILED: export" in reason
    assert "OUTPUT_BUCKET_ACCESS_DENIED" in reason
    assert (stack.status(), stack.outputs()) == ("UPDATE_ROLLBACK_COMPLETE", second)
    assert sizes_exported(local_cloud) == [10, 20, 10], "the rollback starts nothing"

    assert stack.deploy(with_broken_neighbour(export(percent=5))) != 0
    assert stack.watch.reasons() == [], "the export itself was fine"
    assert (stack.status(), stack.outputs(), stack.physical_id()) == ("UPDATE_ROLLBACK_COMPLETE", second, second_id)
    assert sizes_exported(local_cloud) == [10, 20, 10, 5], "the rollback starts nothing"

    assert stack.deploy(export(percent=5)) == 0
    assert sizes_exported(local_cloud) == [10, 20, 10, 5], "deploying again finds the export"

    assert stack.destroy() == 0
    assert sizes_exported(local_cloud) == [10, 20, 10, 5]


def test_without_rollback(local_cloud: LocalCloud) -> None:
    exports = local_cloud.clean_rooms_ml.service.exports
    stack, failing = DeployedStack(local_cloud, "Kept"), export(job=FAILING_JOB)
    assert stack.deploy(export()) == 0, local_cloud.cdk.log.read_text()
    first, first_id = stack.outputs(), stack.physical_id()

    for tries in (1, 2):
        assert stack.deploy(failing, "--no-rollback") != 0
        [reason] = stack.watch.reasons()
        assert "CREATE_FAILED: export" in reason
        assert (stack.status(), stack.physical_id()) == ("UPDATE_FAILED", first_id)
        assert [one.job.arn for one in exports] == [JOB] + [FAILING_JOB] * tries, "each try asks for one export"

    # Other words, because the CLI sees no change from the last complete template.
    assert stack.deploy(export(description="back again"), "--no-rollback") == 0, local_cloud.cdk.log.read_text()
    assert (stack.status(), stack.outputs(), stack.physical_id()) == ("UPDATE_COMPLETE", first, first_id)
    assert len(exports) == 3, "going back starts nothing"


def test_a_time_out_and_what_finds_the_export_again(local_cloud: LocalCloud) -> None:
    service = local_cloud.clean_rooms_ml.service
    usual, service.readings = service.readings, Readings(in_progress_for=timedelta(hours=1))
    stack = DeployedStack(local_cloud, "Slow")
    assert stack.deploy(export(minutes=1)) != 0
    [reason] = stack.watch.reasons()
    assert "DeadlineExceeded: export" in reason
    assert "Deploy again to pick it up" in reason

    service.readings = usual
    assert stack.deploy(export(minutes=1)) == 0
    [found] = service.exports
    assert stack.outputs()["Name"] == found.name

    adopter = DeployedStack(local_cloud, "Adopter")
    assert adopter.deploy(export(name=found.name)) != 0
    [reason] = adopter.watch.reasons()
    assert "ConflictException: export" in reason
    assert "held by an export of size PERCENTAGE 10, status ACTIVE" in reason
    assert adopter.deploy(export(name=found.name, on_conflict="ADOPT")) == 0
    assert adopter.outputs() == stack.outputs()
    assert len(local_cloud.clean_rooms_ml.started()) == 1


def test_two_stacks_at_once_on_a_full_queue(local_cloud: LocalCloud) -> None:
    service = local_cloud.clean_rooms_ml.service
    service.readings = Readings(in_progress_for=timedelta(seconds=20))
    size = {"type": "PERCENTAGE", "value": 20}
    for number in range(20):
        request = {"name": f"neighbour {number}", "audienceGenerationJobArn": FAILING_JOB, "audienceSize": size}
        service.call("StartAudienceExportJob", request)
    stacks = [DeployedStack(local_cloud, "First"), DeployedStack(local_cloud, "Second")]
    for stack in stacks:
        stack.synthesise(export())
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(DeployedStack.deploy_assembly, stacks)) == [0, 0], local_cloud.cdk.log.read_text()
    assert len([one for one in service.exports if one.job.arn == JOB]) == 2
    refused = [call.request["name"] for call in local_cloud.clean_rooms_ml.started() if call.answer.startswith("402")]
    assert set(refused) == {stack.outputs()["Name"] for stack in stacks}, "each has waited for its turn"


def test_a_value_that_is_known_only_at_deployment_is_refused_there(local_cloud: LocalCloud) -> None:
    stack = DeployedStack(local_cloud, "LateCheck")
    assert stack.deploy(with_late_description(), "--parameters", f"Description={'x' * 256}") != 0
    [reason] = stack.watch.reasons()
    assert "ValidationException: property Description: must be 0 to 255 characters long, not 256" in reason
    assert local_cloud.clean_rooms_ml.calls == []
