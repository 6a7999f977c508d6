"""Stacks that declare an audience export."""

from typing import Any

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk_cleanroomsml import AudienceExport, AudienceSize
from tests.builders.arns import JOB

EXPORT = "Custom::CleanRoomsMLAudienceExport"


def declare(scope: Construct, construct_id: str = "Export", **changes: Any) -> AudienceExport:
    """Declare an export of ten percent, with arguments of the test's choice."""
    arguments: dict[str, Any] = {"audience_generation_job_arn": JOB, "audience_size": AudienceSize.percentage(10)}
    return AudienceExport(scope, construct_id, **(arguments | changes))


def settings_of_every_kind(stack: Stack) -> dict[str, Any]:
    """A value for each setting of a provider, besides its default; the resources that it takes are in the stack."""
    vpc = ec2.Vpc(stack, "Vpc")
    return {
        "vpc": vpc,
        "vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
        "security_groups": [ec2.SecurityGroup(stack, "SecurityGroup", vpc=vpc)],
        "allow_public_subnet": True,
        "role": iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")),
        "state_machine_role": iam.Role(stack, "OtherRole", assumed_by=iam.ServicePrincipal("states.amazonaws.com")),
        "log_group": logs.LogGroup(stack, "LogGroup"),
        "log_retention": logs.RetentionDays.ONE_YEAR,
        "log_removal_policy": RemovalPolicy.RETAIN,
        "memory_size": 1024,
        "architecture": lambda_.Architecture.ARM_64,
        "runtime": lambda_.Runtime.PYTHON_3_12,
        "tracing": lambda_.Tracing.ACTIVE,
        "environment_encryption": kms.Key(stack, "EnvironmentKey"),
        "reserved_concurrent_executions": 5,
        "encryption_key": kms.Key(stack, "Key"),
        "state_machine_logging": sfn.LogOptions(level=sfn.LogLevel.ALL),
        "event_bus": events.EventBus(stack, "Bus"),
    }
