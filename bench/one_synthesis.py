"""One synthesis in a fresh process, run as a program: `imports with|without`, or `exports ours|bare <number>`.

It prints the seconds that were computed, in Python and in Node.js, where the CDK runs: for the imports with the start
of Python, for exports from the app's construction to the end of its synthesis.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

_JOB = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/11111111-2222-4333-8444-{:012}"
_TOKEN = "arn:aws:lambda:us-east-1:111122223333:function:handler"  # noqa: S105 - an ARN


def computed(process: str = "self") -> float:
    """Seconds that were computed for a process and all that it has started, as Linux counts them."""
    folder = Path("/proc", process)
    # After the name, which may hold spaces: the state is field 3, utime and stime are 14 and 15.
    fields = (folder / "stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK") if process != "self" else time.process_time()
    children = [pid for task in (folder / "task").iterdir() for pid in (task / "children").read_text().split()]
    return own + sum(map(computed, children))


def import_all(whose: str) -> float:
    """Import what every app has, and this library if `with` is given."""
    import aws_cdk.aws_lambda  # noqa: F401, PLC0415 - the import is what is measured

    if whose == "with":
        import cdk_cleanroomsml  # noqa: F401, PLC0415
    return computed()


def synthesise(whose: str, number: int) -> float:
    """Construct and synthesise a stack with so many exports."""
    from tempfile import TemporaryDirectory  # noqa: PLC0415

    import aws_cdk.aws_lambda  # noqa: PLC0415

    import cdk_cleanroomsml  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        began = computed()
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
        return computed() - began


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
    print(import_all(whose) if what == "imports" else synthesise(whose, int(more[0])))
