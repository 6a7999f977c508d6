"""One synthesis in a fresh process, run as a program: `imports with|without`, or `exports ours|bare <number>`."""

import sys
from typing import Any

_JOB = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/11111111-2222-4333-8444-{:012}"
_TOKEN = "arn:aws:lambda:us-east-1:111122223333:function:handler"  # noqa: S105 - an ARN


def import_all(whose: str) -> None:
    """Import what every app has, and this library if `with` is given."""
    import aws_cdk.aws_lambda  # noqa: F401, PLC0415 - the import is what is measured

    if whose == "with":
        import cdk_cleanroomsml  # noqa: F401, PLC0415


def synthesise(whose: str, number: int) -> None:
    """Construct and synthesise a stack with so many exports."""
    from tempfile import TemporaryDirectory  # noqa: PLC0415

    import aws_cdk.aws_lambda  # noqa: PLC0415

    import cdk_cleanroomsml  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        app = aws_cdk.App(outdir=folder, analytics_reporting=False)
        stack, hour = aws_cdk.Stack(app, "Campaigns"), aws_cdk.Duration.hours(1)
        for one in range(number):
            if whose == "ours":
                cdk_cleanroomsml.AudienceExport(
                    stack,
                    f"Export{one}",
                    audience_generation_job_arn=_JOB.format(one),
                    audience_size=cdk_cleanroomsml.AudienceSize.percentage(10),
                    name=f"spring-{one}",
                )
            else:
                aws_cdk.CustomResource(
                    stack,
                    f"Export{one}",
                    service_token=_TOKEN,
                    resource_type="Custom::AudienceExport",
                    service_timeout=hour,
                    properties=_properties(one),
                )
        app.synth()


def _properties(number: int) -> dict[str, Any]:
    """The same properties as this library gives to a resource."""
    return {
        "AudienceGenerationJobArn": _JOB.format(number),
        "AudienceSize": {"Type": "PERCENTAGE", "Value": "10"},
        "Name": f"spring-{number}",
        "TimeoutSeconds": "3600",
        "StateMachineArn": _TOKEN,
    }


if __name__ == "__main__":
    what, whose, *more = sys.argv[1:]
    if what == "imports":
        import_all(whose)
    else:
        synthesise(whose, int(more[0]))
