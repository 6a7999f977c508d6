"""The handler in isolated subnets of a VPC, with endpoints for all that it calls, and with your own role."""

from aws_cdk import App, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam

from cdk_cleanroomsml import AudienceExport, AudienceExportProvider, AudienceSize

JOB = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/11111111-2222-4333-8444-555555555555"
# What the handler calls, beside the S3 address to which it sends the answer.
SERVICES = ("cleanrooms-ml", "states", "cloudformation")
ADDRESSES = "10.20.0.0/16"

app = App()
stack = Stack(app, "VpcAndRole")
isolated = ec2.SubnetConfiguration(name="Exports", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
vpc = ec2.Vpc(
    stack,
    "Vpc",
    ip_addresses=ec2.IpAddresses.cidr(ADDRESSES),
    max_azs=2,
    nat_gateways=0,
    subnet_configuration=[isolated],
)
https_from_the_vpc = ec2.SecurityGroup(stack, "Endpoints", vpc=vpc, allow_all_outbound=False)
https_from_the_vpc.add_ingress_rule(ec2.Peer.ipv4(ADDRESSES), ec2.Port.tcp(443))
endpoints = [
    vpc.add_interface_endpoint(
        name,
        service=ec2.InterfaceVpcEndpointAwsService(name),
        security_groups=[https_from_the_vpc],
        open=False,
    )
    for name in SERVICES
]
bucket_of_answers = vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)

AudienceExportProvider.configure(
    stack,
    vpc=vpc,
    vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
    role=iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")),
)
export = AudienceExport(
    stack,
    "SpringCampaign",
    audience_generation_job_arn=JOB,
    audience_size=AudienceSize.percentage(10),
)
# Without them the handler reaches nobody; and when the stack is deleted, its last answer still has to arrive.
export.node.add_dependency(bucket_of_answers, *endpoints)
app.synth()
