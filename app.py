"""The demo app: one stack with the audience exports of the context (cdk.json, or -c on the command line)."""

import json

from aws_cdk import App, CfnOutput, Stack

from cdk_cleanroomsml import AudienceExport, AudienceSize

SIZES = {"PERCENTAGE": AudienceSize.percentage, "ABSOLUTE": AudienceSize.absolute}

app = App()
exports = app.node.get_context("exports")
# The context is a list in cdk.json, and text if it comes from -c on the command line.
exports = json.loads(exports) if isinstance(exports, str) else exports

stack = Stack(app, app.node.get_context("stack"))
for declared in exports:
    size = declared["audienceSize"]
    export = AudienceExport(
        stack,
        declared["id"],
        audience_generation_job_arn=declared["audienceGenerationJobArn"],
        audience_size=SIZES[size["type"]](size["value"]),
        name=declared.get("name"),
        description=declared.get("description"),
    )
    # Two for each export: a stack can have 200 outputs.
    for attribute in ("name", "output_location"):
        CfnOutput(stack, f"{declared['id']}-{attribute}".replace("_", ""), value=getattr(export, attribute))
app.synth()
