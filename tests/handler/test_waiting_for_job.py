"""An export can be declared right after its generation job was started: the request waits until the job is ACTIVE."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cdk_cleanroomsml_local.emulator import Fault, FaultKind
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import JOB, OTHER_JOB
from tests.builders.cases import either_name
from tests.builders.events import properties
from tests.fakes.deployment import Deployment

MINUTE = timedelta(minutes=1)
either_error = pytest.mark.parametrize("error", ["ValidationException", "ConflictException"])


@pytest.fixture(params=["ValidationException", "ConflictException"])
def unfinished(deployment: Deployment, request: pytest.FixtureRequest) -> Deployment:
    """A deployment whose generation job is ACTIVE after ten minutes."""
    deployment.emulator.service.readings = Readings(inactive_job_error=request.param)
    set_job(deployment, status="CREATE_IN_PROGRESS", becomes="ACTIVE", changes_after=10 * MINUTE)
    return deployment


def set_job(deployment: Deployment, **changes: Any) -> None:
    jobs = deployment.emulator.service.jobs
    jobs[JOB] = replace(jobs[JOB], **changes)


def calls(deployment: Deployment, operation: str) -> int:
    return sum(call.operation == operation for call in deployment.emulator.calls)


@either_name
def test_a_job_that_is_being_created_is_waited_for(unfinished: Deployment, name: str | None) -> None:
    began = unfinished.clock()
    answer = unfinished.request(ResourceProperties=properties(Name=name))
    assert answer["Status"] == "SUCCESS"
    assert len(unfinished.emulator.service.exports) == 1
    assert 10 * MINUTE <= unfinished.clock() - began < 12 * MINUTE


def test_the_tries_become_fewer_and_the_sizes_are_read_once(unfinished: Deployment) -> None:
    unfinished.request()
    assert 15 <= calls(unfinished, "GetAudienceGenerationJob") <= 60
    assert calls(unfinished, "GetConfiguredAudienceModel") == 1


def test_a_status_that_is_out_of_date_does_not_hold_up_the_start(unfinished: Deployment) -> None:
    service = unfinished.emulator.service
    service.readings = replace(service.readings, job_status_lag=20 * MINUTE)
    began = unfinished.clock()
    assert unfinished.request()["Status"] == "SUCCESS"
    assert unfinished.clock() - began < 12 * MINUTE


@either_name
def test_the_deadline_ends_the_wait(unfinished: Deployment, name: str | None) -> None:
    answer = unfinished.request(ResourceProperties=properties(Name=name, TimeoutSeconds="300"))
    assert answer["Reason"].startswith("GenerationJobNotActive: export ")
    assert "the generation job was still CREATE_IN_PROGRESS when it was last read" in answer["Reason"]
    assert "Nothing was started for this resource." in answer["Reason"]
    assert 'run "cdk-cleanroomsml watch Campaigns"' in answer["Reason"]
    assert unfinished.emulator.service.exports == []


@either_name
@either_error
@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETE_PENDING", "DELETE_IN_PROGRESS", "DELETE_FAILED"])
def test_a_job_that_never_becomes_active_fails_at_once(
    deployment: Deployment, status: str, error: str, name: str | None
) -> None:
    deployment.emulator.service.readings = Readings(inactive_job_error=error)
    set_job(deployment, status=status, status_details={"statusCode": "BAD_DATA", "message": "No seeds."})
    began = deployment.clock()
    answer = deployment.request(ResourceProperties=properties(Name=name))
    assert answer["Reason"].startswith(f"{error}: ")
    assert f"The generation job is {status} (BAD_DATA: No seeds.); only the audience" in answer["Reason"]
    assert deployment.clock() - began < MINUTE


@pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETE_IN_PROGRESS"])
def test_a_job_that_fails_or_is_deleted_meanwhile_ends_the_wait(unfinished: Deployment, status: str) -> None:
    set_job(unfinished, becomes=status)
    began = unfinished.clock()
    answer = unfinished.request()
    assert f"The generation job is {status}; only the audience" in answer["Reason"]
    assert unfinished.clock() - began < 12 * MINUTE


def test_a_job_that_does_not_exist_any_more_ends_the_wait(unfinished: Deployment) -> None:
    unfinished.deliver(unfinished.event())
    unfinished.run_for(MINUTE)
    del unfinished.emulator.service.jobs[JOB]
    unfinished.run_executions()
    assert unfinished.endpoint.bodies[0]["Reason"].startswith("ResourceNotFoundException: ")


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("kind", [FaultKind.THROTTLE, FaultKind.SERVER_ERROR, FaultKind.DROP])
@pytest.mark.parametrize("before", [0, 2], ids=["from the first read", "from the third read"])
def test_reads_of_the_job_that_fail_are_repeated(
    unfinished: Deployment, kind: FaultKind, times: int, before: int
) -> None:
    fault = Fault("GetAudienceGenerationJob", kind, times=times)
    unfinished.deliver(unfinished.event())
    unfinished.run_for(timedelta(seconds=5 * before))
    unfinished.emulator.faults.append(fault)
    unfinished.run_executions()
    assert unfinished.endpoint.bodies[0]["Status"] == "SUCCESS"


def test_a_permission_to_read_the_job_may_spread_late(unfinished: Deployment) -> None:
    fault = Fault("GetAudienceGenerationJob", FaultKind.REFUSE, times=10, code="AccessDeniedException")
    unfinished.emulator.faults.append(fault)
    assert unfinished.request()["Status"] == "SUCCESS"


def test_without_the_permission_to_read_the_job_the_refusal_is_reported(unfinished: Deployment) -> None:
    fault = Fault("GetAudienceGenerationJob", FaultKind.REFUSE, times=999, code="AccessDeniedException")
    unfinished.emulator.faults.append(fault)
    began = unfinished.clock()
    answer = unfinished.request()
    assert "The audience generation job is CREATE_IN_PROGRESS" in answer["Reason"]
    assert 3 * MINUTE <= unfinished.clock() - began < 5 * MINUTE


@pytest.mark.parametrize("takes_effect", [True, False])
def test_an_unanswered_start_is_settled_before_the_job_is_waited_for(
    unfinished: Deployment, takes_effect: bool
) -> None:
    """Even if the job then seems to be created again: the listing shows what the start did."""
    set_job(unfinished, status="ACTIVE", becomes="CREATE_IN_PROGRESS", changes_after=timedelta(seconds=1))
    fault = Fault("StartAudienceExportJob", FaultKind.SERVER_ERROR, takes_effect=takes_effect)
    unfinished.emulator.faults.append(fault)
    answer = unfinished.request(ResourceProperties=properties(TimeoutSeconds="300"))
    assert len(unfinished.emulator.service.exports) == takes_effect
    if not takes_effect:
        assert answer["Reason"].startswith("GenerationJobNotActive: ")
        assert "An export may have been started." in answer["Reason"]


def test_a_rollback_ends_the_wait_without_a_start(unfinished: Deployment) -> None:
    unfinished.deliver(unfinished.event())
    unfinished.run_for(3 * MINUTE)
    unfinished.begin_operation("ROLLBACK_IN_PROGRESS")
    unfinished.run_executions()
    assert unfinished.endpoint.bodies[0]["Reason"].startswith("StackMovedOn: ")
    assert unfinished.emulator.service.exports == []


def test_a_full_account_is_waited_for_after_the_job(unfinished: Deployment) -> None:
    service = unfinished.emulator.service
    service.readings = replace(service.readings, in_progress_for=20 * MINUTE)
    unfinished.fill_account()
    assert unfinished.request()["Status"] == "SUCCESS"
    assert unfinished.started_by_us()


def test_a_name_that_another_job_s_export_has_is_a_conflict_once_the_job_is_active(unfinished: Deployment) -> None:
    from cdk_cleanroomsml_local.readings import NamesAreUnique

    service = unfinished.emulator.service
    service.readings = replace(service.readings, names=NamesAreUnique.PER_ACCOUNT)
    unfinished.start_elsewhere("mine", job=OTHER_JOB)
    began = unfinished.clock()
    answer = unfinished.request(ResourceProperties=properties(Name="mine"))
    assert answer["Reason"].startswith("ConflictException: ")
    assert 10 * MINUTE <= unfinished.clock() - began < 12 * MINUTE
