"""What differs between the releases of the CDK that the library works with."""

from __future__ import annotations

import aws_cdk
from aws_cdk import CfnResource
from constructs import IConstruct


def add_dependency(resource: CfnResource, target: CfnResource) -> None:
    """Make a resource wait for another one, by a name that does not warn of its deprecation."""
    add = getattr(resource, "add_resource_dependency", None) or resource.add_dependency
    add(target)


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Acknowledge a finding of a validation below a construct; older releases have no place for it."""
    if not hasattr(aws_cdk, "Validations"):
        return
    try:
        aws_cdk.Validations.of(construct).acknowledge(aws_cdk.Acknowledgment(id=rule, reason=reason))
    except RuntimeError as error:
        # Some releases (seen: 2.256 to 2.266) refuse an id that names an ARN with `AWS::Region` in it.
        if "InvalidValidationId" not in str(error):
            raise
