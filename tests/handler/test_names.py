"""What a name that is taken means, given or generated, across the whole handler."""

from datetime import timedelta

import pytest

from cdk_cleanroomsml_local.emulator import Fault, FaultKind
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import FAILING_JOB, STACK_ID
from tests.builders.events import properties
from tests.fakes.deployment import Deployment


class TestNames:
    def test_a_given_name_that_is_taken_is_a_conflict_that_names_the_holder(self, deployment: Deployment) -> None:
        deployment.start_elsewhere("mine")
        deployment.clock.sleep(60)
        answer = deployment.request(ResourceProperties=properties(Name="mine"))
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith('ConflictException: export "mine" ')
        assert "size PERCENTAGE 10, status ACTIVE, created 2026-03-01T12:00:00+00:00" in answer["Reason"]
        assert deployment.starts() == []

    def test_a_generated_name_that_is_taken_is_the_requested_export(self, deployment: Deployment) -> None:
        first = deployment.request()
        second = deployment.request()
        assert len(deployment.starts()) == 1
        assert (second["Status"], second["Data"]) == ("SUCCESS", first["Data"])
        assert second["PhysicalResourceId"] == first["PhysicalResourceId"]

    def test_a_nested_stack_that_is_created_again_finds_its_export(self, deployment: Deployment) -> None:
        declared = properties(StackPath="Campaigns/Spring")
        stack_ids = [STACK_ID.replace("Campaigns", f"Campaigns-Spring-{end}") for end in ("1ABC", "1XYZ")]
        first, second = (deployment.request(ResourceProperties=declared, StackId=stack_id) for stack_id in stack_ids)
        assert len(deployment.starts()) == 1
        assert (second["Status"], second["Data"]) == ("SUCCESS", first["Data"])
        assert second["PhysicalResourceId"] == first["PhysicalResourceId"]

    def test_deploying_again_after_a_failed_export_starts_another_one(self, deployment: Deployment) -> None:
        declared = properties(AudienceGenerationJobArn=FAILING_JOB)
        first = deployment.request(ResourceProperties=declared)
        second = deployment.request(ResourceProperties=declared)
        base, again = deployment.starts()
        assert again == f"{base}-2"
        assert first["PhysicalResourceId"] == second["PhysicalResourceId"]

    @pytest.mark.parametrize("lag", [0, 10], ids=["listed immediately", "listed after 10 s"])
    def test_a_taken_name_is_adopted_if_requested(self, deployment: Deployment, lag: int) -> None:
        deployment.emulator.service.readings = Readings(listing_lag=timedelta(seconds=lag))
        deployment.start_elsewhere("mine")
        answer = deployment.request(ResourceProperties=properties(Name="mine", OnConflict="ADOPT"))
        assert (answer["Status"], answer["Data"]["Name"]) == ("SUCCESS", "mine")
        assert len(deployment.emulator.service.exports) == 1

    def test_a_taken_name_of_another_size_is_not_adopted(self, deployment: Deployment) -> None:
        deployment.start_elsewhere("mine", percent=20)
        answer = deployment.request(ResourceProperties=properties(Name="mine", OnConflict="ADOPT"))
        assert answer["Reason"].startswith("ConflictException: ")
        assert "size PERCENTAGE 20" in answer["Reason"]

    def test_a_name_that_another_generation_job_holds_is_found(self, deployment: Deployment) -> None:
        deployment.start_elsewhere("mine", job=FAILING_JOB)
        fault = Fault("StartAudienceExportJob", FaultKind.REFUSE, code="ConflictException", message="taken")
        deployment.emulator.faults.append(fault)
        answer = deployment.request(ResourceProperties=properties(Name="mine"))
        assert f"of generation job {FAILING_JOB}" in answer["Reason"]
