"""The scripted days are the same each time, do what they say, and this project survives a slice of them."""

from collections.abc import Iterator

import pytest

from bench import days
from bench.figures import faults
from bench.peers.apps import PROJECT
from bench.virtual import runs, runtimes

PROVIDER, CRHELPER, CFN_HANDLER = "Provider, 5 s", "crhelper, polling 1 min", "cfn-handler, polling 1 min"
STEP_FUNCTIONS, AWS_CUSTOM_RESOURCE = "Step Functions SDK", "AwsCustomResource"


@pytest.fixture(scope="module", autouse=True)
def network() -> Iterator[None]:
    with runs.network():
        yield


def outcome(kind: str, peer: str, number: int = 0) -> str:
    day = days.day(kind, number)
    return faults.outcome_of(day, runs.run(peer, day.plan))


def test_there_are_two_hundred_days() -> None:
    assert len(list(days.all_days())) == 200
    assert len(list(days.all_days(2))) == 2 * len(days.KINDS)


@pytest.mark.parametrize("kind", days.KINDS)
def test_a_day_ends_right_with_this_project(kind: str) -> None:
    assert outcome(kind, PROJECT.name) == faults.RIGHT


@pytest.mark.parametrize("kind", days.KINDS)
def test_a_day_is_the_same_each_time(kind: str) -> None:
    first, second = (runs.run(PROVIDER, days.day(kind, 1).plan) for _ in range(2))
    assert first.calls
    assert (first.finished_at, first.calls) == (second.finished_at, second.calls)


@pytest.mark.parametrize(
    ("kind", "peer", "expected"),
    [
        ("crash after the start", PROVIDER, "the deployment fails, the export runs and is paid for"),
        ("crash after the start", CRHELPER, faults.RIGHT),
        ("the account is full", CRHELPER, "the deployment fails"),
        ("the account is full", STEP_FUNCTIONS, faults.RIGHT),
        ("5xx after the effect", AWS_CUSTOM_RESOURCE, faults.RIGHT),
        ("a long logical id", CRHELPER, "the deployment fails, the export runs and is paid for"),
        ("a long logical id", CFN_HANDLER, "the deployment fails, the export runs and is paid for"),
        ("a long logical id", PROVIDER, faults.RIGHT),
        ("permissions come late", STEP_FUNCTIONS, faults.RIGHT),
    ],
)
def test_what_a_fault_does_to_a_peer(kind: str, peer: str, expected: str) -> None:
    assert outcome(kind, peer) == expected


def test_an_export_that_starts_in_a_rollback_is_seen() -> None:
    outcomes = {outcome("a rollback", CRHELPER, number) for number in range(22)}
    assert outcomes == {faults.RIGHT, "an export starts in a rollback"}


@pytest.mark.parametrize("number", range(4))
def test_a_neighbour_fails_also_if_a_peer_waits_for_nothing(number: int) -> None:
    run = runs.run(AWS_CUSTOM_RESOURCE, days.day("a rollback", number).plan)
    assert run.stack.status.endswith("ROLLBACK_COMPLETE")


@pytest.mark.parametrize("kind", ["crash after the start", "5xx after the effect"])
def test_a_fault_after_the_start_strikes_every_function(kind: str) -> None:
    """Without a fault, one call of Start is enough."""
    starts = runs.run(CRHELPER, days.day(kind, 0).plan).calls["StartAudienceExportJob"]
    assert starts == 2


def test_the_account_is_full_when_the_stack_begins() -> None:
    run = runs.run(STEP_FUNCTIONS, days.day("the account is full", 0).plan)
    assert len(run.world.account.exports) == 21
    assert run.calls["StartAudienceExportJob"] > 1


def test_a_success_before_the_end_is_wrong_but_for_the_peer_that_cannot_wait() -> None:
    day = days.day("listed late", 0)
    run = runs.run(AWS_CUSTOM_RESOURCE, day.plan)
    assert faults.outcome_of(day, run) == faults.RIGHT
    run.peer = PROVIDER
    assert faults.outcome_of(day, run) == "success before the export is ACTIVE"


def test_the_figure_has_all_peers_and_kinds() -> None:
    figure = faults.measure(1)
    [right, wrong] = figure.tables
    assert right.columns[1:] == list(runtimes.NAMES)
    assert len(right.rows) == len(days.KINDS) + 1
    assert {row[0] for row in wrong.rows} <= set(runtimes.NAMES)
    assert figure.goals[0].is_met
