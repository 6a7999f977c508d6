"""What the stack hears of a refusal: a person must be able to act on it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cdk_cleanroomsml_local.emulator import Fault, FaultKind
from cdk_cleanroomsml_local.readings import MODEL_OWNER, Readings
from tests.builders.arns import JOB, UNKNOWN_JOB
from tests.builders.cases import either_name, start_or_list
from tests.builders.events import properties
from tests.fakes.deployment import Deployment


class TestRefusals:
    """Every error of the service reaches the stack: code first, the export, the service's words, what to do."""

    @pytest.mark.parametrize(
        ("code", "advice"),
        [
            ("ConflictException", "Otherwise choose another name"),
            ("ValidationException", "Check audience_generation_job_arn, audience_size"),
            ("ResourceNotFoundException", "Check the ARN"),
            ("SomethingNewException", "ask AWS Support about this code"),
        ],
        ids=["conflict", "validation", "not found", "unknown code"],
    )
    def test_a_refused_start_is_reported(self, deployment: Deployment, code: str, advice: str) -> None:
        deployment.emulator.faults.append(
            Fault("StartAudienceExportJob", FaultKind.REFUSE, code=code, message="the words of the service")
        )
        answer = deployment.request(ResourceProperties=properties(Name="mine"))
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith(f'{code}: export "mine" (PERCENTAGE 10) of generation job {JOB}: ')
        assert "the words of the service" in answer["Reason"]
        assert advice in answer["Reason"]
        assert deployment.starts() == ["mine"]

    @either_name
    @start_or_list
    def test_denied_access_is_reported_once_iam_has_had_time(
        self, deployment: Deployment, operation: str, name: str | None
    ) -> None:
        fault = Fault(operation, FaultKind.REFUSE, times=999, code="AccessDeniedException", message="no policy")
        deployment.emulator.faults.append(fault)
        began = deployment.clock()
        answer = deployment.request(ResourceProperties=properties(Name=name))
        assert answer["Reason"].startswith("AccessDeniedException: export ")
        assert "no policy" in answer["Reason"]
        assert timedelta(minutes=3) <= deployment.clock() - began < timedelta(minutes=4)

    def test_a_size_that_is_not_offered_is_reported_with_those_that_are(self, deployment: Deployment) -> None:
        answer = deployment.request(ResourceProperties=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "7"}))
        assert answer["Reason"].startswith("ValidationException: ")
        assert "offers these audience sizes: PERCENTAGE 1, 5, 10, 20." in answer["Reason"]

    def test_a_size_that_is_not_offered_may_be_a_conflict(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(unoffered_size_error="ConflictException")
        answer = deployment.request(ResourceProperties=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "7"}))
        assert answer["Reason"].startswith("ConflictException: ")
        assert "PERCENTAGE 1, 5, 10, 20" in answer["Reason"]
        assert "another name" not in answer["Reason"]

    @pytest.mark.parametrize("operation", ["GetAudienceGenerationJob", "GetConfiguredAudienceModel"])
    def test_the_sizes_are_best_effort(self, deployment: Deployment, operation: str) -> None:
        fault = Fault(operation, FaultKind.REFUSE, times=9, code="AccessDeniedException")
        deployment.emulator.faults.append(fault)
        answer = deployment.request(ResourceProperties=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "7"}))
        assert answer["Reason"].startswith("ValidationException: ")
        assert "is not one of the configured audience model's" in answer["Reason"]

    @pytest.mark.parametrize("error", ["ValidationException", "ConflictException"])
    def test_the_sizes_of_another_account_s_model_are_not_promised(self, deployment: Deployment, error: str) -> None:
        deployment.emulator.service.readings = Readings(models_are_readable=False, unoffered_size_error=error)
        size = {"Type": "PERCENTAGE", "Value": "7"}
        answer = deployment.request(ResourceProperties=properties(AudienceSize=size))
        assert answer["Reason"].startswith(f"{error}: ")
        assert "offers these audience sizes" not in answer["Reason"]
        if error == "ValidationException":
            assert (
                f"model belongs to account {MODEL_OWNER}. If the size is the problem, ask its owner" in answer["Reason"]
            )

    def test_a_job_that_explains_the_refusal_needs_no_hint(self, deployment: Deployment) -> None:
        service = deployment.emulator.service
        service.readings = Readings(models_are_readable=False)
        service.jobs[JOB] = replace(service.jobs[JOB], status="DELETE_PENDING")
        answer = deployment.request()
        assert "The generation job is DELETE_PENDING" in answer["Reason"]
        assert "ask its owner" not in answer["Reason"]

    def test_sizes_are_read_only_for_a_refusal(self, deployment: Deployment) -> None:
        deployment.request()
        assert {call.operation for call in deployment.emulator.calls} == {
            "ListAudienceExportJobs",
            "StartAudienceExportJob",
        }

    @pytest.mark.parametrize("lists_empty", [True, False], ids=["lists nothing", "cannot be listed"])
    def test_an_unknown_generation_job_is_reported(self, deployment: Deployment, lists_empty: bool) -> None:
        deployment.emulator.service.readings = Readings(unknown_job_lists_empty=lists_empty)
        answer = deployment.request(ResourceProperties=properties(AudienceGenerationJobArn=UNKNOWN_JOB))
        assert answer["Status"] == "FAILED"
        assert "does not exist" in answer["Reason"]
