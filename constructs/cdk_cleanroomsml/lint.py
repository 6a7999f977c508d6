"""Acknowledges, in the template and to cdk-nag, the findings that the library causes: its users cannot fix them."""

from __future__ import annotations

from typing import Any

from aws_cdk import CfnResource, Stack
from constructs import IConstruct

from cdk_cleanroomsml import cdk_releases


def acknowledge_redundant_dependency(construct: IConstruct) -> None:
    """Acknowledge cfn-lint's W3005: an L2 construct depends on its role, although it refers to it too."""
    resource = construct.node.default_child
    assert isinstance(resource, CfnResource)  # noqa: S101 - an L2 construct has an L1 one
    resource.add_metadata("cfn-lint", {"config": {"ignore_checks": ["W3005"]}})


def acknowledge_wildcard(policy: IConstruct, resource: str, reason: str) -> None:
    """Acknowledge that a policy allows actions on a resource with a wildcard in it."""
    cdk_releases.acknowledge(
        policy, f"AwsSolutions-IAM5[Resource::{_written(Stack.of(policy).resolve(resource))}]", reason
    )


def _written(resolved: Any) -> str:
    """Write what is known only at deployment as cdk-nag does."""
    match resolved:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(_written(part) for part in parts)
    return str(resolved)
