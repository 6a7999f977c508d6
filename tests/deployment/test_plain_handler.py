"""A plain handler gets a stack stuck where this one does not: both runs, on MiniStack.

The plain one does what most handlers do: it starts an export on Create and Update, under the name that it is given.
"""

from collections.abc import Callable

from aws_cdk import CustomResource, Stack
from aws_cdk import aws_lambda as lambda_

from local_cloud.cloud import LocalCloud
from tests.builders.arns import JOB
from tests.deployment.declarations import Declare, export
from tests.deployment.stack import DeployedStack, NewStack

PLAIN_HANDLER = """
import json, urllib.request
import boto3

def handler(event, context):
    wanted = event["ResourceProperties"]
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "SUCCESS", "PhysicalResourceId": wanted["Name"]}
    try:
        if event["RequestType"] != "Delete":
            boto3.client("cleanroomsml").start_audience_export_job(
                name=wanted["Name"],
                audienceGenerationJobArn=wanted["Job"],
                audienceSize={"type": "PERCENTAGE", "value": int(wanted["Percent"])},
            )
    except Exception as error:
        answer |= {"Status": "FAILED", "Reason": str(error)}
        answer["PhysicalResourceId"] = event.get("PhysicalResourceId", wanted["Name"])
    body = json.dumps(answer).encode()
    headers = {"Content-Type": ""}
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], body, headers, method="PUT"))
"""


def plain(*, name: str, percent: int = 10) -> Declare:
    def declare(stack: Stack) -> None:
        function = lambda_.Function(
            stack,
            "Plain",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="index.handler",
            code=lambda_.Code.from_inline(PLAIN_HANDLER),
        )
        wanted = {"Job": JOB, "Name": name, "Percent": percent}
        CustomResource(stack, "Export", service_token=function.function_arn, properties=wanted)

    return declare


def life_of(stack: DeployedStack, declare: Callable[..., Declare]) -> str:
    """Two names, one after the other, then an update that fails; returns the status that the stack ends in."""
    assert stack.deploy(declare(name=f"{stack.name} A")) == "CREATE_COMPLETE", stack.events
    assert stack.deploy(declare(name=f"{stack.name} B")) == "UPDATE_COMPLETE", stack.events
    return stack.deploy(declare(name=f"{stack.name} C", percent=7))


def test_a_failed_update_leaves_the_plain_handler_stuck_and_this_one_not(
    local_cloud: LocalCloud, new_stack: NewStack
) -> None:
    stuck = new_stack("Plain")
    assert life_of(stuck, plain) == "UPDATE_ROLLBACK_FAILED"
    reasons = [event.get("ResourceStatusReason", "") for event in stuck.events]
    assert any("ConflictException" in reason for reason in reasons), "its own export is in its way"

    ours = new_stack("Ours")
    assert life_of(ours, export) == "UPDATE_ROLLBACK_COMPLETE"
    assert ours.outputs()["Name"] == f"{ours.name} B"
    names = [one.name for one in local_cloud.clean_rooms_ml.service.exports]
    assert names == [f"{stack.name} {letter}" for stack in (stuck, ours) for letter in "AB"]
    assert ours.deploy(export(name=f"{ours.name} D")) == "UPDATE_COMPLETE", "and it can be deployed again"
