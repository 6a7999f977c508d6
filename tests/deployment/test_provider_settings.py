"""A provider that is configured in every way an organisation asks for, deployed: network, role, keys, logs."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn

from cdk_cleanroomsml import AudienceExportProvider
from local_cloud.cloud import LocalCloud
from tests.builders.arns import FAILING_JOB, JOB
from tests.deployment.clients import Api
from tests.deployment.declarations import Declare, export
from tests.deployment.stack import DeployedStack


def configured(*, job: str = JOB) -> Declare:
    # MiniStack has no NAT gateways.
    isolated = ec2.SubnetConfiguration(name="Isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)

    def declare(stack: Stack) -> None:
        AudienceExportProvider.configure(
            stack,
            vpc=ec2.Vpc(stack, "Vpc", max_azs=1, nat_gateways=0, subnet_configuration=[isolated]),
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            role=iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")),
            log_group=logs.LogGroup(stack, "Logs", removal_policy=RemovalPolicy.DESTROY),
            encryption_key=kms.Key(stack, "Key", removal_policy=RemovalPolicy.DESTROY),
            tracing=lambda_.Tracing.ACTIVE,
            memory_size=1024,
            architecture=lambda_.Architecture.ARM_64,
            reserved_concurrent_executions=5,
            state_machine_logging=sfn.LogOptions(level=sfn.LogLevel.ALL),
        )
        export(job=job)(stack)

    return declare


def execution_statuses(cloud: LocalCloud, stack: DeployedStack) -> list[str]:
    client = cloud.client("stepfunctions")
    [machine] = [
        one["stateMachineArn"]
        for one in client.list_state_machines()["stateMachines"]
        if one["name"].startswith(stack.name)
    ]
    return [one["status"] for one in client.list_executions(stateMachineArn=machine)["executions"]]


def test_it_deploys_and_its_executions_end_as_the_requests_did(local_cloud: LocalCloud) -> None:
    stack = DeployedStack(local_cloud, Api(local_cloud), "Configured")
    assert stack.deploy(configured()) == "CREATE_COMPLETE", stack.reasons()
    assert execution_statuses(local_cloud, stack) == ["SUCCEEDED"]
    [started] = local_cloud.clean_rooms_ml.service.exports
    assert stack.outputs()["Name"] == started.name

    assert stack.deploy(configured(job=FAILING_JOB)) == "UPDATE_ROLLBACK_COMPLETE"
    statuses = sorted(execution_statuses(local_cloud, stack))
    assert statuses == ["FAILED", "SUCCEEDED", "SUCCEEDED"], "create, failed update, its rollback"
    assert stack.destroy() == "DELETE_COMPLETE"


def test_it_can_be_configured_after_it_was_deployed(local_cloud: LocalCloud) -> None:
    """CloudFormation refuses another ServiceToken, and an export must not start again."""
    stack = DeployedStack(local_cloud, Api(local_cloud), "Reconfigured")
    assert stack.deploy(export()) == "CREATE_COMPLETE", stack.reasons()
    assert stack.deploy(configured()) == "UPDATE_COMPLETE", stack.reasons()
    assert len(local_cloud.clean_rooms_ml.service.exports) == 1
    assert stack.destroy() == "DELETE_COMPLETE"
