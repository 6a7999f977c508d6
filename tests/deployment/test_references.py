"""An output location in another stack, by a parameter of Systems Manager: a changed size reaches that stack."""

from datetime import datetime

import pytest
from aws_cdk import CfnOutput, Stack
from aws_cdk.aws_logs import CfnLogGroup
from aws_cdk.aws_ssm import StringParameter

from local_cloud.cloud import LocalCloud
from tests.builders.arns import JOB
from tests.deployment.clients import Api
from tests.deployment.declarations import Declare, export
from tests.deployment.stack import DeployedStack

LOCATION = "/campaigns/spring/output-location"


def producer(percent: int) -> Declare:
    def declare(stack: Stack) -> None:
        declared = export(percent=percent)(stack)
        StringParameter(stack, "OutputLocation", parameter_name=LOCATION, string_value=declared.output_location)
        CfnOutput(stack, "Job", value=declared.audience_generation_job_arn)
        CfnOutput(stack, "Size", value=f"{declared.audience_size_type} {declared.audience_size_value}")
        CfnOutput(stack, "Times", value=f"{declared.create_time} {declared.update_time}")

    return declare


def consumer(days: int) -> Declare:
    """With another change each time: MiniStack does not see one that is only in the value of a parameter."""

    def declare(stack: Stack) -> None:
        CfnLogGroup(stack, "Neighbour", retention_in_days=days)
        CfnOutput(stack, "Read", value=StringParameter.value_for_string_parameter(stack, LOCATION))

    return declare


@pytest.mark.nightly
@pytest.mark.parametrize("client", [Api], indirect=True)
def test_another_stack_reads_the_new_location_when_it_is_deployed_again(local_cloud: LocalCloud, client: Api) -> None:
    campaigns, reports = (DeployedStack(local_cloud, client, name) for name in ("Campaigns", "Reports"))
    read = []
    for percent, days in ((10, 1), (20, 3)):
        assert campaigns.deploy(producer(percent)).endswith("_COMPLETE"), campaigns.reasons()
        assert reports.deploy(consumer(days)) in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        assert reports.outputs()["Read"] == campaigns.outputs()["Location"]
        outputs = campaigns.outputs()
        assert (outputs["Job"], outputs["Size"]) == (JOB, f"PERCENTAGE {percent}")
        created, updated = map(datetime.fromisoformat, outputs["Times"].split())
        assert updated > created
        read.append(reports.outputs()["Read"])
    assert len(set(read)) == 2
    assert [one.size["value"] for one in local_cloud.clean_rooms_ml.service.exports] == [10, 20]
