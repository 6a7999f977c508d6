"""The stack of the campaigns, deployed to a cloud on this machine."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import boto3
import pytest
from aws_cdk import App
from campaigns import Campaigns

from cdk_cleanroomsml_local import Cloud, Fault, FaultKind


@pytest.fixture
def cloud(cleanroomsml_cloud: Cloud) -> Cloud:
    """An empty cloud, in which the waits between two looks at an export are short."""
    cleanroomsml_cloud.scale_waits(0.1)
    return cleanroomsml_cloud


def campaigns(job: str, **percents: int) -> App:
    app = App()
    Campaigns(app, "Campaigns", job=job, percents=percents)
    return app


def test_each_campaign_has_an_audience(cloud: Cloud) -> None:
    job = cloud.add_generation_job()

    deployment = cloud.deploy(campaigns(job.arn, Spring=10, Summer=5))

    assert deployment.succeeded, deployment.reasons
    assert {export.size["value"]: export.status for export in cloud.exports} == {10: "ACTIVE", 5: "ACTIVE"}
    # During the test, each AWS client reaches the local cloud.
    bucket, _, prefix = deployment.outputs["SpringLocation"].removeprefix("s3://").partition("/")
    assert boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"] == 1


def test_deploying_again_starts_nothing(cloud: Cloud) -> None:
    job = cloud.add_generation_job()
    assert cloud.deploy(campaigns(job.arn, Spring=10)).has_changed
    assert not cloud.deploy(campaigns(job.arn, Spring=10)).has_changed
    assert len(cloud.exports) == 1


def test_a_size_that_the_model_does_not_offer_is_explained(cloud: Cloud) -> None:
    job = cloud.add_generation_job(sizes=(1, 5))

    deployment = cloud.deploy(campaigns(job.arn, Spring=10))

    assert deployment.status == "ROLLBACK_COMPLETE"
    [reason] = deployment.reasons
    assert "PERCENTAGE 1, 5" in reason
    assert cloud.exports == ()


def test_a_throttled_start_is_repeated(cloud: Cloud) -> None:
    job = cloud.add_generation_job()
    cloud.add_fault(Fault("StartAudienceExportJob", FaultKind.THROTTLE))

    deployment = cloud.deploy(campaigns(job.arn, Spring=10))

    assert deployment.succeeded, deployment.reasons
    assert "ThrottlingException" in " ".join(cloud.log_lines("Campaigns"))


def test_an_export_that_takes_two_hours(cloud: Cloud) -> None:
    job = cloud.add_generation_job()
    cloud.readings = replace(cloud.readings, in_progress_for=timedelta(hours=2))

    with ThreadPoolExecutor() as pool:
        deploying = pool.submit(cloud.deploy, campaigns(job.arn, Spring=10))
        while not cloud.exports and not deploying.done():
            time.sleep(0.1)
        cloud.advance(timedelta(hours=3))
        assert deploying.result().succeeded
