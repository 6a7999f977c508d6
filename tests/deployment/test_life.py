"""The whole life of an export on MiniStack."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from aws_cdk import CfnOutput, NestedStack, Stack
from aws_cdk.aws_logs import CfnLogGroup

from cdk_cleanroomsml_local.readings import Readings
from local_cloud.cloud import LocalCloud
from tests.builders.arns import FAILING_JOB, JOB
from tests.deployment.declarations import export, with_broken_neighbour, with_late_description
from tests.deployment.stack import NewStack
from tests.fakes.waiting import wait_until

ENDLESS = Readings(in_progress_for=timedelta(hours=1))


def sizes_exported(cloud: LocalCloud) -> list[int]:
    return [one.size["value"] for one in cloud.clean_rooms_ml.service.exports]


def test_updates_and_rollbacks(local_cloud: LocalCloud, new_stack: NewStack) -> None:
    stack = new_stack("Life")

    assert stack.deploy(with_late_description()) == "CREATE_COMPLETE", stack.reasons()
    first, first_id = stack.outputs(), stack.physical_id()
    assert sizes_exported(local_cloud) == [10]
    assert first["Location"].startswith("s3://lookalike-audiences/exports/")

    assert stack.deploy(with_late_description(), Description="other words") == "UPDATE_COMPLETE"
    assert stack.outputs() == first, "a description is no reason for another export"
    assert (stack.physical_id(), sizes_exported(local_cloud)) == (first_id, [10])

    assert stack.deploy(export(percent=20)) == "UPDATE_COMPLETE"
    second, second_id = stack.outputs(), stack.physical_id()
    assert sizes_exported(local_cloud) == [10, 20]
    assert second_id != first_id

    assert stack.deploy(export(job=FAILING_JOB)) == "UPDATE_ROLLBACK_COMPLETE"
    [reason] = stack.reasons()
    assert "CREATE_FAILED: export" in reason
    assert "OUTPUT_BUCKET_ACCESS_DENIED" in reason
    assert stack.outputs() == second
    assert sizes_exported(local_cloud) == [10, 20, 10], "the rollback starts nothing"

    assert stack.deploy(with_broken_neighbour(export(percent=5))) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.reasons() == [], "the export itself was fine"
    assert (stack.outputs(), stack.physical_id()) == (second, second_id)
    assert sizes_exported(local_cloud) == [10, 20, 10, 5], "the rollback starts nothing"

    assert stack.deploy(export(percent=5)) == "UPDATE_COMPLETE"
    assert sizes_exported(local_cloud) == [10, 20, 10, 5], "deploying again finds the export"

    assert stack.destroy() == "DELETE_COMPLETE"
    assert sizes_exported(local_cloud) == [10, 20, 10, 5]


def test_without_rollback(local_cloud: LocalCloud, new_stack: NewStack) -> None:
    exports = local_cloud.clean_rooms_ml.service.exports
    stack, failing = new_stack("Kept"), export(job=FAILING_JOB)
    assert stack.deploy(export()) == "CREATE_COMPLETE", stack.reasons()
    first, first_id = stack.outputs(), stack.physical_id()

    for tries in (1, 2):
        assert stack.deploy(failing, rollback=False) == "UPDATE_FAILED"
        [reason] = stack.reasons()
        assert "CREATE_FAILED: export" in reason
        assert stack.physical_id() == first_id
        assert [one.job.arn for one in exports] == [JOB] + [FAILING_JOB] * tries, "each try asks for one export"

    # Other words, because a change set sees no change from the last complete template.
    assert stack.deploy(export(description="back again"), rollback=False) == "UPDATE_COMPLETE", stack.reasons()
    assert (stack.outputs(), stack.physical_id()) == (first, first_id)
    assert len(exports) == 3, "going back starts nothing"


def test_a_time_out_and_what_finds_the_export_again(local_cloud: LocalCloud, new_stack: NewStack) -> None:
    service = local_cloud.clean_rooms_ml.service
    usual, service.readings = service.readings, ENDLESS
    stack = new_stack("Slow")
    assert stack.deploy(export(minutes=1)) == "ROLLBACK_COMPLETE"
    [reason] = stack.reasons()
    assert "DeadlineExceeded: export" in reason
    assert "Deploy again to pick it up" in reason

    service.readings = usual
    assert stack.deploy(export(minutes=1)) == "CREATE_COMPLETE", stack.reasons()
    [found] = service.exports
    assert stack.outputs()["Name"] == found.name

    adopter = new_stack("Adopter")
    assert adopter.deploy(export(name=found.name)) == "ROLLBACK_COMPLETE"
    [reason] = adopter.reasons()
    assert "ConflictException: export" in reason
    assert "held by an export of size PERCENTAGE 10, status ACTIVE" in reason
    assert adopter.deploy(export(name=found.name, on_conflict="ADOPT")) == "CREATE_COMPLETE", adopter.reasons()
    assert adopter.outputs() == stack.outputs()
    assert len(local_cloud.clean_rooms_ml.started()) == 1


def nested_stacks(cloud: LocalCloud, root: str) -> list[str]:
    stacks = cloud.client("cloudformation").describe_stacks()["Stacks"]
    return [stack["StackName"] for stack in stacks if stack["StackName"].startswith(f"{root}-")]


def test_a_nested_stack_that_is_created_again_finds_its_export(local_cloud: LocalCloud, new_stack: NewStack) -> None:
    def without(stack: Stack) -> None:
        CfnLogGroup(stack, "Neighbour")

    def with_nested(stack: Stack) -> None:
        without(stack)
        CfnOutput(stack, "Name", value=export()(NestedStack(stack, "Spring")).name)

    stack = new_stack("Root")
    assert stack.deploy(with_nested) == "CREATE_COMPLETE", stack.events
    first, [first_nested] = stack.outputs(), nested_stacks(local_cloud, stack.name)
    assert stack.deploy(without) == "UPDATE_COMPLETE", stack.events
    assert nested_stacks(local_cloud, stack.name) == []

    assert stack.deploy(with_nested) == "UPDATE_COMPLETE", stack.events
    [second_nested] = nested_stacks(local_cloud, stack.name)
    assert second_nested != first_nested, "CloudFormation makes another name"
    assert stack.outputs() == first
    assert len(local_cloud.clean_rooms_ml.started()) == 1


def names_refused(cloud: LocalCloud) -> set[str]:
    return {call.request["name"] for call in cloud.clean_rooms_ml.started() if call.answer.startswith("402")}


def test_two_stacks_at_once_on_a_full_queue(local_cloud: LocalCloud, new_stack: NewStack) -> None:
    service = local_cloud.clean_rooms_ml.service
    usual, service.readings = service.readings, ENDLESS
    size = {"type": "PERCENTAGE", "value": 20}
    for number in range(20):
        request = {"name": f"neighbour {number}", "audienceGenerationJobArn": FAILING_JOB, "audienceSize": size}
        service.call("StartAudienceExportJob", request)
    stacks = [new_stack(name) for name in ("First", "Second")]
    for stack in stacks:
        stack.synthesise(export())
    with ThreadPoolExecutor() as pool:
        ends = [pool.submit(stack.deploy_assembly) for stack in stacks]
        wait_until(lambda: len(names_refused(local_cloud)) == 2, "both were refused for want of room in the queue")
        service.readings = usual
        assert [end.result() for end in ends] == ["CREATE_COMPLETE"] * 2, [stack.reasons() for stack in stacks]
    assert len([one for one in service.exports if one.job.arn == JOB]) == 2
    assert names_refused(local_cloud) == {stack.outputs()["Name"] for stack in stacks}, "each has waited for its turn"


def test_a_value_that_is_known_only_at_deployment_is_refused_there(
    local_cloud: LocalCloud, new_stack: NewStack
) -> None:
    stack = new_stack("LateCheck")
    assert stack.deploy(with_late_description(), Description="x" * 256) == "ROLLBACK_COMPLETE"
    [reason] = stack.reasons()
    assert "ValidationException: property Description: must be 0 to 255 characters long, not 256" in reason
    assert local_cloud.clean_rooms_ml.calls == []
