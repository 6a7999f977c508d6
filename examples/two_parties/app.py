"""The two parties of Clean Rooms ML: one exports the audience, the other one receives it."""

from aws_cdk import App, CfnOutput, Environment, Stack
from aws_cdk import aws_s3 as s3
from constructs import Construct

from cdk_cleanroomsml import AudienceExport, AudienceSize

REGION = "us-east-1"
SEED_DATA_PROVIDER = Environment(account="111122223333", region=REGION)
TRAINING_DATA_PROVIDER = Environment(account="444455556666", region=REGION)


class SeedDataProvider(Stack):
    """Started the generation job, and exports its audience, with the job's ARN in its own account."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, env=SEED_DATA_PROVIDER)
        export = AudienceExport(
            self,
            "SpringCampaign",
            audience_generation_job_arn=(
                f"arn:aws:cleanrooms-ml:{REGION}:{self.account}"
                ":audience-generation-job/11111111-2222-4333-8444-555555555555"
            ),
            audience_size=AudienceSize.percentage(10),
            name="spring-campaign",
        )
        # The output location is not visible in this account. The other account finds the export by its name.
        CfnOutput(self, "ExportName", value=export.name)


class TrainingDataProvider(Stack):
    """Owns the audience model, and the bucket that its configured audience model writes to."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id, env=TRAINING_DATA_PROVIDER)
        bucket = s3.Bucket(self, "Audiences", enforce_ssl=True)
        CfnOutput(self, "Destination", value=f"s3://{bucket.bucket_name}/lookalikes")


app = App()
SeedDataProvider(app, "SeedDataProvider")
TrainingDataProvider(app, "TrainingDataProvider")
app.synth()
