"""An export under the rules of cdk-nag: the library acknowledges its own findings, and you acknowledge yours."""

from aws_cdk import App, Stack, Validations
from cdk_nag import AwsSolutionsChecks

from cdk_cleanroomsml import AudienceExport, AudienceSize

JOB = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/11111111-2222-4333-8444-555555555555"

app = App()
Validations.of(app).add_plugins(AwsSolutionsChecks(app))
stack = Stack(app, "CheckedByNag")
AudienceExport(
    stack,
    "SpringCampaign",
    audience_generation_job_arn=JOB,
    audience_size=AudienceSize.percentage(10),
)
app.synth()
