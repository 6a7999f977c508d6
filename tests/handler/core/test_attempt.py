"""Every transition of an attempt, and when an export may be its own."""

from datetime import datetime, timedelta, timezone

import pytest

from audience_export_handler.core.attempt import Accepted, Announced, Attempt, Phase, Taken, Unanswered, announce
from audience_export_handler.core.timing import CLOCK_SKEW, LISTING_LAG, OUTLASTING_STEP

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
SENT, LATER = NOW + timedelta(minutes=2), NOW + timedelta(minutes=3)
ANNOUNCED = Attempt("mine", Announced(), NOW)
PERHAPS = Attempt("mine", Announced(), NOW, NOW + LISTING_LAG)
PHASES = [Accepted(NOW), Unanswered(NOW, NOW, ""), Taken(NOW, "")]


def test_an_intention_is_announced() -> None:
    assert announce("mine", NOW, None) == ANNOUNCED
    assert not ANNOUNCED.may_have_started


def test_an_accepted_start_created_its_export_between_when_it_was_sent_and_when_it_was_accepted() -> None:
    assert ANNOUNCED.accepted(LATER, sent_at=SENT) == Attempt("mine", Accepted(LATER), SENT, LATER)


def test_an_accepted_start_may_be_a_repeat_of_an_earlier_one() -> None:
    earlier = ANNOUNCED.unanswered(SENT, "no answer").announced_again()
    assert earlier.accepted(LATER, sent_at=LATER) == Attempt("mine", Accepted(LATER), NOW, LATER)


def test_an_unanswered_start_is_settled_when_a_listing_would_show_it() -> None:
    settled_at = LATER + LISTING_LAG
    assert ANNOUNCED.unanswered(LATER, "no answer") == Attempt(
        "mine", Unanswered(LATER, settled_at, "no answer"), NOW, settled_at
    )


def test_a_step_that_runs_again_may_have_sent_the_start_and_may_still_run() -> None:
    settled_at = LATER + OUTLASTING_STEP
    assert ANNOUNCED.ran_again(LATER) == Attempt("mine", Unanswered(LATER, settled_at, ""), NOW, settled_at)


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: type(phase).__name__)
def test_a_step_that_runs_again_sends_nothing_in_other_phases(phase: Phase) -> None:
    attempt = Attempt("mine", phase, NOW, NOW)
    assert attempt.ran_again(LATER) == attempt


def test_a_start_that_is_still_not_listed_is_announced_again_and_keeps_what_may_be_its_own() -> None:
    unanswered = ANNOUNCED.unanswered(NOW, "no answer")
    assert announce("mine", LATER, unanswered) == PERHAPS


def test_a_refusal_for_now_stays_announced() -> None:
    assert ANNOUNCED.nothing_started_until(LATER) == Attempt("mine", Announced(), LATER)
    assert PERHAPS.nothing_started_until(LATER) == PERHAPS, "an earlier start may have taken effect"


@pytest.mark.parametrize("attempt", [ANNOUNCED, PERHAPS], ids=["surely not started", "perhaps started"])
def test_a_conflict_is_counted_from_when_the_service_reported_it(attempt: Attempt) -> None:
    assert attempt.taken(LATER, "taken") == Attempt("mine", Taken(LATER, "taken"), NOW, attempt.own_until)


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        (NOW - CLOCK_SKEW, True),
        (NOW - CLOCK_SKEW - timedelta(microseconds=1), False),
        (NOW + LISTING_LAG + CLOCK_SKEW, True),
        (NOW + LISTING_LAG + CLOCK_SKEW + timedelta(microseconds=1), False),
    ],
    ids=["at the begin", "before it", "at the end", "after it"],
)
def test_an_export_may_be_its_own_only_if_it_was_created_meanwhile(created: datetime, expected: bool) -> None:
    assert PERHAPS.may_have_created(created) is expected
    assert not ANNOUNCED.may_have_created(created)


def test_another_name_is_another_attempt() -> None:
    """A generated name gets an ordinal after a failed export: nothing listed before may count as its own."""
    unanswered = ANNOUNCED.unanswered(NOW, "no answer")
    assert announce("mine-2", LATER, unanswered) == Attempt("mine-2", Announced(), LATER)
