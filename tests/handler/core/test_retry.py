"""What an error means for the next step: final, tried again, or settled by a listing; and how long to wait."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_export_handler.core import quota
from audience_export_handler.core.attempt import Announced, Attempt
from audience_export_handler.core.facts import ErrorKind, ServiceError
from audience_export_handler.core.progress import LIST, READ_JOB, START, Progress, RetriedError
from audience_export_handler.core.retry import (
    after_failed_listing,
    after_failed_start,
    after_unread_job,
    after_unread_metrics,
    is_recent,
    pause,
)
from audience_export_handler.core.timing import IAM_PROPAGATION, JOB_UNREAD
from tests.builders.requests import adopting, create

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
EARLIER = NOW - timedelta(minutes=3)
ATTEMPT = Attempt("mine", Announced(), EARLIER)
PERHAPS = replace(ATTEMPT, own_until=EARLIER)
THROTTLED = ServiceError("ThrottlingException", "slow down", ErrorKind.THROTTLED)
DENIED = ServiceError("AccessDeniedException", "no", ErrorKind.DENIED)
UNANSWERED = ServiceError("InternalServerException", "oops", ErrorKind.UNANSWERED)


# What comes after a read that failed.
After = Callable[..., Progress | None]


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


SECOND = timedelta(seconds=1)
READS = pytest.mark.parametrize(
    ("after_failed", "call"), [(after_failed_listing, LIST), (after_unread_job, READ_JOB)], ids=["list", "read the job"]
)


@READS
@pytest.mark.parametrize("error", [THROTTLED, UNANSWERED], ids=lambda error: error.code)
def test_a_read_that_fails_for_now_is_tried_again(after_failed: After, call: str, error: ServiceError) -> None:
    following = after_failed(Progress(ATTEMPT), error, now=NOW, age=timedelta(hours=1))
    assert following == Progress(ATTEMPT, RetriedError(call, NOW, error.code, error.message))


@READS
def test_a_read_that_is_refused_is_final(after_failed: After, call: str) -> None:
    assert after_failed(Progress(), refused("ValidationException"), now=NOW, age=timedelta(0)) is None


@READS
def test_a_read_that_is_denied_is_final_once_permissions_have_spread(after_failed: After, call: str) -> None:
    early, late = IAM_PROPAGATION - SECOND, IAM_PROPAGATION
    following = after_failed(Progress(), DENIED, now=NOW, age=early)
    assert following == Progress(retried=RetriedError(call, NOW, DENIED.code, "no"))
    assert after_failed(Progress(), DENIED, now=NOW, age=late) is None


@pytest.mark.parametrize("call", [START, LIST])
def test_an_error_of_another_call_before_has_another_age(call: str) -> None:
    """But one of a start is kept, because it is what keeps the export from starting."""
    before = Progress(retried=RetriedError(call, EARLIER, "Code", "m"))
    following = after_unread_job(before, THROTTLED, now=NOW, age=timedelta(0))
    kept, new = before.retried, RetriedError(READ_JOB, NOW, THROTTLED.code, "slow down")
    assert following == Progress(retried=kept if call == START else new)


def test_metrics_are_read_for_a_minute_then_left_out() -> None:
    last = RetriedError(READ_JOB, NOW - JOB_UNREAD + SECOND, "Code", "m")
    following = after_unread_metrics(Progress(retried=last), THROTTLED, now=NOW, age=timedelta(hours=1))
    again = replace(last, code=THROTTLED.code, message="slow down")
    assert following == Progress(retried=again), "the minute began with the first error"
    assert after_unread_metrics(Progress(retried=last), THROTTLED, now=NOW + SECOND, age=timedelta(hours=1)) is None


@pytest.mark.parametrize("call", [START, LIST])
def test_what_failed_before_does_not_shorten_the_minute_for_metrics(call: str) -> None:
    before = Progress(retried=RetriedError(call, EARLIER, "Code", "m"))
    following = after_unread_metrics(before, THROTTLED, now=NOW, age=timedelta(hours=1))
    assert following == Progress(retried=RetriedError(READ_JOB, NOW, THROTTLED.code, "slow down"))


def test_metrics_that_may_not_be_read_are_left_out() -> None:
    assert after_unread_metrics(Progress(), refused("ValidationException"), now=NOW, age=timedelta(0)) is None
    assert after_unread_metrics(Progress(), DENIED, now=NOW, age=IAM_PROPAGATION) is None


def test_a_start_that_keeps_failing_is_as_old_as_its_first_error_and_has_its_last_message() -> None:
    before = Progress(ATTEMPT, RetriedError(START, EARLIER, "Code", "m"))
    following = after_failed_start(create("mine"), before, ATTEMPT, THROTTLED, now=NOW, age=timedelta(0))
    assert following == Progress(ATTEMPT, RetriedError(START, EARLIER, THROTTLED.code, "slow down"))


def test_only_a_full_account_ends_the_wait_for_a_generation_job() -> None:
    waiting = RetriedError(START, EARLIER, "ValidationException", "not ACTIVE", "CREATE_PENDING")
    full = after_failed_start(
        create("mine"), Progress(ATTEMPT, waiting), ATTEMPT, refused(quota.CODE), now=NOW, age=timedelta(0)
    )
    assert full == Progress(ATTEMPT, RetriedError(START, NOW, quota.CODE, "no")), "a slot is waited for from now on"
    throttled = after_failed_start(
        create("mine"), Progress(ATTEMPT, waiting), ATTEMPT, THROTTLED, now=NOW, age=timedelta(0)
    )
    assert throttled == Progress(ATTEMPT, waiting)


@given(st.floats(0, 3600), st.floats(0, 1), st.sampled_from([quota.CODE, "ThrottlingException"]))
def test_a_pause_is_5_to_15_seconds_for_a_slot_and_to_30_otherwise(waited: float, draw: float, code: str) -> None:
    seconds = pause(RetriedError(START, NOW - timedelta(seconds=waited), code, "m"), NOW, draw, 1)
    assert 5 <= seconds <= (15 if code == quota.CODE else 30)


@pytest.mark.parametrize("code", [quota.CODE, "ThrottlingException"])
def test_many_requests_that_wait_together_try_less_often(code: str) -> None:
    retried = RetriedError(START, NOW - timedelta(minutes=20), code, "m")
    assert [pause(retried, NOW, draw, neighbours=450) for draw in (0, 0.5, 1)] == [74, 98, 123]


def test_the_pause_for_a_slot_is_shorter_the_longer_it_has_been_waited_for() -> None:
    minutes = (0, 5, 10, 15, 60)
    pauses = [pause(RetriedError(START, NOW - timedelta(minutes=time), quota.CODE, "m"), NOW, 1, 1) for time in minutes]
    assert pauses == [15, 12, 10, 7, 7]


@pytest.mark.parametrize(("waited", "longest"), [(0, 5), (50, 5), (200, 20), (300, 30), (3000, 30)])
def test_the_pause_after_any_other_error_is_a_tenth_of_its_age(waited: int, longest: int) -> None:
    error = RetriedError(START, NOW - timedelta(seconds=waited), "ThrottlingException", "m")
    assert (pause(error, NOW, 0, 1), pause(error, NOW, 1, 1)) == (5, longest)


def test_a_conflict_ends_the_error_that_was_retried() -> None:
    """Otherwise its failure would be reported at the deadline, instead of the conflict."""
    waiting = Progress(PERHAPS, RetriedError(START, EARLIER, quota.CODE, "full"))
    conflict = refused("ConflictException")
    following = after_failed_start(create("mine"), waiting, PERHAPS, conflict, now=NOW, age=timedelta(0))
    assert following == Progress(PERHAPS.taken(NOW, "no"))


def test_what_keeps_failing_is_recorded_with_its_last_time() -> None:
    waiting = Progress(ATTEMPT, RetriedError(START, EARLIER, "ThrottlingException", "slow down", last_at=EARLIER))
    following = after_failed_start(create("mine"), waiting, ATTEMPT, THROTTLED, now=NOW, age=timedelta(0))
    assert following is not None
    assert following.retried is not None
    assert (following.retried.since, following.retried.last_at) == (EARLIER, NOW)


@pytest.mark.parametrize(("ago", "is_kept"), [(119, True), (120, False)])
def test_a_start_that_failed_long_ago_does_not_hide_a_listing_that_fails_now(ago: float, is_kept: bool) -> None:
    last_at = NOW - timedelta(seconds=ago)
    before = Progress(ATTEMPT, RetriedError(START, EARLIER, "ThrottlingException", "slow down", last_at=last_at))
    following = after_failed_listing(before, UNANSWERED, now=NOW, age=timedelta(0))
    assert following is not None
    assert following.retried is not None
    expected = before.retried if is_kept else RetriedError(LIST, NOW, "InternalServerException", "oops")
    assert following.retried == expected
    assert following.retried.last_at == (last_at if is_kept else NOW)


@pytest.mark.parametrize(
    ("code", "job_status"), [(quota.CODE, ""), ("ConflictException", "CREATE_PENDING")], ids=["a slot", "its job"]
)
def test_what_a_start_waits_for_is_kept_however_long_ago_it_was_tried(code: str, job_status: str) -> None:
    """Since when it waits decides what comes next."""
    long_ago = NOW - timedelta(hours=1)
    waiting = Progress(ATTEMPT, RetriedError(START, EARLIER, code, "no", job_status, last_at=long_ago))
    assert after_failed_listing(waiting, THROTTLED, now=NOW, age=timedelta(0)) == waiting


@pytest.mark.parametrize("error", [THROTTLED, DENIED], ids=lambda error: error.code)
def test_a_start_that_is_throttled_in_between_goes_on_waiting_for_a_slot(error: ServiceError) -> None:
    """Slots go to those that came first, and the reason says since when."""
    lately = NOW - timedelta(seconds=119)
    waiting = Progress(ATTEMPT, RetriedError(START, EARLIER, quota.CODE, "full", last_at=lately))
    following = after_failed_start(create("mine"), waiting, ATTEMPT, error, now=NOW, age=timedelta(0))
    assert following == waiting
    assert following.retried is not None
    assert following.retried.last_at == lately


def test_a_slot_is_waited_for_no_more_once_the_last_refusal_for_it_is_long_ago() -> None:
    long_ago = NOW - timedelta(minutes=2)
    waiting = Progress(ATTEMPT, RetriedError(START, EARLIER, quota.CODE, "full", last_at=long_ago))
    following = after_failed_start(create("mine"), waiting, ATTEMPT, THROTTLED, now=NOW, age=timedelta(0))
    assert following is not None
    assert following.retried == RetriedError(START, EARLIER, THROTTLED.code, "slow down")
    assert following.retried.last_at == NOW


def test_a_start_that_is_not_answered_waits_for_a_slot_no_more() -> None:
    waiting = Progress(ATTEMPT, RetriedError(START, EARLIER, quota.CODE, "full", last_at=EARLIER))
    following = after_failed_start(create("mine"), waiting, ATTEMPT, UNANSWERED, now=NOW, age=timedelta(0))
    assert following is not None
    assert following.retried == RetriedError(START, EARLIER, "InternalServerException", "oops")


@pytest.mark.parametrize(("neighbours", "seconds"), [(1, 120), (60, 120), (450, 257)])
def test_a_failure_is_recent_for_two_of_the_longest_pauses_and_a_step(neighbours: int, seconds: int) -> None:
    def was(ago: float) -> bool:
        retried = RetriedError(LIST, EARLIER, "ThrottlingException", "slow", last_at=NOW - timedelta(seconds=ago))
        return is_recent(retried, neighbours, NOW)

    assert was(seconds - 1)
    assert not was(seconds + 1)


def test_a_failure_whose_time_a_version_before_has_not_recorded_is_recent() -> None:
    assert is_recent(RetriedError(LIST, EARLIER, "ThrottlingException", "slow down"), 1, NOW)


def test_the_wait_for_a_slot_begins_with_the_first_refusal_for_a_quota() -> None:
    """Only then may a listing of the account show the slot: what was throttled before has not looked for one."""
    throttled = Progress(ATTEMPT, RetriedError(START, EARLIER, "ThrottlingException", "slow down", last_at=EARLIER))
    first = after_failed_start(create("mine"), throttled, ATTEMPT, refused(quota.CODE), now=NOW, age=timedelta(0))
    assert first is not None
    assert first.retried == RetriedError(START, NOW, quota.CODE, "no")
    later = after_failed_start(create("mine"), first, ATTEMPT, refused(quota.CODE), now=NOW + SECOND, age=timedelta(0))
    assert later is not None
    assert later.retried == first.retried
