"""What the words of the service and of CloudFormation mean: every verdict and every table is made of these."""

import pytest

from cdk_cleanroomsml_cli.facts import (
    EXPORT_TYPE,
    NESTED_STACK_TYPE,
    DeployedResource,
    GenerationJob,
    Unread,
    same_job,
)
from tests.builders.arns import JOB, OTHER_JOB
from tests.builders.exports import listed
from tests.builders.statuses import OF_EXPORTS, OF_JOBS


@pytest.mark.parametrize(("status", "says"), OF_EXPORTS.items(), ids=list(OF_EXPORTS))
def test_whether_an_export_has_failed_or_is_running(status: str, says: tuple[bool, bool]) -> None:
    export = listed("mine", status)
    assert (export.has_failed, export.is_running) == says


@pytest.mark.parametrize(("status", "is_waited_for"), {**OF_JOBS, "": False}.items(), ids=[*OF_JOBS, "missing"])
def test_a_deployment_waits_for_a_job_that_is_being_created(status: str, is_waited_for: bool) -> None:
    assert GenerationJob(status).is_being_created is is_waited_for


def test_a_job_has_no_sizes_and_no_scores_unless_they_were_read() -> None:
    job = GenerationJob("ACTIVE")
    assert (job.offered, job.measured, job.model_account) == ((), {}, "")


def test_what_could_not_be_read_is_shown_without_the_service_s_message() -> None:
    unread = Unread("GetTemplate", "AccessDenied", "user X may not do that")
    assert str(unread) == "GetTemplate: AccessDenied"
    assert Unread("GetTemplate", "AccessDenied").message == ""


@pytest.mark.parametrize(
    ("physical_id", "status", "holds"),
    [
        ("mine-1", "CREATE_COMPLETE", True),
        ("mine-1", "UPDATE_FAILED", True),
        ("mine-1", "CREATE_FAILED", False),
        ("mine-1", "DELETE_COMPLETE", False),
        ("mine-1", "DELETE_FAILED", False),
        ("", "CREATE_IN_PROGRESS", False),
    ],
)
def test_a_resource_that_was_created_and_not_deleted_holds_something(
    physical_id: str, status: str, holds: bool
) -> None:
    assert DeployedResource(physical_id, status).holds_something is holds


def test_the_properties_of_a_resource_are_not_known_unless_they_were_read() -> None:
    assert DeployedResource("mine-1", "CREATE_COMPLETE").properties is None


def test_a_shared_job_has_an_arn_in_each_account() -> None:
    assert same_job(JOB, JOB.replace("111122223333", "444455556666"))


@pytest.mark.parametrize(
    "other",
    [OTHER_JOB, JOB.replace("us-east-1", "us-west-2"), JOB.replace("arn:aws:", "arn:aws-cn:")],
    ids=["id", "Region", "partition"],
)
def test_another_id_region_or_partition_is_another_job(other: str) -> None:
    assert not same_job(JOB, other)


def test_the_types_are_those_in_deployed_templates() -> None:
    assert EXPORT_TYPE == "Custom::CleanRoomsMLAudienceExport"
    assert NESTED_STACK_TYPE == "AWS::CloudFormation::Stack"
