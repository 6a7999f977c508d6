"""The two roles of a provider: made here, or brought along."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

_MADE_IN_THE_APP = (iam.Role, iam.LazyRole)


def make_handler_role(scope: Construct) -> iam.Role:
    """Make the role of the two functions."""
    return iam.Role(
        scope,
        "HandlerRole",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        description="Starts and follows the audience exports of one stack",
    )


def make_state_machine_role(scope: Construct, handler_arn: str) -> iam.Role:
    """Make the role of the state machine, which calls the handler; for machines of the stack's own account."""
    return iam.Role(
        scope,
        "StateMachineRole",
        assumed_by=iam.ServicePrincipal(
            "states.amazonaws.com", conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}}
        ),
        description="Calls the handler of audience exports, step by step",
        inline_policies={"Handler": iam.PolicyDocument(statements=[call(handler_arn)])},
    )


def call(handler_arn: str) -> iam.PolicyStatement:
    """Return what a role needs to call the handler."""
    return iam.PolicyStatement(actions=["lambda:InvokeFunction"], resources=[handler_arn])


def without_changes(scope: Construct, construct_id: str, role: iam.IRole) -> iam.IRole:
    """Return the role to give permissions to; an imported role takes none, although the CDK would attach them."""
    if isinstance(role, _MADE_IN_THE_APP):
        return role
    return iam.Role.from_role_arn(scope, construct_id, role.role_arn, mutable=False)
