"""Overtaking: what a Delete or a newer request does to the executions of older ones, and what none does to a newer."""

from datetime import timedelta
from typing import Any

import pytest

from audience_export_handler.aws import clean_rooms_ml
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.cases import either_name
from tests.builders.events import AFTER, BACKWARD, BEFORE, FORWARD, properties
from tests.fakes.deployment import Deployment

MINUTE = timedelta(minutes=1)


class TestNewerRequest:
    def test_a_cancelled_update_is_stopped_by_its_rollback_and_never_starts(self, full: Deployment) -> None:
        full.emulator.service.exports.pop()
        full.start_elsewhere("before")
        full.begin_operation("UPDATE_IN_PROGRESS")
        cancelled = full.event("Update", **FORWARD)
        full.deliver(cancelled)
        full.run_for(MINUTE)

        full.control.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
        full.deliver(full.event("Update", **BACKWARD))
        full.run_for(timedelta(seconds=61))
        assert full.endpoint.bodies[-1]["Status"] == "SUCCESS"
        assert full.execution_of(cancelled).status == "ABORTED"

        full.begin_operation("UPDATE_IN_PROGRESS")
        full.run_executions()
        full.run_for(30 * MINUTE)
        assert full.started_by_us() == ["before"]
        assert len(full.endpoint.bodies) == 1

    def test_executions_of_other_resources_go_on(self, full: Deployment) -> None:
        neighbour = full.event(LogicalResourceId="Neighbour")
        full.deliver(neighbour)
        full.deliver(full.event())
        full.run_for(MINUTE)
        full.deliver(full.event())
        full.run_for(MINUTE)
        assert full.execution_of(neighbour).status == "RUNNING"
        assert len(full.machine.running()) == 2

    def test_executions_of_long_ago_are_not_read(self, deployment: Deployment) -> None:
        for number in range(30):
            deployment.machine.stop(deployment.machine.start(f"other-{number}", {}))
        deployment.clock.sleep(71 * 60)
        deployment.request()
        assert deployment.control.calls.count("ListExecutions") == 1

    def test_nothing_starts_until_a_stopped_step_must_have_ended(self, deployment: Deployment) -> None:
        """Stopping an execution does not stop its function: it may still send its start."""
        deployment.begin_operation("UPDATE_IN_PROGRESS")
        deployment.deliver(deployment.event("Update", ResourceProperties=AFTER, OldResourceProperties=BEFORE))
        stopped = next(iter(deployment.machine.executions.values()))
        deployment.run_for(timedelta(seconds=1))
        deployment.machine.stop(stopped)
        before = deployment.clock()
        deployment.clock.sleep(5)
        deployment.request(
            "Update", ResourceProperties=properties(Name="newest"), OldResourceProperties=BEFORE, PhysicalResourceId="x"
        )
        starts = [call for call in deployment.emulator.started() if call.request["name"] == "newest"]
        assert starts[0].at - before >= timedelta(seconds=75)

    @either_name
    def test_a_start_that_a_stopped_step_still_sends_is_not_sent_twice(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, name: str | None
    ) -> None:
        really_start, late = clean_rooms_ml.start_export, deployment.clock() + timedelta(seconds=59)

        def start_late(*arguments: Any) -> None:
            monkeypatch.setattr(clean_rooms_ml, "start_export", really_start)
            deployment.machine.at(late, lambda: really_start(*arguments))
            raise TimeoutError("the function is still running")

        monkeypatch.setattr(clean_rooms_ml, "start_export", start_late)
        declared = properties(Name=name)
        deployment.deliver(deployment.event(ResourceProperties=declared))
        deployment.run_for(timedelta(seconds=1))
        deployment.clock.sleep(5)
        deployment.deliver(deployment.event(ResourceProperties=declared))
        deployment.run_executions()
        [answer] = deployment.endpoint.bodies
        assert len(deployment.emulator.service.exports) == 1
        if name:
            # Nothing shows who started it: a conflict is the truth, and adopting is the user's decision.
            assert answer["Reason"].startswith("ConflictException: ")
        else:
            assert answer["Status"] == "SUCCESS"

    def test_while_executions_cannot_be_listed_nothing_starts(self, deployment: Deployment) -> None:
        deployment.control.errors["ListExecutions"] = [(400, "ThrottlingException")] * 3
        began = deployment.clock()
        assert deployment.request()["Status"] == "SUCCESS"
        [start] = deployment.emulator.started()
        assert start.at - began >= timedelta(seconds=15)

    def test_executions_that_cannot_be_listed_until_the_deadline_are_reported(self, deployment: Deployment) -> None:
        deployment.control.errors["ListExecutions"] = [(400, "AccessDeniedException")] * 999
        answer = deployment.request(ResourceProperties=properties(TimeoutSeconds="600"))
        assert answer["Reason"].startswith("ExecutionsUnreadable: export ")
        assert "states:ListExecutions" in answer["Reason"]
        assert deployment.starts() == []

    def test_what_cannot_be_stopped_is_stopped_by_the_next_step(self, full: Deployment) -> None:
        older = full.event()
        full.deliver(older)
        full.run_for(MINUTE)
        full.control.errors["StopExecution"] = [(500, "Internal")]
        full.deliver(full.event())
        full.run_for(MINUTE)
        assert full.execution_of(older).status == "ABORTED"

    def test_executions_that_cannot_be_listed_do_not_hold_up_a_rollback(self, deployment: Deployment) -> None:
        deployment.start_elsewhere("before")
        deployment.control.errors["ListExecutions"] = [(400, "AccessDeniedException")] * 99
        deployment.control.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
        assert deployment.request("Update", **BACKWARD)["Status"] == "SUCCESS"


class TestStaleEvent:
    def test_does_not_stop_the_execution_of_a_newer_request(self, full: Deployment) -> None:
        full.begin_operation("UPDATE_IN_PROGRESS")
        delayed = full.event("Update", **FORWARD)
        full.clock.sleep(60)
        full.control.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
        newer = full.event("Update", **BACKWARD)
        full.deliver(newer)
        full.run_for(timedelta(seconds=3))
        full.deliver(delayed)
        full.run_for(timedelta(seconds=3))
        assert full.execution_of(newer).status == "RUNNING", "it waits for its export to be listed"

    def test_of_the_same_second_does_not_stop_the_newer_one(self, full: Deployment) -> None:
        """An update that is cancelled immediately: its rollback may begin first, and clocks differ by seconds."""
        full.begin_operation("UPDATE_IN_PROGRESS")
        fast = timedelta(seconds=3)
        full.clock.now += fast
        cancelled = full.event("Update", **FORWARD)
        full.clock.now -= fast
        full.control.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
        newer = full.event("Update", **BACKWARD)
        full.deliver(newer)
        full.run_for(timedelta(seconds=1))
        full.deliver(cancelled)
        full.run_for(timedelta(seconds=3))
        assert full.execution_of(newer).status == "RUNNING", "it waits for its export to be listed"

    def test_starts_nothing_in_a_later_operation_of_the_stack(self, deployment: Deployment) -> None:
        deployment.begin_operation("UPDATE_IN_PROGRESS")
        delayed = deployment.event("Update", **FORWARD)
        deployment.clock.sleep(180)
        deployment.begin_operation("UPDATE_IN_PROGRESS")
        deployment.clock.sleep(60)
        deployment.deliver(delayed)
        deployment.run_executions()
        assert deployment.endpoint.bodies[-1]["Reason"].startswith("StackMovedOn: ")
        assert "the stack is in an operation that began after this request" in deployment.endpoint.bodies[-1]["Reason"]
        assert deployment.starts() == []

    def test_an_execution_left_over_starts_nothing_in_a_later_operation(self, full: Deployment) -> None:
        """Even if its stop has failed, and nothing shows when its request was made."""
        full.begin_operation("UPDATE_IN_PROGRESS")
        left_over = full.event("Update", **FORWARD)
        full.deliver(left_over | {"ResponseURL": full.endpoint.url})
        full.run_for(MINUTE)
        full.begin_operation("UPDATE_IN_PROGRESS")
        full.run_executions()
        assert full.started_by_us() == []

    def test_starts_nothing_after_its_own_time_out(self, deployment: Deployment) -> None:
        delayed = deployment.event(ResourceProperties=properties(TimeoutSeconds="60", ServiceTimeout="60"))
        deployment.clock.sleep(61)
        deployment.deliver(delayed)
        deployment.run_executions()
        assert deployment.endpoint.bodies[-1]["Reason"].startswith("DeadlineExceeded: ")
        assert deployment.starts() == []

    def test_the_deadline_of_a_delayed_event_is_not_later(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(hours=9))
        delayed, made = deployment.event(), deployment.clock()
        deployment.clock.sleep(5 * 60)
        deployment.deliver(delayed)
        deployment.run_executions()
        assert deployment.clock() - made <= timedelta(minutes=57)
