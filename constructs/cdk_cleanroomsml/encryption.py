"""What a customer managed key must allow, so that it can encrypt the state machine's data and the log groups."""

from __future__ import annotations

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_stepfunctions as sfn

_MACHINE = "kms:EncryptionContext:aws:states:stateMachineArn"
# Seconds for which Step Functions uses a data key again; its default.
_REUSE_SECONDS = 300


def encrypt_machine(machine: sfn.StateMachine, key: kms.IKey) -> None:
    """Encrypt the definition and the executions.

    Not by the property of the L2 construct: for a machine without a given name it grants the role the key for a machine
    with an empty name.
    """
    resource = machine.node.default_child
    assert isinstance(resource, sfn.CfnStateMachine)  # noqa: S101 - an L2 construct has an L1 one
    resource.encryption_configuration = sfn.CfnStateMachine.EncryptionConfigurationProperty(
        type="CUSTOMER_MANAGED_KMS_KEY", kms_key_id=key.key_arn, kms_data_key_reuse_period_seconds=_REUSE_SECONDS
    )


def for_machine(key: kms.IKey, stack: Stack) -> iam.PolicyStatement:
    """Return what the state machine's role needs. The machine waits for its role, so the role cannot name it."""
    any_machine = stack.format_arn(
        service="states", resource="stateMachine", resource_name="*", arn_format=ArnFormat.COLON_RESOURCE_NAME
    )
    return _use(key, {"ArnLike": {_MACHINE: any_machine}})


def for_caller(key: kms.IKey, machine: sfn.StateMachine) -> iam.PolicyStatement:
    """Return what starting and stopping executions needs besides its own permissions."""
    return _use(key, {"StringEquals": {_MACHINE: machine.state_machine_arn}})


def let_logs_use(key: kms.IKey, stack: Stack) -> None:
    """Let CloudWatch Logs use the key for log groups of the stack's account; the policy of an imported key stays."""
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal(f"logs.{stack.region}.amazonaws.com")],
            actions=["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            resources=["*"],
            conditions={
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": stack.format_arn(
                        service="logs",
                        resource="log-group",
                        resource_name="*",
                        arn_format=ArnFormat.COLON_RESOURCE_NAME,
                    )
                }
            },
        )
    )


def let_deliver_logs(key: kms.IKey, stack: Stack) -> iam.PolicyStatement:
    """Let the log of an encrypted machine be delivered; returns what the machine's role needs for that."""
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.ServicePrincipal("delivery.logs.amazonaws.com")], actions=["kms:Decrypt*"], resources=["*"]
        )
    )
    # The asterisk is part of the value that CloudWatch Logs sends.
    source = stack.format_arn(service="logs", resource="*", arn_format=ArnFormat.NO_RESOURCE_NAME)
    return iam.PolicyStatement(
        actions=["kms:GenerateDataKey"],
        resources=[key.key_arn],
        conditions={"StringEquals": {"kms:EncryptionContext:SourceArn": source}},
    )


def _use(key: kms.IKey, conditions: dict[str, dict[str, str]]) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["kms:Decrypt", "kms:GenerateDataKey"], resources=[key.key_arn], conditions=conditions
    )
