"""The stack that the tests deploy: an export for each campaign."""

from collections.abc import Mapping

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from cdk_cleanroomsml import AudienceExport, AudienceSize


class Campaigns(Stack):
    """One export for each campaign, and where its audience is."""

    def __init__(self, scope: Construct, id: str, *, job: str, percents: Mapping[str, int]) -> None:
        super().__init__(scope, id)
        for campaign, percent in percents.items():
            export = AudienceExport(
                self,
                campaign,
                audience_generation_job_arn=job,
                audience_size=AudienceSize.percentage(percent),
            )
            CfnOutput(self, f"{campaign}Location", value=export.output_location)
