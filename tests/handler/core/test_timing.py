"""The numbers that must agree with each other, and with what the construct deploys."""

from datetime import timedelta

import pytest

from audience_export_handler.core import timing
from cdk_cleanroomsml_contract import timeouts
from tests.builders.requests import START

CALL = timedelta(seconds=timing.CONNECT_SECONDS + timing.READ_SECONDS)


@pytest.mark.parametrize(("timeout", "seconds"), [(60, 40), (200, 180), (600, 570), (3600, 3420)])
def test_the_deadline_leaves_time_to_answer(timeout: int, seconds: int) -> None:
    assert timing.deadline(START, timedelta(seconds=timeout)) == START + timedelta(seconds=seconds)


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


def test_the_spans_are_those_that_the_decision_table_states() -> None:
    spans = {
        "clocks that differ": timing.CLOCK_SKEW,
        "a listing that lags": timing.LISTING_LAG,
        "permissions that have not spread": timing.IAM_PROPAGATION,
        "an output location that comes late": timing.OUTPUT_LOCATION_LAG,
        "an export that must exist": timing.PATIENCE_WITH_LISTING,
        "an accepted start that is not listed": timing.ACCEPTED_UNLISTED,
    }
    assert [span.total_seconds() for span in spans.values()] == [5, 15, 180, 60, 30, 300]


def test_no_pause_is_so_short_that_a_call_would_follow_immediately() -> None:
    assert (timing.AFTER_START, timing.AFTER_REFUSAL, timing.BEFORE_NEXT_READ) == (2, 5, 5)


@pytest.mark.parametrize(("seconds", "whole"), [(0, 1), (0.5, 1), (14, 15), (14.9, 15)])
def test_a_moment_has_passed_after_the_seconds_until_it(seconds: float, whole: int) -> None:
    assert timing.seconds_until(START + timedelta(seconds=seconds), START) == whole
