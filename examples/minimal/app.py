"""One audience export, and its output location as an output of the stack."""

from aws_cdk import App, CfnOutput, Stack

from cdk_cleanroomsml import AudienceExport, AudienceSize

JOB = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/11111111-2222-4333-8444-555555555555"

app = App()
stack = Stack(app, "Minimal")
export = AudienceExport(
    stack,
    "SpringCampaign",
    audience_generation_job_arn=JOB,
    audience_size=AudienceSize.percentage(10),
)
CfnOutput(stack, "Location", value=export.output_location)
app.synth()
