"""What an error means for the next step: final, tried again, or settled by a listing; and how long to wait."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_export_handler.core import quota
from audience_export_handler.core.attempt import Announced, Attempt
from audience_export_handler.core.facts import ErrorKind, ServiceError
from audience_export_handler.core.progress import LIST, START, Progress, RetriedError
from audience_export_handler.core.retry import after_failed_listing, after_failed_start, pause
from audience_export_handler.core.timing import IAM_PROPAGATION
from tests.builders.requests import adopting, create

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
EARLIER = NOW - timedelta(minutes=3)
ATTEMPT = Attempt("mine", Announced(), EARLIER)
PERHAPS = replace(ATTEMPT, own_until=EARLIER)
THROTTLED = ServiceError("ThrottlingException", "slow down", ErrorKind.THROTTLED)
DENIED = ServiceError("AccessDeniedException", "no", ErrorKind.DENIED)
UNANSWERED = ServiceError("InternalServerException", "oops", ErrorKind.UNANSWERED)


def refused(code: str) -> ServiceError:
    return ServiceError(code, "no", ErrorKind.REFUSED)


def after(
    error: ServiceError, attempt: Attempt = ATTEMPT, *, name: str | None = "mine", age: float = 0
) -> Progress | None:
    progress = Progress(attempt, older_ended_by=EARLIER)
    return after_failed_start(create(name), progress, attempt, error, now=NOW, age=timedelta(seconds=age))


@pytest.mark.parametrize("error", [THROTTLED, refused(quota.CODE), DENIED], ids=lambda error: error.code)
def test_a_start_that_surely_had_no_effect_may_be_sent_again(error: ServiceError) -> None:
    following = after(error)
    assert following == Progress(ATTEMPT, RetriedError(START, NOW, error.code, error.message), EARLIER)


def test_what_may_be_our_own_keeps_its_first_time() -> None:
    following = after(THROTTLED, PERHAPS)
    assert following is not None
    assert following.attempt == PERHAPS


def test_a_start_that_was_not_answered_is_settled_by_a_listing() -> None:
    following = after(UNANSWERED)
    assert following is not None
    assert following.attempt == ATTEMPT.unanswered(NOW, "InternalServerException: oops")


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFoundException", "ConflictException", "Other"])
def test_a_refusal_of_a_given_name_is_final(code: str) -> None:
    assert after(refused(code)) is None


def test_access_that_stays_denied_is_final() -> None:
    assert after(DENIED, age=IAM_PROPAGATION.total_seconds()) is None


@pytest.mark.parametrize(("attempt", "name"), [(PERHAPS, "mine"), (ATTEMPT, None)], ids=["perhaps", "generated"])
def test_a_name_that_our_own_export_may_hold_is_settled_by_a_listing(attempt: Attempt, name: str | None) -> None:
    following = after(refused("ConflictException"), attempt, name=name)
    assert following is not None
    assert following.attempt == attempt.taken(NOW, "no")


def test_a_name_that_is_to_be_adopted_is_settled_by_a_listing() -> None:
    progress, conflict = Progress(ATTEMPT), refused("ConflictException")
    assert after_failed_start(adopting("mine"), progress, ATTEMPT, conflict, now=NOW, age=timedelta(0)) is not None


def test_an_error_is_as_old_as_its_first_time() -> None:
    first = after_failed_listing(Progress(), THROTTLED, now=EARLIER, age=timedelta(0))
    assert first is not None
    second = after_failed_listing(first, UNANSWERED, now=NOW, age=timedelta(0))
    assert second is not None
    assert second.retried == RetriedError(LIST, EARLIER, "InternalServerException", "oops")


def test_a_listing_that_fails_does_not_hide_what_keeps_the_export_from_starting() -> None:
    waiting = Progress(ATTEMPT, RetriedError(START, EARLIER, quota.CODE, "full"))
    assert after_failed_listing(waiting, THROTTLED, now=NOW, age=timedelta(0)) == waiting


def test_a_listing_that_is_refused_is_final() -> None:
    assert after_failed_listing(Progress(), refused("ValidationException"), now=NOW, age=timedelta(0)) is None


@given(st.floats(0, 3600), st.floats(0, 1), st.sampled_from([quota.CODE, "ThrottlingException"]))
def test_a_pause_is_5_to_15_seconds_for_a_slot_and_to_30_otherwise(waited: float, draw: float, code: str) -> None:
    seconds = pause(RetriedError(START, NOW - timedelta(seconds=waited), code, "m"), NOW, draw)
    assert 5 <= seconds <= (15 if code == quota.CODE else 30)


@pytest.mark.parametrize("code", [quota.CODE, "ThrottlingException"])
def test_many_requests_that_wait_together_try_less_often(code: str) -> None:
    retried = RetriedError(START, NOW - timedelta(minutes=20), code, "m")
    pauses = [pause(retried, NOW, draw, neighbours=450) for draw in (0, 1)]
    assert 70 <= pauses[0] <= 98 <= pauses[1] <= 125


def test_the_pause_for_a_slot_is_shorter_the_longer_it_has_been_waited_for() -> None:
    minutes = (0, 5, 10, 15, 60)
    pauses = [pause(RetriedError(START, NOW - timedelta(minutes=time), quota.CODE, "m"), NOW, 1) for time in minutes]
    assert pauses == [15, 12, 10, 7, 7]


@pytest.mark.parametrize(("waited", "longest"), [(0, 5), (50, 5), (200, 20), (300, 30), (3000, 30)])
def test_the_pause_after_any_other_error_is_a_tenth_of_its_age(waited: int, longest: int) -> None:
    error = RetriedError(START, NOW - timedelta(seconds=waited), "ThrottlingException", "m")
    assert (pause(error, NOW, 0), pause(error, NOW, 1)) == (5, longest)


def test_a_conflict_ends_the_error_that_was_retried() -> None:
    """Otherwise its failure would be reported at the deadline, instead of the conflict."""
    waiting = Progress(PERHAPS, RetriedError(START, EARLIER, quota.CODE, "full"))
    conflict = refused("ConflictException")
    following = after_failed_start(create("mine"), waiting, PERHAPS, conflict, now=NOW, age=timedelta(0))
    assert following == Progress(PERHAPS.taken(NOW, "no"))
