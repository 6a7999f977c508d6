"""Keeps the logical ids of the first release, although L2 constructs would give their resources other ones.

In the first release the functions and the state machine were L1 constructs. A new logical id is a new resource, and
CloudFormation refuses a ServiceToken that changes.
"""

from __future__ import annotations

from aws_cdk import CfnElement, CfnResource
from constructs import Construct, IConstruct


def of_direct_child(scope: Construct, construct_id: str) -> str:
    """Return the logical id of a resource that would be a child of `scope` itself, as a token; none is left behind.

    The stack says it at synthesis, because an app can allocate logical ids in its own way, and rename them until then.
    """
    probe = CfnResource(scope, construct_id, type="AWS::CloudFormation::WaitConditionHandle")
    scope.node.try_remove_child(construct_id)
    return probe.logical_id


def keep(construct: IConstruct, logical_id: str) -> None:
    """Give the resource of an L2 construct a logical id."""
    resource = construct.node.default_child
    assert isinstance(resource, CfnElement)  # noqa: S101 - an L2 construct has an L1 one
    resource.override_logical_id(logical_id)
