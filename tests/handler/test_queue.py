"""A full account is waited out, a used-up generation job is reported, up to the queue of a whole deployment."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from cdk_cleanroomsml_local import clean_rooms_ml
from cdk_cleanroomsml_local.emulator import Fault, FaultKind
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import FAILING_JOB, JOB, OTHER_JOB, THIRD_JOB
from tests.builders.events import properties
from tests.fakes.deployment import Deployment

either_refusal = pytest.mark.parametrize("reports_value", [True, False], ids=["with its value", "without"])


class TestFullAccount:
    @either_refusal
    def test_is_waited_out(self, deployment: Deployment, reports_value: bool) -> None:
        deployment.emulator.service.readings = Readings(
            in_progress_for=timedelta(minutes=5), quota_errors_tell_values=reports_value
        )
        deployment.fill_account()
        assert deployment.request()["Status"] == "SUCCESS"
        tries = deployment.emulator.started()
        assert len({call.request["name"] for call in tries}) == 1
        pauses = [later.at - earlier.at for earlier, later in pairwise(tries)]
        assert all(timedelta(seconds=5) <= pause <= timedelta(seconds=15) for pause in pauses)
        assert len(set(pauses)) > 3, "jitter"

    def test_is_reported_at_the_deadline(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(hours=9))
        deployment.fill_account()
        began = deployment.clock()
        answer = deployment.request()
        assert answer["Reason"].startswith("ServiceQuotaExceededException: export ")
        assert "The limit of 20 is reached" in answer["Reason"]
        assert "no export of this request is listed" in answer["Reason"]
        assert "declare fewer exports in one deployment" in answer["Reason"]
        assert timedelta(minutes=56) < deployment.clock() - began <= timedelta(minutes=57, seconds=1)

    def test_whose_quota_aws_has_raised_to_25_is_waited_out(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """25 is also what a generation job may have: only its own exports show which of the two it is."""
        monkeypatch.setattr(clean_rooms_ml, "PENDING_EXPORTS_OF_AN_ACCOUNT", 25)
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(minutes=2))
        for number in range(25):
            deployment.start_elsewhere(f"neighbour {number}", job=OTHER_JOB)
        assert deployment.request()["Status"] == "SUCCESS"
        assert {call.answer for call in deployment.emulator.started()} == {"402 ServiceQuotaExceededException", "200"}

    def test_nothing_starts_when_the_stack_rolls_back_meanwhile(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(minutes=5))
        deployment.fill_account()
        deployment.deliver(deployment.event())
        deployment.machine.run(until=deployment.clock() + timedelta(minutes=2))
        deployment.control.stack_status = "ROLLBACK_IN_PROGRESS"
        deployment.run_executions()
        assert deployment.endpoint.bodies[-1]["Reason"].startswith("StackMovedOn: ")
        assert len(deployment.emulator.service.exports) == 20

    def test_a_step_that_dies_while_it_waits_starts_one_export(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(minutes=2))
        deployment.fill_account()
        invoke, count = deployment.machine.invoke, 0

        def dying(message: dict[str, Any]) -> Any:
            nonlocal count
            count += 1
            if count % 3 == 0 and count < 30:
                raise TimeoutError("killed")
            return invoke(message)

        deployment.machine.invoke = dying
        assert deployment.request()["Status"] == "SUCCESS"
        assert len(deployment.emulator.service.exports) == 21

    def test_those_who_waited_longer_come_sooner(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(minutes=40))
        deployment.fill_account()
        deployment.request()
        tries = [call.at for call in deployment.emulator.started()]
        early = [time for time in tries if time - tries[0] < timedelta(minutes=5)]
        late = [time for time in tries if tries[-1] - time < timedelta(minutes=5)]
        assert len(late) > 1.3 * len(early)


class TestUsedUpJob:
    @either_refusal
    def test_the_26th_export_fails_immediately_with_its_reason(
        self, deployment: Deployment, reports_value: bool
    ) -> None:
        deployment.emulator.service.readings = Readings(quota_errors_tell_values=reports_value)
        deployment.fill_job()
        began = deployment.clock()
        answer = deployment.request()
        assert answer["Reason"].startswith("ServiceQuotaExceededException: ")
        assert "The limit of 25 is reached" in answer["Reason"]
        assert (
            "The generation job already has 25 exports, and it can have no more. No export can be deleted"
            in answer["Reason"]
        )
        assert deployment.clock() - began < timedelta(seconds=5)
        assert len(deployment.starts()) == 1

    @either_refusal
    def test_failed_exports_may_count_too(self, deployment: Deployment, reports_value: bool) -> None:
        deployment.emulator.service.readings = Readings(
            failed_count_for_the_job=True, quota_errors_tell_values=reports_value
        )
        deployment.fill_job(FAILING_JOB)
        began = deployment.clock()
        answer = deployment.request(ResourceProperties=properties(AudienceGenerationJobArn=FAILING_JOB))
        assert "The generation job already has 25 exports, and it can have no more" in answer["Reason"]
        waited = deployment.clock() - began
        assert timedelta(seconds=15) <= waited < timedelta(seconds=40)

    def test_an_unknown_quota_is_waited_for(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(failed_count_for_the_job=True, quota_errors_tell_values=False)
        deployment.fill_job(FAILING_JOB)
        of_the_account = {"audienceGenerationJobArn": None}
        denied = Fault(
            "ListAudienceExportJobs", FaultKind.REFUSE, times=9999, code="AccessDeniedException", where=of_the_account
        )
        deployment.emulator.faults.append(denied)
        answer = deployment.request(
            ResourceProperties=properties(AudienceGenerationJobArn=FAILING_JOB, TimeoutSeconds="600")
        )
        assert answer["Reason"].startswith("ServiceQuotaExceededException: ")
        assert "If the quota is the 25 active exports of a generation job, waiting does not help" in answer["Reason"]


class TestWholeDeployment:
    def exports(self, deployment: Deployment, count: int, jobs: list[str]) -> Iterator[dict[str, Any]]:
        for number in range(count):
            yield deployment.event(
                LogicalResourceId=f"Export{number}",
                ResourceProperties=properties(AudienceGenerationJobArn=jobs[number % len(jobs)]),
            )

    @pytest.mark.parametrize(
        ("reports_value", "lag"),
        [pytest.param(True, 0, marks=pytest.mark.nightly), (False, 10)],
        ids=["with its value", "without, and listed late"],
    )
    def test_60_exports_of_three_jobs_20_at_a_time(self, deployment: Deployment, reports_value: bool, lag: int) -> None:
        deployment.emulator.service.readings = Readings(
            in_progress_for=timedelta(minutes=1),
            quota_errors_tell_values=reports_value,
            listing_lag=timedelta(seconds=lag),
        )
        began = deployment.clock()
        for sent in self.exports(deployment, 60, [JOB, OTHER_JOB, THIRD_JOB]):
            deployment.deliver(sent)
        deployment.run_executions()
        assert [body["Status"] for body in deployment.endpoint.bodies] == ["SUCCESS"] * 60
        assert len({body["Data"]["Name"] for body in deployment.endpoint.bodies}) == 60
        assert len(deployment.emulator.service.exports) == 60
        assert deployment.clock() - began < timedelta(minutes=3 * 1.15 + 1)

    def test_60_that_wait_leave_the_account_s_limits_to_others(self, deployment: Deployment) -> None:
        """DescribeStacks is throttled at 5 to 10 calls a second, of everybody in the account together."""
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(hours=9))
        deployment.fill_account()
        for sent in self.exports(deployment, 60, [JOB, OTHER_JOB, THIRD_JOB]):
            deployment.deliver(sent)
        deployment.control.page_size = 1000
        deployment.run_for(timedelta(seconds=1))
        assert deployment.control.calls.count("DescribeStacks") <= 20
        deployment.run_for(timedelta(minutes=1))
        deployment.control.calls.clear()
        deployment.run_for(timedelta(minutes=5))
        assert deployment.control.calls.count("DescribeStacks") <= 2 * 300
        assert deployment.control.calls.count("ListExecutions") <= 60

    def test_the_first_of_60_waits_like_the_others(self, deployment: Deployment) -> None:
        """When it began it was alone, so it counts again."""
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(hours=9))
        deployment.fill_account()
        deployment.control.page_size = 1000
        first, *others = self.exports(deployment, 60, [JOB])
        deployment.deliver(first)
        deployment.run_for(timedelta(seconds=2))
        [name] = deployment.starts()[-1:]
        for sent in others:
            deployment.deliver(sent)
        deployment.run_for(timedelta(minutes=5))
        tries = [call.at for call in deployment.emulator.started() if call.request["name"] == name]
        settled = [later - earlier for earlier, later in pairwise(tries) if earlier - tries[0] > timedelta(seconds=50)]
        assert min(settled) > timedelta(seconds=20), "alone it would be 5 to 15 s"
        assert deployment.control.calls.count("ListExecutions") == 2 * 60

    def test_the_delay_of_the_first_read_is_a_tenth_of_the_time_at_most(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(seconds=2))
        for sent in self.exports(deployment, 20, [JOB]):
            sent["ResourceProperties"]["TimeoutSeconds"] = "60"
            deployment.deliver(sent)
        began = deployment.clock()
        deployment.run_executions()
        assert [body["Status"] for body in deployment.endpoint.bodies] == ["SUCCESS"] * 20
        assert deployment.clock() - began < timedelta(seconds=15)

    def test_26_exports_of_one_job(self, deployment: Deployment) -> None:
        for sent in self.exports(deployment, 26, [JOB]):
            deployment.deliver(sent)
        deployment.run_executions()
        failed = [body for body in deployment.endpoint.bodies if body["Status"] == "FAILED"]
        assert len(deployment.endpoint.bodies) == 26
        assert len(failed) == 1
        assert "The generation job already has 25 exports, and it can have no more" in failed[0]["Reason"]
