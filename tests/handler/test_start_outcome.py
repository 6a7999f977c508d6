from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_export_handler import quota
from audience_export_handler.export_job import Outcome, ServiceError
from audience_export_handler.progress import Attempt, Progress, Sent, Trouble
from audience_export_handler.start_outcome import (
    IAM_PROPAGATION,
    LIST,
    START,
    accepted,
    after_failed_look,
    after_refused_start,
    announced,
    pause,
)
from tests.handler.test_decision import adopting, create

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
EARLIER = NOW - timedelta(minutes=3)
ATTEMPT = Attempt("mine", EARLIER)
PERHAPS = replace(ATTEMPT, until=EARLIER)
THROTTLED = ServiceError("ThrottlingException", "slow down", Outcome.THROTTLED)
UNKNOWN = ServiceError("InternalServerException", "oops", Outcome.UNKNOWN)


def refused(code: str) -> ServiceError:
    return ServiceError(code, "no", Outcome.REFUSED)


def after(
    error: ServiceError, attempt: Attempt = ATTEMPT, *, name: str | None = "mine", age: float = 0
) -> Progress | None:
    progress = Progress(attempt, free_from=EARLIER)
    return after_refused_start(create(name), progress, attempt, error, now=NOW, age=timedelta(seconds=age))


@pytest.mark.parametrize("error", [THROTTLED, refused(quota.CODE), refused("AccessDeniedException")])
def test_a_start_that_surely_had_no_effect_may_be_sent_again(error: ServiceError) -> None:
    following = after(error)
    assert following == Progress(replace(ATTEMPT, since=NOW), Trouble(START, NOW, error.code, error.message), EARLIER)


def test_what_may_be_our_own_keeps_its_first_time() -> None:
    following = after(THROTTLED, PERHAPS)
    assert following is not None
    assert following.attempt == PERHAPS


def test_an_unknown_outcome_is_looked_for() -> None:
    following = after(UNKNOWN)
    assert following is not None
    assert following.attempt == replace(
        ATTEMPT,
        sent=Sent.UNKNOWN,
        until=NOW + timedelta(seconds=15),
        look_until=NOW + timedelta(seconds=15),
        message="InternalServerException: oops",
    )


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFoundException", "ConflictException", "Other"])
def test_a_refusal_of_a_given_name_is_final(code: str) -> None:
    assert after(refused(code)) is None


def test_access_that_stays_denied_is_final() -> None:
    assert after(refused("AccessDeniedException"), age=IAM_PROPAGATION.total_seconds()) is None


@pytest.mark.parametrize(("attempt", "name"), [(PERHAPS, "mine"), (ATTEMPT, None)])
def test_a_name_that_may_be_taken_by_ourselves_is_looked_for(attempt: Attempt, name: str | None) -> None:
    following = after(refused("ConflictException"), attempt, name=name)
    assert following is not None
    assert following.attempt is not None
    assert following.attempt.sent is Sent.REFUSED_AS_TAKEN


def test_a_name_that_is_to_be_adopted_is_looked_for() -> None:
    progress, conflict = Progress(ATTEMPT), refused("ConflictException")
    assert after_refused_start(adopting("mine"), progress, ATTEMPT, conflict, now=NOW, age=timedelta(0)) is not None


def test_an_accepted_start_ends_the_trouble_and_keeps_the_rest() -> None:
    progress = Progress(ATTEMPT, Trouble(START, EARLIER, "c", "m"), EARLIER)
    following = accepted(progress, ATTEMPT, NOW)
    assert (following.trouble, following.free_from) == (None, EARLIER)
    assert announced(progress, "mine", NOW).free_from == EARLIER


def test_trouble_is_as_old_as_its_first_error() -> None:
    first = after_failed_look(Progress(), THROTTLED, now=EARLIER, age=timedelta(0))
    assert first is not None
    second = after_failed_look(first, UNKNOWN, now=NOW, age=timedelta(0))
    assert second is not None
    assert second.trouble == Trouble(LIST, EARLIER, "InternalServerException", "oops")


def test_a_look_that_fails_does_not_hide_what_keeps_the_export_from_starting() -> None:
    waiting = Progress(ATTEMPT, Trouble(START, EARLIER, quota.CODE, "full"))
    assert after_failed_look(waiting, THROTTLED, now=NOW, age=timedelta(0)) == waiting


def test_a_look_that_is_refused_is_final() -> None:
    assert after_failed_look(Progress(), refused("ValidationException"), now=NOW, age=timedelta(0)) is None


@given(st.floats(0, 3600), st.floats(0, 1), st.sampled_from([quota.CODE, "ThrottlingException"]))
def test_a_pause_is_5_to_15_seconds_for_a_turn_and_to_30_for_trouble(waited: float, draw: float, code: str) -> None:
    seconds = pause(Trouble(START, NOW - timedelta(seconds=waited), code, "m"), NOW, draw)
    assert 5 <= seconds <= (15 if code == quota.CODE else 30)


def test_a_turn_comes_sooner_the_longer_it_has_been_waited_for() -> None:
    minutes = (0, 5, 10, 15, 60)
    pauses = [pause(Trouble(START, NOW - timedelta(minutes=time), quota.CODE, "m"), NOW, 1) for time in minutes]
    assert pauses == [15, 12, 10, 7, 7]
