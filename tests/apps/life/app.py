"""One export of a user's own app, whose arguments come from the context, and one value that is known at deployment."""

import json

from aws_cdk import App, CfnOutput, CfnParameter, Duration, Stack

from cdk_cleanroomsml import AudienceExport, AudienceSize, OnConflict

app = App()
stack = Stack(app, app.node.get_context("stack"))
arguments = json.loads(app.node.get_context("export"))
description = CfnParameter(stack, "Description", default=arguments.pop("description", "as deployed"))
export = AudienceExport(
    stack,
    "Life",
    audience_size=AudienceSize.percentage(arguments.pop("percent")),
    description=description.value_as_string,
    on_conflict=OnConflict[arguments.pop("on_conflict", "FAIL")],
    timeout=Duration.minutes(arguments.pop("minutes", 60)),
    **arguments,
)
CfnOutput(stack, "Name", value=export.name)
CfnOutput(stack, "Location", value=export.output_location)
app.synth()
