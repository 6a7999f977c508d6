"""The numbers that must agree with each other, and with what the construct deploys."""

from datetime import timedelta

import pytest

from audience_export_handler.core import timing
from cdk_cleanroomsml_contract import timeouts
from tests.builders.requests import START

CALL = timedelta(seconds=timing.CONNECT_SECONDS + timing.READ_SECONDS)


@pytest.mark.parametrize(("timeout", "seconds"), [(60, 40), (200, 180), (400, 380), (600, 570), (3600, 3420)])
def test_the_deadline_leaves_time_to_answer(timeout: int, seconds: int) -> None:
    assert timing.deadline(START, timedelta(seconds=timeout)) == START + timedelta(seconds=seconds)


@pytest.mark.parametrize(("timeout", "seconds"), [(60, 42), (3600, 3582)])
def test_a_late_listing_leaves_time_for_a_call_and_the_answer(timeout: int, seconds: int) -> None:
    assert timing.last_listing(START, timedelta(seconds=timeout)) == START + timedelta(seconds=seconds)


@pytest.mark.parametrize("timeout", [timeouts.SHORTEST_WAIT, timeouts.LONGEST_WAIT], ids=["shortest", "longest"])
def test_a_call_that_begins_at_the_deadline_and_is_not_answered_ends_before_the_time_out(timeout: timedelta) -> None:
    assert timing.deadline(START, timeout) + CALL < START + timeout
    assert timing.last_listing(START, timeout) + CALL < START + timeout


def test_a_stopped_or_repeated_step_has_ended_and_its_export_is_listed() -> None:
    assert timing.OUTLASTING_STEP >= timeouts.FUNCTION_TIMEOUT + timing.LISTING_LAG


def test_the_calls_of_one_invocation_fit_into_the_function_s_time_out() -> None:
    control = timedelta(seconds=2 * timing.CONTROL_SECONDS)
    # A step: executions, one page of exports, the stack, a start.
    assert control + CALL + control + CALL <= timeouts.FUNCTION_TIMEOUT
    call = timedelta(seconds=timing.START_EXECUTION_SECONDS)
    assert timing.START_EXECUTION_FOR + call < timeouts.FUNCTION_TIMEOUT
    assert 3 * timedelta(seconds=timing.PUT_SECONDS + 3) < timeouts.FUNCTION_TIMEOUT


def test_the_last_resort_returns_before_its_time_out() -> None:
    """If it is ended after it has sent FAILED, Lambda runs it again, and it may accept the event then.

    Each call may wait for its connection, and then again for the answer.
    """
    accepting = timing.START_EXECUTION_FOR + timedelta(seconds=2 * timing.START_EXECUTION_SECONDS)
    listing = timedelta(seconds=2 * timing.CONTROL_SECONDS)
    answering = 3 * timedelta(seconds=2 * timing.PUT_SECONDS + 3)
    assert accepting + listing + answering < timeouts.LAST_RESORT_TIMEOUT


def test_an_execution_that_may_still_run_is_never_too_old() -> None:
    assert timing.OLDEST_EXECUTION > timeouts.EXECUTION_TIMEOUT + timing.CLOCK_SKEW


def test_a_signature_is_believed_as_long_as_an_event_can_be_under_way() -> None:
    longest = timeouts.LONGEST_DELIVERY + timeouts.FUNCTION_TIMEOUT + timing.CLOCK_SKEW
    assert longest < timing.OLDEST_EVENT


def test_a_delete_ends_before_its_function_does() -> None:
    assert timing.DELETE_LAST_CALL + timedelta(seconds=2 * timing.DELETE_CALL_SECONDS) <= timedelta(seconds=10)


@pytest.mark.parametrize(("age", "seconds"), [(0, 2), (39, 3), (100, 10), (299, 29), (100_000, 30)])
def test_pauses_grow_with_the_age(age: float, seconds: int) -> None:
    assert timing.pause_for_age(timedelta(seconds=age)) == seconds


# In seconds. The documents state most of these: docs/decision-table.md, docs/guarantees.md and docs/events.md.
SPANS: dict[str, float] = {
    "CLOCK_SKEW": 5,
    "LISTING_LAG": 15,
    "STALE_STACK": 60,
    "IAM_PROPAGATION": 180,
    "OUTPUT_LOCATION_LAG": 60,
    "ENOUGH_FOR_AN_UPDATE": 120,
    "OLDEST_EVENT": 64 * 60,
    "STALE_RESOURCE": 5 * 60,
    "CONNECT_SECONDS": 5,
    "READ_SECONDS": 10,
    "CONTROL_SECONDS": 5,
    "COUNTING": 10,
    "START_EXECUTION_SECONDS": 10,
    "START_EXECUTION_FOR": 45,
    "DELETE_CALL_SECONDS": 2,
    "DELETE_LAST_CALL": 6,
    "PUT_SECONDS": 10,
    "PATIENCE_WITH_LISTING": 30,
    "ACCEPTED_UNLISTED": 5 * 60,
    "JOB_UNREAD": 60,
    "REFUSAL_UNREAD": 10 * 60,
    "OUTLASTING_STEP": 75,
    "LOOKING": 30,
    "FOLLOWED_FOR": 24 * 60 * 60,
    "AFTER_START": 2,
    "AFTER_REFUSAL": 5,
    "BEFORE_NEXT_READ": 5,
    "SHORTEST_PAUSE": 2,
    "LONGEST_PAUSE": 30,
    "FOLLOWING_SHORTEST": 60,
    "FOLLOWING_LONGEST": 300,
    "SECONDS_EACH": 0.4,
    "COUNTED_AGAIN_AFTER": 30,
    "COUNTED_EVERY": 5 * 60,
    "SLOT_SHORTEST": 5,
    "SLOT_LONGEST": 15,
    "SLOT_LONGEST_LATER": 7,
    "SLOT_LATER": 15 * 60,
}
# Two follow from how long an execution lives, which is in the contract. The last one is a number of requests.
FOLLOWING_FROM_THE_CONTRACT = {"OLDEST_EXECUTION", "OLDEST_FOLLOWER", "TOGETHER"}


@pytest.mark.parametrize(("name", "seconds"), SPANS.items(), ids=list(SPANS))
def test_a_span_changes_only_on_purpose(name: str, seconds: float) -> None:
    span = getattr(timing, name)
    assert (span.total_seconds() if isinstance(span, timedelta) else span) == seconds


def test_every_span_is_here() -> None:
    public = {name for name in vars(timing) if name.isupper() and not name.startswith("_")}
    assert public - {"RUNNING_OF_ACCOUNT"} == set(SPANS) | FOLLOWING_FROM_THE_CONTRACT


def test_what_follows_from_the_contract() -> None:
    later = timedelta(minutes=5)
    assert timing.OLDEST_EXECUTION - later == timeouts.EXECUTION_TIMEOUT
    assert timing.OLDEST_FOLLOWER - later == timeouts.FOLLOWER_TIMEOUT
    assert timing.TOGETHER == 5


@pytest.mark.parametrize(("waiting", "seconds"), [(1, 4.75), (2, 4.75), (8, 9.5), (40, 21.2), (60, 30.0), (450, 98.5)])
def test_the_more_requests_wait_the_longer_each_does(waiting: int, seconds: float) -> None:
    assert timing.fair_pause(waiting) == pytest.approx(seconds, abs=0.05)


@pytest.mark.parametrize(("waiting", "calls_a_second"), [(1, 0.25), (60, 2), (200, 3.5), (450, 5)])
def test_requests_that_wait_together_share_the_account_s_limit(waiting: int, calls_a_second: float) -> None:
    assert waiting / timing.fair_pause(waiting) <= calls_a_second


@pytest.mark.parametrize(("seconds", "whole"), [(0, 1), (0.5, 1), (14, 15), (14.9, 15)])
def test_a_moment_has_passed_after_the_seconds_until_it(seconds: float, whole: int) -> None:
    assert timing.seconds_until(START + timedelta(seconds=seconds), START) == whole


@pytest.mark.parametrize(("neighbours", "seconds"), [(1, 120), (60, 120), (450, 257)])
def test_two_tries_are_at_most_two_pauses_and_a_step_apart(neighbours: int, seconds: float) -> None:
    assert timing.between_tries(neighbours).total_seconds() == pytest.approx(seconds, abs=0.1)
