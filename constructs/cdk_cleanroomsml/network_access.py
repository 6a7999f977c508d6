"""Lets functions that run in a VPC use its network, also if an Aspect puts them there.

Lambda refuses to create a function in a VPC whose role may not do this, so the function must wait for the permission.
It does: an L2 function waits for the policies of its role.
"""

from __future__ import annotations

import jsii
from aws_cdk import Aspects, IAspect
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct

ACTIONS = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]


def allow(role: iam.IRole) -> None:
    """Let a role's functions run in a VPC. EC2 offers no narrower resource for the interfaces that Lambda makes."""
    role.add_to_principal_policy(iam.PolicyStatement(actions=ACTIONS, resources=["*"]))


def allow_if_an_aspect_asks(function: lambda_.Function, role: iam.IRole) -> None:
    """Let a role's functions run in a VPC, if an Aspect of the app has put the function into one."""
    Aspects.of(function).add(_AllowNetwork(role))


@jsii.implements(IAspect)
class _AllowNetwork:
    def __init__(self, role: iam.IRole) -> None:
        self._role = role
        self._is_allowed = False

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, lambda_.CfnFunction) and node.vpc_config is not None and not self._is_allowed:
            self._is_allowed = True
            allow(self._role)
