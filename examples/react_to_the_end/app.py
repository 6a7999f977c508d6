"""A function runs when an export has ended, however long that takes; the deployment does not wait for it."""

from aws_cdk import App, Stack
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm

from cdk_cleanroomsml import AudienceExport, AudienceSize

JOB = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/11111111-2222-4333-8444-555555555555"

# What your pipeline does with an audience; here it notes where the audience is.
CODE = """
import os

import boto3


def handle(event, context):
    location = event["detail"]["outputLocation"]
    if not location:
        return  # the audience model belongs to another account, which alone sees the location
    print(f"{event['detail']['name']} is in {location}")
    boto3.client("ssm").put_parameter(Name=os.environ["NOTE"], Value=location, Overwrite=True)
"""

app = App()
stack = Stack(app, "Pipeline")
export = AudienceExport(
    stack,
    "SpringCampaign",
    audience_generation_job_arn=JOB,
    audience_size=AudienceSize.percentage(10),
    wait_for_completion=False,
)
note = ssm.StringParameter(stack, "LatestAudience", string_value="none yet")
function = lambda_.Function(
    stack,
    "Use",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="index.handle",
    code=lambda_.Code.from_inline(CODE),
    environment={"NOTE": note.parameter_name},
)
note.grant_write(function)
export.on_active("Exported", target=targets.LambdaFunction(function))
app.synth()
