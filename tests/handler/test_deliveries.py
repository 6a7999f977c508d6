"""One event, delivered once or more, and a function that dies at any call: one export, one answer, no loose end."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product
from types import SimpleNamespace
from typing import Any

import pytest

from audience_export_handler import lifecycle
from audience_export_handler.aws import clean_rooms_ml, cloudformation, response, step_functions
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.cases import either_name
from tests.builders.events import properties
from tests.fakes.deployment import Deployment

# Every call that leaves the function, on the way of a Create.
CALLS = [
    (step_functions, "_start_once"),
    (step_functions, "stop_older"),
    (clean_rooms_ml, "list_exports"),
    (cloudformation, "read_phase"),
    (clean_rooms_ml, "start_export"),
    (response, "_put"),
]
# Accept: 1; steps: 1 + 2 + 3 calls, then listings; at last the answer.
CALLS_OF_A_CREATE = 12
DEATHS = {
    f"{moment} call {number}": (number, moment)
    for number, moment in product(range(1, CALLS_OF_A_CREATE + 1), ("before", "after"))
}


class Killed(Exception):
    """The function's container is gone."""


def kill_at(monkeypatch: pytest.MonkeyPatch, number: int, moment: str) -> Callable[[], bool]:
    """Kill the function at its n-th call, before the call or after it; returns whether that has happened."""
    count = 0

    def guarded(call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            mine = count
            if mine == number and moment == "before":
                raise Killed
            result = call(*arguments, **more)
            if mine == number:
                raise Killed
            return result

        return called

    for module, name in CALLS:
        monkeypatch.setattr(module, name, guarded(getattr(module, name)))
    return lambda: count >= number


def deliver_as_lambda_does(deployment: Deployment, sent: dict[str, Any]) -> None:
    """Up to two more times if the function fails."""
    for _ in range(3):
        try:
            return deployment.deliver(sent)
        except Killed:
            deployment.clock.sleep(60)
    raise AssertionError("three deliveries have failed")


@either_name
@pytest.mark.parametrize("death", DEATHS.values(), ids=list(DEATHS))
@pytest.mark.parametrize("deliveries", [1, 2, 3], ids=["once", "twice", "three times"])
def test_a_function_that_dies_at_any_call(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, deliveries: int, death: tuple[int, str], name: str | None
) -> None:
    deployment.emulator.service.readings = Readings(listing_lag=timedelta(seconds=12))
    has_died = kill_at(monkeypatch, *death)
    sent = deployment.event(ResourceProperties=properties(Name=name))
    for _ in range(deliveries):
        deliver_as_lambda_does(deployment, sent)
        deployment.machine.run(until=deployment.clock() + timedelta(seconds=20))
    deployment.run_executions()
    deliver_as_lambda_does(deployment, sent)
    deployment.run_executions()

    assert has_died()
    assert len(deployment.emulator.service.exports) == 1
    assert len(deployment.machine.executions) == 1
    assert {body["Status"] for body in deployment.endpoint.bodies} == {"SUCCESS"}
    assert len(set(deployment.endpoint.raw)) == 1, "an answer may be sent again, but never another one"


@pytest.mark.parametrize("deliveries", [2, 3], ids=["twice", "three times"])
def test_an_event_that_is_delivered_to_several_containers_together(deployment: Deployment, deliveries: int) -> None:
    sent = deployment.event()
    context = SimpleNamespace(aws_request_id="1", function_name="handler")
    handlers = [lifecycle.make_handler(clock=deployment.clock, sleep=deployment.clock.sleep) for _ in range(deliveries)]
    with ThreadPoolExecutor(deliveries) as pool:
        assert list(pool.map(lambda handler: handler(sent, context), handlers)) == [None] * deliveries
    deployment.run_executions()
    assert len(deployment.emulator.service.exports) == 1
    assert [body["Status"] for body in deployment.endpoint.bodies] == ["SUCCESS"]


@pytest.mark.parametrize("deliveries", [2, 3], ids=["twice", "three times"])
def test_a_redelivered_event_starts_nothing(deployment: Deployment, deliveries: int) -> None:
    sent = deployment.event()
    for _ in range(deliveries):
        deployment.deliver(sent)
    deployment.run_executions()
    deployment.deliver(sent)
    deployment.run_executions()
    assert len(deployment.starts()) == 1
    assert [body["Status"] for body in deployment.endpoint.bodies] == ["SUCCESS"]


def test_a_reused_request_id_with_a_new_response_url_runs_afresh(deployment: Deployment) -> None:
    deployment.request()
    again = deployment.event() | {"RequestId": "request-1"}
    deployment.deliver(again)
    deployment.run_executions()
    assert [body["Status"] for body in deployment.endpoint.bodies] == ["SUCCESS", "SUCCESS"]
    assert len(deployment.starts()) == 1


class TestNothingIsLeftRunning:
    def is_over(self, deployment: Deployment, within: timedelta) -> bool:
        assert deployment.machine.running() == []
        return all(
            one.stopped_at is not None and one.stopped_at - one.started_at <= within
            for one in deployment.machine.executions.values()
        )

    @pytest.mark.parametrize("timeout", [60, 600, 3600], ids=["1 min", "10 min", "1 h"])
    def test_after_the_deadline(self, deployment: Deployment, timeout: int) -> None:
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(hours=9))
        declared = properties(TimeoutSeconds=str(timeout), ServiceTimeout=str(timeout))
        assert deployment.request(ResourceProperties=declared)["Status"] == "FAILED"
        assert self.is_over(deployment, timedelta(seconds=timeout))

    @pytest.mark.parametrize("calls", [0, 1, 3, 20], ids=lambda calls: f"after {calls} calls")
    @pytest.mark.parametrize("seconds", [0, 74], ids=["immediately", "after 74 s"])
    def test_while_lambda_is_down(self, deployment: Deployment, calls: int, seconds: int) -> None:
        """From the n-th step on each call fails, immediately or after the task's time-out."""
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(hours=9))
        invoke, count = deployment.machine.invoke, 0

        def fail_from_then_on(message: dict[str, Any]) -> object:
            nonlocal count
            count += 1
            if count <= calls:
                return invoke(message)
            deployment.clock.sleep(seconds)
            raise ConnectionError("Lambda is down")

        deployment.deliver(deployment.event())
        deployment.machine.invoke = fail_from_then_on
        deployment.run_executions()
        assert self.is_over(deployment, timedelta(minutes=65))

    def test_if_no_answer_is_accepted(self, deployment: Deployment) -> None:
        deployment.endpoint.statuses = [503] * 999
        deployment.deliver(deployment.event())
        deployment.run_executions()
        [execution] = deployment.machine.executions.values()
        assert execution.status == "FAILED"
        assert self.is_over(deployment, timedelta(minutes=65))
