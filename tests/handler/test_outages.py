"""What one step after the other does: it starts once, waits out errors, reads the stack, and may come late."""

import re
from datetime import timedelta
from typing import Any

import pytest

from audience_export_handler.aws import clean_rooms_ml
from audience_export_handler.core.facts import RefusalFacts
from cdk_cleanroomsml_local.emulator import Fault, FaultKind
from cdk_cleanroomsml_local.readings import Readings, Repeat
from tests.builders.cases import either_name, start_or_list
from tests.builders.events import properties
from tests.fakes.deployment import Deployment


class TestStartsOnce:
    """Whatever happens around the one start, there is one export and one true answer."""

    @either_name
    @pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.SERVER_ERROR], ids=["no answer", "server error"])
    def test_a_start_whose_answer_was_lost_is_found_by_listing(
        self, deployment: Deployment, kind: FaultKind, name: str | None
    ) -> None:
        deployment.emulator.service.readings = Readings(listing_lag=timedelta(seconds=10))
        deployment.emulator.faults.append(Fault("StartAudienceExportJob", kind, takes_effect=True))
        answer = deployment.request(ResourceProperties=properties(Name=name))
        assert answer["Status"] == "SUCCESS"
        assert len(deployment.starts()) == 1

    def test_a_start_that_was_lost_on_its_way_is_sent_again_after_a_pause(self, deployment: Deployment) -> None:
        deployment.emulator.faults.append(Fault("StartAudienceExportJob", FaultKind.DROP))
        began = deployment.clock()
        assert deployment.request(ResourceProperties=properties(Name="mine"))["Status"] == "SUCCESS"
        assert len(deployment.emulator.service.exports) == 1
        first, second = (call.at for call in deployment.emulator.started())
        assert first - began < timedelta(seconds=1)
        assert second - first >= timedelta(seconds=15)

    @either_name
    @pytest.mark.parametrize("crash", ["before the step", "after the step"])
    @pytest.mark.parametrize("number", [1, 2, 3, 4], ids=lambda number: f"step {number}")
    def test_a_step_that_dies_is_repeated_without_another_start(
        self, deployment: Deployment, crash: str, number: int, name: str | None
    ) -> None:
        count = 0

        def invoke(message: dict[str, Any]) -> object:
            nonlocal count
            count += 1
            if count == number and crash == "before the step":
                raise TimeoutError("killed")
            result = deployment.invoke(message)
            if count == number:
                raise TimeoutError("killed")
            return result

        deployment.machine.invoke = invoke
        deployment.emulator.service.readings = Readings(listing_lag=timedelta(seconds=10))
        answer = deployment.request(ResourceProperties=properties(Name=name))
        assert answer["Status"] == "SUCCESS"
        assert len(deployment.starts()) == 1

    def test_an_export_of_somebody_else_from_before_the_step_that_died_is_not_our_own(
        self, deployment: Deployment
    ) -> None:
        """The start was refused, and then for a while the exports could not be listed: no step sent another start."""
        count = 0

        def invoke(message: dict[str, Any]) -> object:
            nonlocal count
            count += 1
            if count == 4:
                deployment.start_elsewhere("mine")
            if count == 9:
                raise TimeoutError("killed")
            return deployment.invoke(message)

        deployment.machine.invoke = invoke
        deployment.emulator.faults.append(Fault("StartAudienceExportJob", FaultKind.THROTTLE))
        deployment.deliver(deployment.event(ResourceProperties=properties(Name="mine")))
        deployment.run_for(timedelta(seconds=1))
        deployment.emulator.faults.append(Fault("ListAudienceExportJobs", FaultKind.THROTTLE, times=6))
        deployment.run_executions()
        assert count > 9
        [answer] = deployment.endpoint.bodies
        assert answer["Reason"].startswith("ConflictException: ")

    def test_a_silent_repeat_is_not_treated_as_our_own(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(repeat=Repeat.SILENT, listing_lag=timedelta(seconds=10))
        deployment.start_elsewhere("mine")
        deployment.clock.sleep(9)
        answer = deployment.request(ResourceProperties=properties(Name="mine"))
        assert answer["Reason"].startswith("ConflictException: ")

    def test_a_conflict_that_has_another_explanation_may_still_be_with_our_own_export(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The first start took effect and was not answered; since then its generation job is being deleted."""
        facts = RefusalFacts("DELETE_PENDING")
        monkeypatch.setattr(clean_rooms_ml, "read_refusal_facts", lambda *_, **__: facts)
        deployment.emulator.service.readings = Readings(listing_lag=timedelta(seconds=25))
        deployment.emulator.faults.append(Fault("StartAudienceExportJob", FaultKind.DROP, takes_effect=True))
        answer = deployment.request(ResourceProperties=properties(Name="mine"))
        assert answer["Status"] == "SUCCESS"
        assert len(deployment.starts()) == 2


class TestTransientErrors:
    @start_or_list
    def test_throttling_is_waited_out(self, deployment: Deployment, operation: str) -> None:
        deployment.emulator.faults.append(Fault(operation, FaultKind.THROTTLE, times=5))
        assert deployment.request(ResourceProperties=properties(Name="mine"))["Status"] == "SUCCESS"
        assert len(deployment.emulator.service.exports) == 1

    def test_access_that_is_granted_late_is_waited_out(self, deployment: Deployment) -> None:
        fault = Fault("StartAudienceExportJob", FaultKind.REFUSE, times=4, code="AccessDeniedException")
        deployment.emulator.faults.append(fault)
        assert deployment.request()["Status"] == "SUCCESS"

    @pytest.mark.parametrize(
        ("kind", "code"),
        [(FaultKind.THROTTLE, "ThrottlingException"), (FaultKind.SERVER_ERROR, "InternalServerException")],
        ids=["throttled", "server error"],
    )
    @start_or_list
    def test_an_outage_is_waited_out_until_the_deadline_and_reported_then(
        self, deployment: Deployment, operation: str, kind: FaultKind, code: str
    ) -> None:
        deployment.emulator.faults.append(Fault(operation, kind, times=999))
        began = deployment.clock()
        answer = deployment.request()
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith(f"{code}: export ")
        assert timedelta(minutes=55) <= deployment.clock() - began < timedelta(minutes=58)
        assert deployment.emulator.service.exports == []

    @start_or_list
    def test_throttling_until_the_deadline_is_reported_and_nothing_starts_after_it(
        self, deployment: Deployment, operation: str
    ) -> None:
        deployment.emulator.faults.append(Fault(operation, FaultKind.THROTTLE, times=999))
        began = deployment.clock()
        answer = deployment.request(ResourceProperties=properties(TimeoutSeconds="60"))
        assert answer["Reason"].startswith("ThrottlingException: export ")
        assert deployment.clock() - began <= timedelta(seconds=55)
        assert all(call.at - began <= timedelta(seconds=50) for call in deployment.emulator.started())

    def test_a_reason_says_that_nothing_is_listed_only_if_the_last_listing_succeeded(
        self, deployment: Deployment
    ) -> None:
        """The start took effect and was not answered; nobody saw a listing after that."""
        faults = deployment.emulator.faults
        faults.append(Fault("StartAudienceExportJob", FaultKind.SERVER_ERROR, takes_effect=True))
        deployment.deliver(deployment.event(ResourceProperties=properties(Name="mine", TimeoutSeconds="120")))
        deployment.run_for(timedelta(seconds=1))
        assert deployment.starts() == ["mine"]
        faults.append(Fault("ListAudienceExportJobs", FaultKind.THROTTLE, times=999))
        deployment.run_executions()
        reason = deployment.endpoint.bodies[-1]["Reason"]
        assert reason.startswith("InternalServerException: ")
        assert "the exports could not be listed at the end" in reason
        assert "is listed" not in reason.partition("An export may have been started. ")[0]

    @pytest.mark.parametrize(
        ("timeout", "outage", "said"),
        [
            (600, 50, "ThrottlingException: .* the exports could not be listed at the end"),
            (3600, 3600, "DeadlineExceeded: .* Nothing was started for this resource. Deploy again"),
        ],
        ids=["soon after a try", "long after the last try"],
    )
    def test_a_step_that_comes_too_late_to_list_says_what_it_knows(
        self, deployment: Deployment, timeout: int, outage: int, said: str
    ) -> None:
        deployment.emulator.faults.append(Fault("StartAudienceExportJob", FaultKind.THROTTLE, times=999))
        deployment.deliver(deployment.event(ResourceProperties=properties(TimeoutSeconds=str(timeout))))
        deployment.run_for(timedelta(minutes=9))
        deployment.clock.sleep(outage)
        deployment.run_executions()
        assert re.match(said, deployment.endpoint.bodies[-1]["Reason"])

    def test_an_error_that_is_over_is_not_reported_at_the_deadline(self, deployment: Deployment) -> None:
        """The start was throttled and then accepted: what is missing is the time, not another try."""
        deployment.emulator.service.readings = Readings(listing_lag=timedelta(hours=9))
        deployment.emulator.faults.append(Fault("StartAudienceExportJob", FaultKind.THROTTLE))
        answer = deployment.request(ResourceProperties=properties(TimeoutSeconds="60"))
        assert answer["Reason"].startswith("DeadlineExceeded: ")
        assert len(deployment.emulator.service.exports) == 1

    def test_a_listing_that_works_again_ends_its_error(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(hours=9))
        deployment.emulator.faults.append(Fault("ListAudienceExportJobs", FaultKind.THROTTLE))
        deployment.control.stack_status = None
        answer = deployment.request(ResourceProperties=properties(TimeoutSeconds="60"))
        assert answer["Reason"].startswith("StackUnreadable: ")


class TestStack:
    """An export starts only while the stack is creating or updating."""

    @pytest.mark.parametrize("status", ["ROLLBACK_IN_PROGRESS", "CREATE_FAILED", "DELETE_IN_PROGRESS"])
    def test_nothing_starts_in_a_stack_that_moved_on(self, deployment: Deployment, status: str) -> None:
        deployment.control.stack_status = status
        answer = deployment.request()
        assert answer["Reason"].startswith("StackMovedOn: ")
        assert deployment.starts() == []

    def test_a_stack_that_cannot_be_read_is_read_again(self, deployment: Deployment) -> None:
        deployment.control.stack_status = None
        deployment.deliver(deployment.event())
        seen = len(deployment.control.calls)

        def invoke(message: dict[str, Any]) -> object:
            if len(deployment.control.calls) > seen + 3:
                deployment.control.stack_status = "CREATE_IN_PROGRESS"
            else:
                assert deployment.starts() == []
            return deployment.invoke(message)

        deployment.machine.invoke = invoke
        deployment.run_executions()
        assert deployment.endpoint.bodies[-1]["Status"] == "SUCCESS"

    def test_a_stack_that_cannot_be_read_until_the_deadline_is_reported(self, deployment: Deployment) -> None:
        deployment.control.stack_status = None
        answer = deployment.request(ResourceProperties=properties(TimeoutSeconds="600"))
        assert answer["Reason"].startswith("StackUnreadable: export ")
        assert "cloudformation:DescribeStacks" in answer["Reason"]
        assert deployment.starts() == []


def _go_back_late(deployment: Deployment) -> dict[str, Any]:
    """The answer to an Update in a rollback, whose first step comes after the deadline."""
    deployment.control.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    back = {"ResourceProperties": properties(Name="mine"), "OldResourceProperties": properties(Name="next")}
    deployment.deliver(deployment.event("Update", PhysicalResourceId="another", **back))
    deployment.clock.sleep(3600 - 19)
    deployment.run_executions()
    return deployment.endpoint.bodies[-1]


class TestLateStep:
    """Lambda may fail for as long as a request lasts."""

    def test_a_step_that_comes_late_still_lists_in_a_rollback(self, deployment: Deployment) -> None:
        """The simulation found it: Lambda fails across the deadline, and the stack must not get stuck for that."""
        deployment.request(ResourceProperties=properties(Name="mine"))
        assert _go_back_late(deployment)["Status"] == "SUCCESS"

    def test_a_step_that_comes_too_late_calls_nothing_more(self, deployment: Deployment) -> None:
        deployment.deliver(deployment.event())
        deployment.clock.sleep(3600 - 17)
        deployment.run_executions()
        assert deployment.endpoint.bodies[-1]["Reason"].startswith("DeadlineExceeded: ")
        assert deployment.emulator.calls == []

    def test_a_late_listing_goes_on_to_its_next_page(self, deployment: Deployment) -> None:
        """The deadline comes between two pages (seed 82560)."""
        deployment.request(ResourceProperties=properties(Name="mine"))
        deployment.start_elsewhere("another")
        deployment.emulator.service.readings = Readings(page_size=1)
        assert _go_back_late(deployment)["Status"] == "SUCCESS"

    @pytest.mark.parametrize(("timeout", "counts"), [("60", 1), ("120", 2)], ids=["60 s", "120 s"])
    def test_shortly_before_the_deadline_the_requests_are_not_counted_again(
        self, deployment: Deployment, timeout: str, counts: int
    ) -> None:
        """A count that is not answered takes the time of the last listing (seed 203259)."""
        deployment.control.stack_status = "UPDATE_COMPLETE"
        deployment.deliver(deployment.event(ResourceProperties=properties(TimeoutSeconds=timeout)))
        deployment.run_executions()
        assert deployment.endpoint.bodies[-1]["Reason"].startswith("StackMovedOn: ")
        assert deployment.control.calls.count("ListExecutions") == counts

    def test_a_listing_that_takes_until_the_last_moment_is_followed_by_no_call(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        really_list = clean_rooms_ml.list_exports

        def list_slowly(*arguments: Any) -> Any:
            deployment.clock.sleep(15)
            return really_list(*arguments)

        monkeypatch.setattr(clean_rooms_ml, "list_exports", list_slowly)
        deployment.deliver(deployment.event())
        deployment.clock.sleep(3600 - 20)
        deployment.run_executions()
        assert deployment.endpoint.bodies[-1]["Reason"].startswith("DeadlineExceeded: ")
        assert "DescribeStacks" not in deployment.control.calls
