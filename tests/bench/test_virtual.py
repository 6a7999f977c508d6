"""Each peer does its work on virtual time, and what it uses is counted."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from bench.figures import cost, overhead
from bench.peers import machine
from bench.peers.apps import APPS, PROJECT
from bench.virtual import runs, sdk_integrations
from bench.virtual.deployed import template_of
from bench.virtual.rules import Rules
from bench.virtual.runs import Plan

CRHELPER = "crhelper, polling 1 min"
WAITING = [app.name for app in APPS if app.name != "AwsCustomResource"]


@pytest.fixture(scope="module", autouse=True)
def network() -> Iterator[None]:
    with runs.network():
        yield


@pytest.fixture
def rules() -> Rules:
    return Rules(runs.run(CRHELPER, Plan(seconds=1)).world)


@pytest.mark.parametrize("name", WAITING)
def test_a_peer_waits_until_the_export_is_active(name: str) -> None:
    run = runs.run(name, Plan(seconds=30))
    [answer] = run.observer.answers
    assert run.stack.status == "CREATE_COMPLETE"
    assert answer.export_status == "ACTIVE"
    assert len(run.observer.starts) == 1
    assert run.usage.invocations.total() >= 1
    assert run.usage.gb_seconds > 0


def test_one_call_of_the_sdk_waits_for_nothing() -> None:
    run = runs.run("AwsCustomResource", Plan(seconds=30))
    [answer] = run.observer.answers
    assert answer.export_status == "CREATE_PENDING"
    assert run.calls == {"StartAudienceExportJob": 1}


@pytest.mark.parametrize("name", WAITING)
def test_a_failed_export_fails_the_deployment(name: str) -> None:
    def fail(run: runs.Run) -> None:
        run.world.account.worsen(failing=1.0)

    run = runs.run(name, Plan(seconds=30, prepare=fail))
    assert run.stack.status == "ROLLBACK_COMPLETE"
    assert run.observer.answers[0].body["Status"] == "FAILED"


def test_provider_calls_as_often_as_its_interval_says() -> None:
    lists = {name: runs.run(name, Plan(seconds=60)).calls["ListAudienceExportJobs"] for name in WAITING[1:3]}
    assert lists["Provider, 5 s"] in range(11, 15)
    assert lists["Provider, 2 s"] in range(24, 31)


def test_the_waiter_answers_when_its_attempts_are_used_up() -> None:
    run = runs.run("Provider, 5 s", Plan(seconds=4000))
    assert run.stack.status == "ROLLBACK_COMPLETE"
    assert run.observer.timed_out or run.observer.answers[0].body["Reason"] == "Operation timed out"


def test_transitions_are_counted_with_retries() -> None:
    run = runs.run("Provider, 5 s", Plan(seconds=60))
    assert run.usage.transitions == run.usage.invocations["framework.isComplete"]
    own = runs.run(PROJECT.name, Plan(seconds=60))
    assert own.usage.transitions > 2 * own.calls["ListAudienceExportJobs"]


def test_the_expressions_are_those_of_the_machine() -> None:
    """An expression that is not in the table is an error when the machine meets it."""
    states = machine.definition("answer")["States"]
    used = {state["Output"] for state in states.values() if "Output" in state}
    used |= {catch["Output"] for state in states.values() for catch in state.get("Catch", [])}
    used |= {choice["Condition"] for choice in states["Ended?"]["Choices"]}
    assert used == set(sdk_integrations.expressions())


def test_memory_is_that_of_the_template() -> None:
    functions = template_of("Provider, 5 s").functions
    assert functions["framework.isComplete"].memory == 128
    assert functions["peer_provider.is_complete"].memory == 512


def test_a_rule_has_a_short_name(rules: Rules) -> None:
    rules.put_rule(Name="x" * 64, ScheduleExpression="rate(1 minute)", State="ENABLED")
    with pytest.raises(ClientError, match="less than or equal to 64"):
        rules.put_rule(Name="x" * 65, ScheduleExpression="rate(1 minute)", State="ENABLED")


def test_the_policy_of_a_function_is_limited(rules: Rules) -> None:
    statement = {"Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}
    with pytest.raises(ClientError, match="20480 bytes"):
        for number in range(100):
            rules.add_permission(
                FunctionName="f", StatementId=f"Spring{number}", SourceArn="arn:" + "x" * 60, **statement
            )
    rules.remove_permission(FunctionName="f", StatementId="Spring0")
    rules.add_permission(FunctionName="f", StatementId="Spring0", SourceArn="arn:" + "x" * 60, **statement)


def test_a_poller_stops_when_the_export_has_ended() -> None:
    run = runs.run(CRHELPER, Plan(seconds=100))
    assert run.usage.invocations["peer_crhelper.handler"] == 3


def test_the_overhead_is_the_time_from_active_to_the_answer() -> None:
    found = overhead.one_run(CRHELPER, 30, seed=0)
    assert found.seconds is not None
    assert 20 < found.seconds < 31
    assert found.lists == 1


def test_dollars_are_the_units_by_the_price_list() -> None:
    units = cost.Units(transitions=1000, invocations=1_000_000, gb_seconds=1_000_000, log_bytes=1024**3)
    assert units.dollars == pytest.approx(0.025 + 0.20 + 16.6667 + 0.50)
