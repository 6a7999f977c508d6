"""Aspects as organisations apply them to all of their apps."""

import jsii
from aws_cdk import IAspect
from aws_cdk import aws_lambda as lambda_
from constructs import IConstruct


@jsii.implements(IAspect)
class PutIntoVpc:
    """Puts every function of an app into a VPC."""

    def visit(self, node: IConstruct) -> None:
        if isinstance(node, lambda_.CfnFunction):
            node.vpc_config = lambda_.CfnFunction.VpcConfigProperty(
                subnet_ids=["subnet-1"], security_group_ids=["sg-1"]
            )
