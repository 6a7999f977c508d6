"""The exports of a team, which a pipeline checks before it deploys them."""

from aws_cdk import App, Stack

from cdk_cleanroomsml import AudienceExport, AudienceSize

JOB = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/11111111-2222-4333-8444-555555555555"
# Percent by campaign: what a pull request changes.
CAMPAIGNS = {"Spring": 1, "Summer": 5, "Autumn": 10}

app = App()
stack = Stack(app, "CheckedCampaigns")
for campaign, percent in CAMPAIGNS.items():
    AudienceExport(
        stack,
        campaign,
        audience_generation_job_arn=JOB,
        audience_size=AudienceSize.percentage(percent),
    )
app.synth()
