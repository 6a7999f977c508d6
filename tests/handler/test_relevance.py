"""An export with a minimum relevance starts only if its generation job's score for its size is at least that."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cdk_cleanroomsml_local.emulator import Fault, FaultKind
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import JOB
from tests.builders.events import Properties, properties
from tests.fakes.deployment import Deployment

MINUTE = timedelta(minutes=1)
SCORES = tuple(
    {"type": "PERCENTAGE", "value": size, "score": score} for size, score in ((20, 0.25), (1, 2.5), (10, 0.5))
)
LISTED = "Its scores are: PERCENTAGE 1 2.5, PERCENTAGE 10 0.5, PERCENTAGE 20 0.25."


@pytest.fixture
def scored(deployment: Deployment) -> Deployment:
    set_job(deployment, measured_sizes=SCORES, recall=0.75)
    return deployment


def set_job(deployment: Deployment, **changes: Any) -> None:
    jobs = deployment.emulator.service.jobs
    jobs[JOB] = replace(jobs[JOB], **changes)


def requiring(score: str, **changes: Any) -> Properties:
    return properties(MinimumRelevance=score, **changes)


def reads(deployment: Deployment) -> int:
    return sum(call.operation == "GetAudienceGenerationJob" for call in deployment.emulator.calls)


@pytest.mark.parametrize("score", ["0", "0.5", "0.4"])
def test_a_score_that_is_reached_starts_the_export(scored: Deployment, score: str) -> None:
    assert scored.request(ResourceProperties=requiring(score))["Status"] == "SUCCESS"
    assert reads(scored) == 1


def test_a_score_that_is_not_reached_fails_with_all_scores_and_starts_nothing(scored: Deployment) -> None:
    answer = scored.request(ResourceProperties=requiring("0.50001", Name="mine"))
    assert answer["Reason"].startswith('RelevanceTooLow: export "mine" (PERCENTAGE 10) of generation job ')
    assert "is 0.5, and minimum_relevance is 0.50001. " + LISTED in answer["Reason"]
    assert "Nothing was started" in answer["Reason"]
    assert scored.starts() == []


def test_a_score_that_is_not_shared_fails(deployment: Deployment) -> None:
    answer = deployment.request(ResourceProperties=requiring("0.1"))
    assert answer["Reason"].startswith("RelevanceUnknown: ")
    assert "It shows no scores at all. Nothing was started" in answer["Reason"]
    assert deployment.starts() == []


def test_a_size_without_a_score_fails_with_those_that_have_one(scored: Deployment) -> None:
    size = {"Type": "PERCENTAGE", "Value": "5"}
    answer = scored.request(ResourceProperties=requiring("0.1", AudienceSize=size))
    assert answer["Reason"].startswith("RelevanceUnknown: ")
    assert LISTED in answer["Reason"]


def test_a_score_counts_for_a_start_only(scored: Deployment) -> None:
    """An export that exists is used, and a changed score starts nothing."""
    created = scored.request(ResourceProperties=properties())
    updated = scored.update(created, old=properties(), new=requiring("9"))
    assert (updated["Status"], updated["PhysicalResourceId"]) == ("SUCCESS", created["PhysicalResourceId"])
    assert updated["Data"] == created["Data"]
    assert len(scored.starts()) == 1
    assert reads(scored) == 0


def test_a_job_that_is_being_created_has_no_scores_yet(scored: Deployment) -> None:
    """Its status may be out of date: then a start would take effect, whatever the score."""
    set_job(scored, status="CREATE_IN_PROGRESS", becomes="ACTIVE", changes_after=10 * MINUTE)
    scored.emulator.service.readings = Readings(job_status_lag=MINUTE)
    began = scored.clock()
    assert scored.request(ResourceProperties=requiring("0.5"))["Status"] == "SUCCESS"
    assert 11 * MINUTE <= scored.clock() - began < 13 * MINUTE
    assert len(scored.starts()) == 1


def test_the_wait_for_scores_ends_at_the_deadline(scored: Deployment) -> None:
    set_job(scored, status="CREATE_PENDING")
    answer = scored.request(ResourceProperties=requiring("0.5", TimeoutSeconds="120"))
    assert answer["Reason"].startswith("GenerationJobNotActive: ")
    assert scored.starts() == []


@pytest.mark.parametrize("kind", [FaultKind.THROTTLE, FaultKind.SERVER_ERROR, FaultKind.DROP])
def test_a_job_that_cannot_be_read_is_read_again(scored: Deployment, kind: FaultKind) -> None:
    scored.emulator.faults.append(Fault("GetAudienceGenerationJob", kind, times=3))
    assert scored.request(ResourceProperties=requiring("0.5"))["Status"] == "SUCCESS"
    assert len(scored.starts()) == 1


def test_a_job_that_is_not_read_in_time_starts_nothing(scored: Deployment) -> None:
    scored.emulator.faults.append(Fault("GetAudienceGenerationJob", FaultKind.THROTTLE, times=999))
    answer = scored.request(ResourceProperties=requiring("0.5", TimeoutSeconds="120"))
    assert answer["Reason"].startswith("ThrottlingException: ")
    assert scored.starts() == []


def test_a_read_that_outlasts_the_deadline_starts_nothing(scored: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_slowly(scored, monkeypatch, 45)
    answer = scored.request(ResourceProperties=requiring("0.5", TimeoutSeconds="60"))
    assert answer["Reason"].startswith("DeadlineExceeded: ")
    assert scored.starts() == []


def answer_slowly(deployment: Deployment, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    service, call = deployment.emulator.service, deployment.emulator.service.call

    def slow(operation: str, request: dict[str, Any]) -> dict[str, Any]:
        if operation == "GetAudienceGenerationJob":
            deployment.clock.sleep(seconds)
        return call(operation, request)

    monkeypatch.setattr(service, "call", slow)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_a_job_that_may_not_be_read_fails_and_says_what_is_needed(scored: Deployment, code: str) -> None:
    scored.emulator.faults.append(Fault("GetAudienceGenerationJob", FaultKind.REFUSE, times=999, code=code))
    answer = scored.request(ResourceProperties=requiring("0.5"))
    assert answer["Reason"].startswith(f"{code}: ")
    assert "cleanrooms-ml:GetAudienceGenerationJob" in answer["Reason"]
    assert scored.starts() == []


def test_the_metrics_are_attributes_if_the_template_refers_to_them(scored: Deployment) -> None:
    data = scored.request(ResourceProperties=properties(ReadMetrics="true"))["Data"]
    assert (data["RelevanceScore"], data["Recall"]) == ("0.5", "0.75")


def test_metrics_that_are_not_shared_are_empty(deployment: Deployment) -> None:
    data = deployment.request(ResourceProperties=properties(ReadMetrics="true"))["Data"]
    assert (data["RelevanceScore"], data["Recall"]) == ("", "")


@pytest.mark.parametrize(("times", "shown"), [(3, "0.5"), (999, "")], ids=["for a moment", "for long"])
def test_metrics_that_cannot_be_read_are_read_again_for_a_minute(scored: Deployment, times: int, shown: str) -> None:
    scored.emulator.faults.append(Fault("GetAudienceGenerationJob", FaultKind.THROTTLE, times=times))
    answer = scored.request(ResourceProperties=properties(ReadMetrics="true"))
    assert answer["Status"] == "SUCCESS"
    assert answer["Data"]["RelevanceScore"] == shown


def test_without_either_the_job_is_not_read(scored: Deployment) -> None:
    data = scored.request()["Data"]
    assert "RelevanceScore" not in data
    assert reads(scored) == 0
