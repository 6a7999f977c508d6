"""A refused start is tried again while its generation job is being created, or cannot be read for a while."""

from dataclasses import replace
from datetime import timedelta

import pytest

from audience_export_handler.core import quota
from audience_export_handler.core.attempt import Announced, Attempt
from audience_export_handler.core.facts import ErrorKind, RefusalFacts, ServiceError
from audience_export_handler.core.generation_job import after_refusal
from audience_export_handler.core.progress import START as START_CALL
from audience_export_handler.core.progress import Progress, RetriedError
from audience_export_handler.core.retry import after_failed_start
from audience_export_handler.core.timing import IAM_PROPAGATION, REFUSAL_UNREAD, between_tries
from tests.builders.requests import START, TEN, TWENTY, adopting, create

NOW = START + timedelta(minutes=10)
ATTEMPT = Attempt("mine", Announced(), START)
PERHAPS = replace(ATTEMPT, own_until=START)
BEING_CREATED = RefusalFacts("CREATE_IN_PROGRESS")
WAITING = RetriedError(START_CALL, START, "ValidationException", "not ACTIVE", "CREATE_PENDING")
CODES = ("ValidationException", "ConflictException")


def refusal(code: str = "ValidationException") -> ServiceError:
    return ServiceError(code, "no", ErrorKind.REFUSED)


def after(
    found: RefusalFacts,
    *,
    retried: RetriedError | None = None,
    attempt: Attempt = ATTEMPT,
    name: str | None = "mine",
    code: str = "ValidationException",
    age: timedelta = timedelta(0),
) -> Progress | None:
    progress = Progress(attempt, retried, START)
    return after_refusal(create(name), progress, refusal(code), found, now=NOW, age=age)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("status", ["CREATE_PENDING", "CREATE_IN_PROGRESS"])
@pytest.mark.parametrize("attempt", [ATTEMPT, PERHAPS], ids=["first", "perhaps started"])
@pytest.mark.parametrize("name", ["mine", None], ids=["given", "generated"])
def test_a_job_that_is_being_created_is_waited_for(status: str, code: str, attempt: Attempt, name: str | None) -> None:
    following = after(RefusalFacts(status), code=code, attempt=attempt, name=name)
    assert following == Progress(attempt, RetriedError(START_CALL, NOW, code, "no", status), START)


@pytest.mark.parametrize(
    "status", ["", "CREATE_FAILED", "DELETE_PENDING", "DELETE_IN_PROGRESS", "DELETE_FAILED", "SOMETHING_NEW"]
)
def test_any_other_job_is_not(status: str) -> None:
    assert after(RefusalFacts(status)) is None
    if status:
        assert after(RefusalFacts(status), retried=WAITING) is None


@pytest.mark.parametrize("code", CODES)
def test_a_job_that_has_just_become_active_may_have_refused_the_start_before(code: str) -> None:
    """The start is refused, then the job is read: it can become ACTIVE in between. A second refusal is final."""
    once_more = RetriedError(START_CALL, NOW, code, "no")
    assert after(RefusalFacts(), retried=WAITING, code=code) == Progress(ATTEMPT, once_more, START)
    assert after(RefusalFacts(), retried=once_more, code=code) is None


def test_a_size_that_the_model_does_not_offer_is_not_waited_for() -> None:
    assert after(replace(BEING_CREATED, offered=(TWENTY,))) is None
    assert after(replace(BEING_CREATED, offered=(TEN, TWENTY))) is not None


def test_it_waits_since_the_first_refusal_with_the_last_status() -> None:
    following = after(BEING_CREATED, retried=WAITING)
    assert following is not None
    assert following.retried == RetriedError(START_CALL, START, "ValidationException", "no", "CREATE_IN_PROGRESS")


def test_what_was_retried_before_does_not_count() -> None:
    following = after(BEING_CREATED, retried=replace(WAITING, job_status=""))
    assert following is not None
    assert following.retried is not None
    assert following.retried.since == NOW


@pytest.mark.parametrize("kind", [ErrorKind.THROTTLED, ErrorKind.UNANSWERED], ids=lambda kind: kind.value)
def test_a_job_that_cannot_be_read_now_is_read_again_for_ten_minutes(kind: ErrorKind) -> None:
    unread = RefusalFacts(unread=kind)
    following = after(unread, age=timedelta(hours=1))
    first = RetriedError(START_CALL, NOW, "ValidationException", "no", unread_at=NOW)
    assert following == Progress(ATTEMPT, first, START)
    lately = NOW - timedelta(seconds=20)
    earlier = RetriedError(START_CALL, NOW - REFUSAL_UNREAD, "ValidationException", "no", unread_at=lately)
    assert after(unread, retried=earlier) is None
    since = NOW - REFUSAL_UNREAD + timedelta(seconds=1)
    following = after(unread, retried=replace(earlier, since=since))
    assert following is not None
    assert following.retried is not None
    assert following.retried.since == since
    following = after(unread, retried=replace(earlier, unread_at=NOW - between_tries(1)))
    assert following is not None, "in the gap nobody tried"


def test_a_job_that_may_not_be_read_is_read_again_until_permissions_have_spread() -> None:
    unread, second = RefusalFacts(unread=ErrorKind.DENIED), timedelta(seconds=1)
    assert after(unread, age=IAM_PROPAGATION - second) is not None
    assert after(unread, age=IAM_PROPAGATION) is None


@pytest.mark.parametrize("kind", [ErrorKind.THROTTLED, ErrorKind.UNANSWERED, ErrorKind.DENIED])
def test_one_read_that_fails_does_not_end_the_wait(kind: ErrorKind) -> None:
    following = after(RefusalFacts(unread=kind), retried=WAITING, age=timedelta(hours=1))
    assert following == Progress(ATTEMPT, WAITING, START)


def test_a_job_that_no_longer_exists_does() -> None:
    assert after(RefusalFacts(unread=ErrorKind.REFUSED), retried=WAITING) is None


@pytest.mark.parametrize("kind", [ErrorKind.THROTTLED, ErrorKind.UNANSWERED], ids=lambda kind: kind.value)
def test_a_start_that_fails_for_now_does_not_hide_what_is_waited_for(kind: ErrorKind) -> None:
    error = ServiceError("Code", "no", kind)
    progress = Progress(ATTEMPT, WAITING)
    following = after_failed_start(create("mine"), progress, ATTEMPT, error, now=NOW, age=timedelta(0))
    assert following is not None
    assert following.retried == WAITING


def test_the_wait_for_a_slot_begins_with_its_own_first_refusal() -> None:
    """Only after that may a listing of the account show whose quota it is."""
    progress, full = Progress(ATTEMPT, WAITING), refusal(quota.CODE)
    following = after_failed_start(adopting("mine"), progress, ATTEMPT, full, now=NOW, age=timedelta(0))
    assert following is not None
    assert following.retried == RetriedError(START_CALL, NOW, quota.CODE, "no")


def test_it_records_when_the_job_was_last_read() -> None:
    for found in (BEING_CREATED, RefusalFacts(), RefusalFacts(unread=ErrorKind.THROTTLED)):
        following = after(found, retried=None if found.unread else WAITING)
        assert following is not None
        assert following.retried is not None
        assert following.retried.last_at == NOW
