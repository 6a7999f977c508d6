"""The time-outs of what is deployed build on each other."""

from datetime import timedelta

import pytest

from cdk_cleanroomsml_contract import timeouts


def test_a_repeated_step_never_overlaps_the_one_that_it_repeats() -> None:
    assert timeouts.FUNCTION_TIMEOUT + timedelta(seconds=15) <= timeouts.TASK_TIMEOUT


def test_an_execution_outlasts_the_longest_wait_and_a_last_task() -> None:
    assert timeouts.EXECUTION_TIMEOUT >= timeouts.LONGEST_WAIT + timeouts.TASK_TIMEOUT


def test_waits_are_those_that_cloudformation_allows() -> None:
    assert (timedelta(minutes=1), timedelta(hours=1)) == (timeouts.SHORTEST_WAIT, timeouts.LONGEST_WAIT)


def test_an_event_is_delivered_for_as_long_as_cloudformation_waits() -> None:
    """By default Lambda goes on for six hours, when the stack has moved on long ago."""
    assert (timeouts.LONGEST_WAIT, 2) == (timeouts.LONGEST_DELIVERY, timeouts.DELIVERY_RETRIES)


def test_a_follower_outlasts_the_following_and_the_tries_of_its_event() -> None:
    assert timeouts.LONGEST_FOLLOWING + timedelta(minutes=30) <= timeouts.FOLLOWER_TIMEOUT


@pytest.mark.parametrize(
    ("name", "span"),
    [
        ("FUNCTION_TIMEOUT", timedelta(seconds=60)),
        ("LAST_RESORT_TIMEOUT", timedelta(seconds=180)),
        ("TASK_TIMEOUT", timedelta(seconds=75)),
        ("EXECUTION_TIMEOUT", timedelta(minutes=65)),
        ("LONGEST_FOLLOWING", timedelta(hours=24)),
        ("FOLLOWER_TIMEOUT", timedelta(hours=24, minutes=30)),
    ],
)
def test_a_time_out_changes_only_on_purpose(name: str, span: timedelta) -> None:
    """Each is in deployed stacks, so another one is a change of every stack."""
    assert getattr(timeouts, name) == span
