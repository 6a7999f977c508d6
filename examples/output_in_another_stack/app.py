"""An output location in another stack, by a parameter of Systems Manager: the size of the export can still change."""

from aws_cdk import App, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_ssm import StringParameter

from cdk_cleanroomsml import AudienceExport, AudienceSize

JOB = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/11111111-2222-4333-8444-555555555555"
LOCATION = "/campaigns/spring/output-location"

app = App()
campaigns = Stack(app, "Campaigns")
export = AudienceExport(
    campaigns,
    "SpringCampaign",
    audience_generation_job_arn=JOB,
    audience_size=AudienceSize.percentage(10),
)
StringParameter(campaigns, "Location", parameter_name=LOCATION, string_value=export.output_location)

reports = Stack(app, "Reports")
lambda_.Function(
    reports,
    "Report",
    runtime=lambda_.Runtime.PYTHON_3_13,
    handler="index.handler",
    code=lambda_.Code.from_inline("import os\n\ndef handler(event, context):\n    return os.environ['AUDIENCE']\n"),
    environment={"AUDIENCE": StringParameter.value_for_string_parameter(reports, LOCATION)},
)
reports.add_dependency(campaigns)  # nothing else says which stack comes first
app.synth()
