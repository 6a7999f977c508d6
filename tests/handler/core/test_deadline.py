"""The deadline's failure says what kept the export from its end, how far it was, and which command shows more."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from audience_export_handler.core import deadline, quota
from audience_export_handler.core.attempt import Accepted, Announced, Attempt
from audience_export_handler.core.deadline import LastListing
from audience_export_handler.core.facts import ExportJob, StackPhase
from audience_export_handler.core.progress import LIST as LIST_CALL
from audience_export_handler.core.progress import START as START_CALL
from audience_export_handler.core.progress import Progress, RetriedError, Seen
from audience_export_handler.core.request import ExportRequest
from tests.builders.events import properties
from tests.builders.requests import START, create, export, update

NOW = START + timedelta(minutes=57)
ANNOUNCED, ACCEPTED = Attempt("mine", Announced(), START), Attempt("mine", Accepted(START), START, START)
PERHAPS = replace(ANNOUNCED, own_until=START)
WAITING = RetriedError(START_CALL, START, "ConflictException", "not ACTIVE", "CREATE_IN_PROGRESS")
FULL = RetriedError(START_CALL, START, quota.CODE, "full")
THROTTLED = RetriedError(LIST_CALL, START, "ThrottlingException", "slow down")
RUNNING = replace(export("mine", "CREATE_IN_PROGRESS"), update_time=START)
COMMAND = 'To see more, run "cdk-cleanroomsml watch Campaigns".'


def reason(
    attempt: Attempt | None = ANNOUNCED,
    retried: RetriedError | None = None,
    *,
    seen: ExportJob | None = None,
    request: ExportRequest | None = None,
    stack: StackPhase | None = None,
    older_ended_by: datetime | None = START,
) -> str:
    progress = Progress(attempt, retried, older_ended_by)
    return deadline.failure(request or create("mine"), progress, NOW, stack, LastListing(seen)).reason


@pytest.mark.parametrize(
    "given",
    [
        reason(),
        reason(ACCEPTED),
        reason(seen=RUNNING),
        reason(retried=WAITING),
        reason(retried=FULL),
        reason(retried=THROTTLED),
        reason(None, older_ended_by=None),
        reason(None, stack=StackPhase.UNREADABLE),
    ],
)
def test_every_one_names_the_command_that_shows_more(given: str) -> None:
    assert given.endswith(COMMAND)
    assert ".." not in given


def test_a_listed_export_is_shown_with_its_status_and_its_times() -> None:
    seen = "The last listing showed it as CREATE_IN_PROGRESS, created at 2026-03-01T11:50:00+00:00, updated at "
    for attempt, retried in ((ANNOUNCED, None), (ACCEPTED, None), (ANNOUNCED, WAITING), (ANNOUNCED, FULL)):
        text = reason(attempt, retried, seen=RUNNING)
        assert text.startswith("DeadlineExceeded: ")
        assert f"{seen}2026-03-01T12:00:00+00:00. The export continues." in text
        assert "waiting" not in text


@pytest.mark.parametrize("retried", [None, WAITING, FULL])
def test_an_accepted_start_is_shown_with_its_time(retried: RetriedError | None) -> None:
    text = reason(ACCEPTED, retried)
    assert text.startswith("DeadlineExceeded: ")
    assert "The service accepted its start at 2026-03-01T12:00:00+00:00." in text
    assert "waiting" not in text


def test_who_waits_for_a_slot_is_told_since_when() -> None:
    text = reason(retried=FULL)
    assert text.startswith(f"{quota.CODE}: ")
    assert "tried to start it since 2026-03-01T12:00:00+00:00, and was waiting for a slot in the account." in text


def test_who_waits_for_a_generation_job_is_told_its_status_and_since_when() -> None:
    text = reason(retried=WAITING)
    assert text.startswith("GenerationJobNotActive: ")
    assert "the generation job was still CREATE_IN_PROGRESS when it was last read" in text
    assert "tried to start it since 2026-03-01T12:00:00+00:00, and was waiting for the generation job." in text
    assert "Nothing was started for this resource." in text
    assert "rollback" not in text


def test_an_earlier_start_may_have_taken_effect_before_the_wait_for_a_job() -> None:
    text = reason(replace(ANNOUNCED, own_until=START), WAITING)
    assert "An export may have been started." in text
    assert "othing was started" not in text


def test_an_update_that_waits_for_a_job_may_belong_to_a_rollback() -> None:
    text = reason(retried=WAITING, request=update(properties(Name="old"), "mine"))
    assert "If this update belongs to a rollback, continue the rollback" in text


def test_what_has_not_begun_has_no_progress() -> None:
    text = reason(retried=THROTTLED)
    assert "since" not in text


@pytest.mark.parametrize(
    ("attempt", "seen", "code"),
    [(None, None, "ExecutionsUnreadable"), (None, RUNNING, "DeadlineExceeded"), (ANNOUNCED, None, "DeadlineExceeded")],
    ids=["nothing else", "an export is listed", "a start is announced"],
)
def test_older_executions_that_cannot_be_read_are_the_cause_only_of_a_request_that_waits_for_them(
    attempt: Attempt | None, seen: ExportJob | None, code: str
) -> None:
    assert reason(attempt, seen=seen, older_ended_by=None).startswith(f"{code}: ")


@pytest.mark.parametrize(
    ("attempt", "seen", "stack", "code"),
    [
        (None, None, StackPhase.UNREADABLE, "StackUnreadable"),
        (None, None, StackPhase.FORWARD, "DeadlineExceeded"),
        (None, RUNNING, StackPhase.UNREADABLE, "DeadlineExceeded"),
        (ANNOUNCED, None, StackPhase.UNREADABLE, "StackUnreadable"),
        (PERHAPS, None, StackPhase.UNREADABLE, "DeadlineExceeded"),
    ],
    ids=["nothing else", "it can be read", "an export is listed", "a start is announced", "one may have started"],
)
def test_a_stack_that_cannot_be_read_is_the_cause_only_of_a_request_that_waits_for_it(
    attempt: Attempt | None, seen: ExportJob | None, stack: StackPhase, code: str
) -> None:
    assert reason(attempt, seen=seen, stack=stack).startswith(f"{code}: ")


LONG_AGO = replace(THROTTLED, last_at=NOW - timedelta(minutes=5))


def test_what_failed_long_before_the_deadline_is_not_its_cause() -> None:
    assert reason(retried=LONG_AGO).startswith("DeadlineExceeded: ")
    assert reason(retried=LONG_AGO, stack=StackPhase.UNREADABLE).startswith("StackUnreadable: ")
    assert reason(retried=replace(LONG_AGO, last_at=NOW)).startswith("ThrottlingException: ")


def test_an_export_that_was_listed_before_may_have_ended_if_the_last_listing_failed() -> None:
    progress = Progress(ANNOUNCED, THROTTLED, START, seen=Seen("mine", START + timedelta(minutes=1)))
    text = deadline.failure(create("mine"), progress, NOW, None, None).reason
    assert text.startswith("DeadlineExceeded: ")
    shown = "An earlier listing showed it, created at 2026-03-01T12:01:00"
    assert f"The exports could not be listed at the end. {shown}" in text
    assert "The export was started, and may have ended. To use it" in text
    unlisted = deadline.failure(create("mine"), progress, NOW, None, LastListing()).reason
    assert f"The last listing does not show it. {shown}" in unlisted
    accepted = replace(progress, attempt=ACCEPTED)
    assert deadline.failure(create("mine"), accepted, NOW, None, None).reason == text
    listed = deadline.failure(create("mine"), accepted, NOW, None, LastListing(RUNNING)).reason
    assert "The export continues." in listed


@pytest.mark.parametrize(("attempt", "expected"), [(ANNOUNCED, False), (PERHAPS, True)])
def test_a_call_that_kept_failing_says_whether_an_export_may_have_been_started(
    attempt: Attempt, expected: bool
) -> None:
    text = reason(attempt, retried=THROTTLED)
    assert ("An export may have been started." in text) is expected
    assert ("If the export is listed by then, set on_conflict" in text) is expected


@pytest.mark.parametrize(("minutes", "expected"), [(1, True), (3, False)])
def test_a_slot_was_waited_for_only_if_the_start_was_refused_lately(minutes: int, expected: bool) -> None:
    full = replace(FULL, last_at=NOW - timedelta(minutes=minutes))
    text = reason(retried=full, stack=StackPhase.UNREADABLE)
    assert ("was waiting for a slot in the account" in text) is expected
    assert text.startswith(f"{quota.CODE}: " if expected else "StackUnreadable: ")


def test_an_accepted_start_that_is_not_listed_may_have_ended() -> None:
    assert "The export was started, and may have ended." in reason(ACCEPTED)


def test_a_start_that_may_be_a_repeat_of_another_export_may_have_started_one() -> None:
    progress = Progress(ACCEPTED, None, START)
    of_others = LastListing(is_of_others=True)
    text = deadline.failure(create("mine"), progress, NOW, None, of_others).reason
    assert "The service accepted its start at " in text
    assert "An export may have been started. To use it" in text


@pytest.mark.parametrize(("seconds", "expected"), [(119, True), (120, False)])
def test_an_update_that_may_be_a_rollback_has_no_time_with_a_short_time_out(seconds: int, expected: bool) -> None:
    request = replace(update(properties(Name="old"), "mine"), timeout=timedelta(seconds=seconds))
    for attempt, listed in ((None, LastListing(may_be_rollback=True)), (ANNOUNCED, LastListing(may_be_rollback=True))):
        progress = Progress(attempt, None, START)
        text = deadline.failure(request, progress, NOW, StackPhase.FORWARD, listed).reason
        assert ("left no time to see" in text) is (expected and attempt is None)
    other = deadline.failure(request, Progress(None, None, START), NOW, StackPhase.FORWARD, LastListing()).reason
    assert "left no time to see" not in other
