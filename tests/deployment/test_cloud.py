"""The local cloud as other people's tests use it: what a deployment reports, and what is refused."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta

import boto3
import pytest
from aws_cdk import App, CfnOutput, CfnParameter, Environment, Stack
from aws_cdk.aws_ssm import StringParameter

from cdk_cleanroomsml_local import DependencyFailedError, NotDeployableError
from local_cloud.cloud import LocalCloud
from tests.builders.arns import FAILING_JOB
from tests.deployment.declarations import export
from tests.fakes.waiting import wait_until


@pytest.fixture(autouse=True)
def quick(local_cloud: LocalCloud) -> Iterator[None]:
    """A handler that hardly waits."""
    local_cloud.scale_waits(0.05)
    yield
    local_cloud.scale_waits(1)


def app_with(*declare: Callable[[Stack], object]) -> App:
    app = App()
    stack = Stack(app, "Tested")
    for one in declare:
        one(stack)
    return app


def test_a_failed_export_is_reported_and_its_handler_s_log_is_kept(local_cloud: LocalCloud) -> None:
    deployment = local_cloud.deploy(app_with(export(job=FAILING_JOB)), rollback=False)
    assert (deployment.status, deployment.succeeded) == ("CREATE_FAILED", False)
    [reason] = deployment.reasons
    assert "OUTPUT_BUCKET_ACCESS_DENIED" in reason
    logged = local_cloud.log_lines("Tested")
    assert "[INFO]" in logged[0]
    assert " is accepted." in logged[0]
    assert not [line for line in logged if line.startswith(("START", "END", "REPORT"))]
    assert local_cloud.destroy("Tested") == "DELETE_COMPLETE"


def test_parameters_and_events_are_those_of_the_deployment(local_cloud: LocalCloud) -> None:
    def declare(stack: Stack) -> None:
        value = CfnParameter(stack, "Value", default="first").value_as_string
        StringParameter(stack, "Stored", string_value=value)
        CfnOutput(stack, "Read", value=value)

    app = app_with(declare)
    first = local_cloud.deploy(app)
    second = local_cloud.deploy(app, "Tested", parameters={"Value": "second"})
    assert (first.outputs["Read"], second.outputs["Read"]) == ("first", "second")
    assert [one.events[-1]["ResourceStatus"] for one in (first, second)] == ["CREATE_COMPLETE", "UPDATE_COMPLETE"]
    assert not {event["EventId"] for event in first.events} & {event["EventId"] for event in second.events}
    assert local_cloud.destroy("Tested") == "DELETE_COMPLETE"


def test_a_stack_whose_dependency_fails_is_not_deployed(local_cloud: LocalCloud) -> None:
    app = app_with(export(job=FAILING_JOB))
    dependent = Stack(app, "Dependent")
    StringParameter(dependent, "Any", string_value="any")
    dependent.add_dependency(app.node.find_child("Tested"))  # type: ignore[arg-type]  # it is a stack
    with pytest.raises(DependencyFailedError, match=r"Tested is ROLLBACK_COMPLETE: .*OUTPUT_BUCKET_ACCESS_DENIED"):
        local_cloud.deploy(app, "Dependent")
    assert [one.stack for one in local_cloud.deploy_all(app)] == ["Tested"]
    assert local_cloud.destroy("Tested") == "DELETE_COMPLETE"


def test_a_stack_of_another_account_is_refused(local_cloud: LocalCloud) -> None:
    app = App()
    Stack(app, "Other", env=Environment(account="999988887777", region="us-east-1"))
    with pytest.raises(NotDeployableError, match="Other is for 999988887777, and this local cloud is 111122223333"):
        local_cloud.deploy(app)


def test_the_stack_must_be_clear(local_cloud: LocalCloud) -> None:
    app = App()
    for name in ("One", "Two"):
        Stack(app, name)
    with pytest.raises(NotDeployableError, match=r"Name one stack\. The app has: One, Two"):
        local_cloud.deploy(app)
    with pytest.raises(NotDeployableError, match="0 stacks are named Three"):
        local_cloud.deploy(app, "Three")


def test_a_stack_that_takes_too_long_is_an_error(local_cloud: LocalCloud) -> None:
    app = app_with(export())
    with pytest.raises(TimeoutError, match="Tested is at rest"):
        local_cloud.deploy(app, within=timedelta(0))
    # CloudFormation refuses a second operation; MiniStack would run both.
    with pytest.raises(NotDeployableError, match="Tested is CREATE_IN_PROGRESS"):
        local_cloud.deploy(app)
    stacks = local_cloud.client("cloudformation")
    wait_until(
        lambda: stacks.describe_stacks(StackName="Tested")["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE",
        "the stack is complete",
    )
    assert local_cloud.destroy("Tested") == "DELETE_COMPLETE"


def test_clients_of_this_process_reach_it_inside_the_block_only(
    local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "that does not exist")
    before = dict(os.environ)
    with local_cloud.environment():
        assert boto3.client("sts").get_caller_identity()["Account"] == local_cloud.account
    assert dict(os.environ) == before
