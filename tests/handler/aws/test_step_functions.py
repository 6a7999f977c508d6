"""Executions are named after their requests, started once, and stopped only if they are surely older."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from audience_export_handler.aws import step_functions
from audience_export_handler.aws.step_functions import ExecutionsUnreadable, execution_name, follower_name
from audience_export_handler.core import timing
from audience_export_handler.core.failure import AcceptanceUnknown
from tests.builders.arns import FOLLOWER
from tests.builders.events import Event, event, properties
from tests.fakes.clients import clients_used
from tests.fakes.deployment import Deployment
from tests.fakes.state_machine import Execution, StateMachine

MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def older(deployment: Deployment, age: timedelta, **changes: str) -> Execution:
    """An execution of the resource that began so long ago; the clock stays."""
    return begun(deployment, deployment.machine, execution_name(event(url=f"https://{age}/", **changes)), age)


def begun(deployment: Deployment, machine: StateMachine, name: str, age: timedelta) -> Execution:
    now = deployment.clock()
    deployment.clock.now = now - age
    execution = machine.start(name, {})
    deployment.clock.now = now
    return execution


def stop_older(deployment: Deployment) -> datetime | None:
    return step_functions.stop_older(event(), requested_at=deployment.clock(), clock=deployment.clock)[0]


class TestStopOlder:
    @pytest.mark.parametrize("age", [6 * SECOND, 30 * MINUTE, 70 * MINUTE], ids=str)
    def test_stops_what_began_before_the_request(self, deployment: Deployment, age: timedelta) -> None:
        """An execution lasts 65 minutes at most; clocks differ by up to five seconds."""
        execution = older(deployment, age)
        assert stop_older(deployment) == deployment.clock()
        assert execution.status == "ABORTED"

    @pytest.mark.parametrize("age", [5 * SECOND, -5 * SECOND, -MINUTE], ids=["5 s older", "5 s newer", "newer"])
    def test_leaves_what_may_be_newer(self, deployment: Deployment, age: timedelta) -> None:
        execution = older(deployment, age)
        assert stop_older(deployment) is None
        assert execution.status == "RUNNING"

    def test_leaves_the_executions_of_other_resources(self, deployment: Deployment) -> None:
        others = older(deployment, MINUTE, LogicalResourceId="Other")
        assert stop_older(deployment) is None
        assert others.status == "RUNNING"

    def test_ignores_what_has_ended_by_its_own_time_out(self, deployment: Deployment) -> None:
        for age in (timing.OLDEST_EXECUTION, timing.OLDEST_EXECUTION + SECOND):
            older(deployment, age).end("ABORTED", deployment.clock() - age)
        assert stop_older(deployment) == deployment.clock() - timing.OLDEST_EXECUTION
        assert deployment.control.calls == ["ListExecutions"]

    def test_leaves_its_own_execution(self, deployment: Deployment) -> None:
        deployment.machine.start(execution_name(event()), {})
        deployment.clock.sleep(60)
        assert stop_older(deployment) is None
        assert len(deployment.machine.running()) == 1

    def test_returns_when_the_last_one_was_stopped_by_whomever(self, deployment: Deployment) -> None:
        first, second = older(deployment, 20 * MINUTE), older(deployment, 10 * MINUTE)
        now = deployment.clock()
        first.end("ABORTED", now - MINUTE)
        second.end("ABORTED", now - 2 * MINUTE)
        assert stop_older(deployment) == now - MINUTE
        second.end("ABORTED", now)
        assert stop_older(deployment) == now

    @pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT"])
    def test_an_execution_that_ended_by_itself_needs_no_stop(self, deployment: Deployment, status: str) -> None:
        older(deployment, MINUTE).end(status, deployment.clock())
        assert stop_older(deployment) is None
        assert "StopExecution" not in deployment.control.calls

    @pytest.mark.parametrize("operation", ["ListExecutions", "StopExecution"])
    def test_an_error_means_that_one_may_be_left(self, deployment: Deployment, operation: str) -> None:
        older(deployment, MINUTE)
        deployment.control.errors[operation] = [(400, "ThrottlingException")]
        with pytest.raises(ExecutionsUnreadable, match="ThrottlingException"):
            stop_older(deployment)


def test_the_running_executions_of_the_state_machine_are_counted(deployment: Deployment) -> None:
    """They share the account's limits of calls."""
    for number in range(9):
        deployment.machine.start(f"of another resource {number}", {})
    deployment.machine.stop(deployment.machine.start("stopped", {}))
    now = deployment.clock()
    assert step_functions.stop_older(event(), requested_at=now, clock=deployment.clock) == (None, 9)


def test_an_execution_that_is_not_listed_yet_counts_itself(deployment: Deployment) -> None:
    now = deployment.clock()
    assert step_functions.stop_older(event(), requested_at=now, clock=deployment.clock) == (None, 1)


def start(deployment: Deployment, sent: Event | None = None) -> None:
    step_functions.start(sent or event(), clock=deployment.clock, sleep=deployment.clock.sleep, draw=lambda: 0.5)


class TestStart:
    def test_tries_are_further_and_further_apart_within_the_function_s_time(self, deployment: Deployment) -> None:
        deployment.control.errors["StartExecution"] = [(500, "Internal")] * 99
        began = deployment.clock()
        with pytest.raises(Exception, match="Internal"):
            start(deployment)
        assert deployment.clock.slept[:5] == [0.75, 1.5, 3.0, 6.0, 6.0]
        assert timedelta(seconds=35) < deployment.clock() - began <= timedelta(seconds=45)

    def test_access_that_stays_denied_is_raised_only_when_the_time_is_up(self, deployment: Deployment) -> None:
        """A role made by the same deployment may not be known everywhere yet."""
        deployment.control.errors["StartExecution"] = [(400, "AccessDeniedException")] * 99
        began = deployment.clock()
        with pytest.raises(Exception, match="AccessDeniedException"):
            start(deployment)
        assert deployment.clock() - began > timedelta(seconds=35)

    @pytest.mark.parametrize("fails_first", [(500, "Internal"), (503, "ServiceUnavailable")], ids=["500", "503"])
    def test_a_try_that_was_not_answered_may_have_started_it(
        self, deployment: Deployment, fails_first: tuple[int, str]
    ) -> None:
        """Whatever the others say: only the name shows it, to a later try."""
        deployment.control.errors["StartExecution"] = [fails_first, *[(400, "AccessDeniedException")] * 99]
        with pytest.raises(AcceptanceUnknown, match="StartExecution was not answered; last: AccessDeniedException"):
            start(deployment)

    def test_a_refusal_and_a_connection_that_was_never_made_start_nothing(self, deployment: Deployment) -> None:
        deployment.control.errors["StartExecution"] = [(499, "Refused")] * 99
        with pytest.raises(ClientError, match="Refused"):
            start(deployment)
        self.fail_with(EndpointConnectionError(endpoint_url="https://127.0.0.1:1"))
        with pytest.raises(EndpointConnectionError):
            start(deployment)

    def test_a_response_that_never_came_may_have_started_it(self, deployment: Deployment) -> None:
        self.fail_with(ReadTimeoutError(endpoint_url="https://127.0.0.1:1"))
        with pytest.raises(AcceptanceUnknown, match="last: ReadTimeoutError"):
            start(deployment)

    def fail_with(self, error: Exception) -> None:
        def fail(**rest: object) -> None:
            raise error

        client = step_functions._client(timing.START_EXECUTION_SECONDS)
        client.meta.events.register("before-send.sfn.StartExecution", fail)

    def test_an_execution_of_the_same_request_is_the_same(self, deployment: Deployment) -> None:
        start(deployment)
        [execution] = deployment.machine.executions.values()
        execution.end("SUCCEEDED", deployment.clock())
        start(deployment)
        assert len(deployment.machine.executions) == 1
        assert deployment.clock.slept == []

    def test_the_execution_gets_the_event(self, deployment: Deployment) -> None:
        start(deployment)
        [execution] = deployment.machine.executions.values()
        assert execution.name == execution_name(event())
        assert execution.input == {"Request": event(), "Step": {"Progress": None}}


def stop_all(deployment: Deployment, **changes: Any) -> None:
    now = deployment.clock()
    step_functions.stop_all(event(**changes), requested_at=now, last_call=now + 3 * SECOND, clock=deployment.clock)


class TestWasStarted:
    """An earlier delivery of an event may have started its execution, and not have heard of it."""

    @pytest.mark.parametrize(("age", "expected"), [(MINUTE, True), (MINUTE + SECOND, False)], ids=["lately", "too old"])
    def test_is_known_by_the_name_of_the_event(self, deployment: Deployment, age: timedelta, expected: bool) -> None:
        begun(deployment, deployment.machine, execution_name(event()), age)
        assert step_functions.was_started(event(), oldest=deployment.clock() - MINUTE) is expected

    def test_is_not_another_request_of_the_resource(self, deployment: Deployment) -> None:
        older(deployment, SECOND)
        assert not step_functions.was_started(event(), oldest=deployment.clock() - MINUTE)

    def test_is_not_known_if_the_executions_cannot_be_listed(self, deployment: Deployment) -> None:
        deployment.machine.start(execution_name(event()), {})
        deployment.control.errors["ListExecutions"] = [(400, "AccessDeniedException")]
        assert not step_functions.was_started(event(), oldest=deployment.clock() - MINUTE)

    @pytest.mark.parametrize("member", ["RequestId", "ResponseURL", "ResourceProperties", "StackId"])
    def test_is_not_known_of_an_event_without_a_member(self, deployment: Deployment, member: str) -> None:
        """It is answered all the same."""
        sent = {name: value for name, value in event().items() if name != member}
        assert not step_functions.was_started(sent, oldest=deployment.clock() - MINUTE)


class TestStopAll:
    FOLLOWED = event(PhysicalResourceId="mine", ResourceProperties=properties(FollowerArn=FOLLOWER))

    def following(self, deployment: Deployment, physical_id: str, age: timedelta = MINUTE) -> Execution:
        return begun(deployment, deployment.follower, follower_name(self.FOLLOWED, physical_id), age)

    def test_stops_what_follows_the_export_of_the_deleted_resource(self, deployment: Deployment) -> None:
        execution, follower = older(deployment, MINUTE), self.following(deployment, "mine")
        others = self.following(deployment, "another")
        stop_all(deployment, **self.FOLLOWED)
        assert (execution.status, follower.status, others.status) == ("ABORTED", "ABORTED", "RUNNING")

    def test_stops_a_follower_that_is_almost_as_old_as_one_can_be(self, deployment: Deployment) -> None:
        oldest = self.following(deployment, "mine", timing.OLDEST_FOLLOWER)
        stop_all(deployment, **self.FOLLOWED)
        assert oldest.status == "ABORTED"

    def test_does_not_ask_for_followers_without_events(self, deployment: Deployment) -> None:
        follower = self.following(deployment, "mine")
        stop_all(deployment, PhysicalResourceId="mine")
        assert follower.status == "RUNNING"
        assert deployment.control.calls == ["ListExecutions"]

    def test_stops_the_followers_even_if_the_executions_cannot_be_listed(self, deployment: Deployment) -> None:
        follower = self.following(deployment, "mine")
        deployment.control.errors["ListExecutions"] = [(400, "ThrottlingException")]
        stop_all(deployment, **self.FOLLOWED)
        assert follower.status == "ABORTED"

    def test_leaves_what_has_ended_or_may_be_newer(self, deployment: Deployment) -> None:
        older(deployment, MINUTE).end("SUCCEEDED", deployment.clock())
        newer = older(deployment, 5 * SECOND)
        stop_all(deployment)
        assert newer.status == "RUNNING"
        assert "StopExecution" not in deployment.control.calls


def test_nothing_is_stopped_after_the_last_call(deployment: Deployment) -> None:
    execution = older(deployment, MINUTE)
    now = deployment.clock()
    step_functions.stop_all(event(), requested_at=now, last_call=now - SECOND, clock=deployment.clock)
    assert execution.status == "RUNNING"
    assert deployment.control.calls == []
    stop_all(deployment)
    assert execution.status == "ABORTED"


CALLS: dict[str, tuple[Any, float]] = {
    "start": (start, 10),
    "stop older": (stop_older, 5),
    "of a Delete": (stop_all, 2),
}


@pytest.mark.parametrize(("call", "seconds"), CALLS.values(), ids=list(CALLS))
def test_no_call_is_repeated_by_botocore_or_outlasts_its_share(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, call: Any, seconds: float
) -> None:
    used = clients_used(monkeypatch, step_functions)
    call(deployment)
    [config] = used
    assert config.retries["total_max_attempts"] == 1
    assert (config.connect_timeout, config.read_timeout) == (seconds, seconds)


class TestExecutionName:
    @pytest.mark.parametrize("member", ["RequestId", "ResponseURL"])
    def test_executions_of_a_resource_share_their_first_half(self, member: str) -> None:
        first, second = execution_name(event()), execution_name(event(**{member: "other"}))
        assert first != second
        assert first.split("-")[0] == second.split("-")[0]

    @pytest.mark.parametrize("member", ["StackId", "LogicalResourceId"])
    def test_executions_of_two_resources_do_not(self, member: str) -> None:
        first, second = execution_name(event()), execution_name(event(**{member: "other"}))
        assert first.split("-")[0] != second.split("-")[0]

    def test_of_a_follower_begins_with_the_resource_and_its_physical_id(self) -> None:
        first, again = follower_name(event(), "mine"), follower_name(event(RequestId="other"), "mine")
        assert first.split("-")[0] == again.split("-")[0] != follower_name(event(), "another").split("-")[0]
        assert first.split("-")[1] == execution_name(event()).split("-")[1] != again.split("-")[1]

    def test_is_allowed_and_holds_no_url(self) -> None:
        for name in (execution_name(event()), follower_name(event(), "mine")):
            assert re.fullmatch(r"[0-9a-f]{32}-[0-9a-f]{32}", name)
