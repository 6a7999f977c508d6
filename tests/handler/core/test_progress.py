"""What one step leaves to the next survives the execution's state, and a change of the version."""

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_export_handler.core.attempt import Accepted, Announced, Attempt, Phase, Taken, Unanswered
from audience_export_handler.core.facts import StackPhase
from audience_export_handler.core.progress import LIST, READ_JOB, START, Progress, RetriedError, Seen

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
SOON = NOW + timedelta(seconds=15)
times = st.datetimes(timezones=st.just(timezone.utc))
phases = st.one_of(
    st.just(Announced()),
    st.builds(Accepted, times),
    st.builds(Unanswered, times, times, st.text()),
    st.builds(Taken, times, st.text()),
)
attempts = st.builds(Attempt, st.text(), phases, times, st.none() | times)
errors = st.builds(RetriedError, st.text(), times, st.text(), st.text(), st.text(), st.none() | times)
counts = (st.integers(1, 500), st.none() | times)
exports = st.none() | st.builds(Seen, st.text(), times)
since = st.none() | times


@given(st.builds(Progress, st.none() | attempts, st.none() | errors, st.none() | times, *counts, exports, since))
def test_survives_the_execution_s_state(progress: Progress) -> None:
    assert Progress.from_json(json.loads(json.dumps(progress.to_json()))) == progress


def test_an_execution_begins_without_any() -> None:
    assert Progress.from_json(None) == Progress()


@pytest.mark.parametrize(
    ("sent", "look_until", "until", "phase"),
    [
        ("not yet", None, None, Announced()),
        ("accepted", SOON, SOON, Accepted(NOW)),
        ("unknown", SOON, SOON, Unanswered(NOW, SOON, "oops")),
        ("refused as taken", SOON, None, Taken(NOW, "oops")),
    ],
    ids=["announced", "accepted", "unanswered", "taken"],
)
def test_reads_the_version_before(sent: str, look_until: datetime | None, until: datetime | None, phase: Phase) -> None:
    attempt: dict[str, Any] = {"name": "mine", "since": NOW.isoformat(), "sent": sent, "message": "oops"}
    attempt |= {
        "until": until.isoformat() if until else None,
        "look_until": look_until.isoformat() if look_until else None,
    }
    error = {"call": "Start", "since": NOW.isoformat(), "code": "Throttling", "message": "slow down"}
    read = Progress.from_json({"Attempt": attempt, "Trouble": error, "FreeFrom": NOW.isoformat()})
    assert read == Progress(
        Attempt("mine", phase, NOW, until), RetriedError("Start", NOW, "Throttling", "slow down"), NOW
    )


def test_reads_a_first_progress_of_the_version_before() -> None:
    assert Progress.from_json({"Attempt": None, "Trouble": None, "FreeFrom": None}) == Progress()


def test_an_error_ends_with_a_success_of_the_same_call() -> None:
    progress = Progress(retried=RetriedError("List", NOW, "ThrottlingException", "slow down"))
    assert progress.after_success("Start") == progress
    assert progress.after_success("List") == Progress()


def test_a_stopped_execution_s_step_may_outlast_it() -> None:
    assert Progress().after_stopping(NOW, SOON) == Progress(older_ended_by=NOW + timedelta(seconds=75))
    assert Progress().after_stopping(None, SOON) == Progress(older_ended_by=SOON)


def test_keeps_how_many_requests_ran_and_when_they_were_counted() -> None:
    assert Progress(older_ended_by=SOON).after_counting(3, NOW) == Progress(
        older_ended_by=SOON, neighbours=3, counted_at=NOW
    )


def test_at_the_end_of_a_step_what_may_be_our_own_begins_anew() -> None:
    announced = Progress(Attempt("mine", Announced(), own_from=NOW))
    assert announced.after_step(SOON) == Progress(Attempt("mine", Announced(), own_from=SOON))
    accepted = Progress(announced.attempt.accepted(NOW, sent_at=NOW) if announced.attempt else None)
    assert accepted.after_step(SOON) == accepted
    assert Progress().after_step(SOON) == Progress()


MAY_HAVE_STARTED = Attempt("mine", Announced(), own_from=NOW).accepted(NOW, sent_at=NOW)


def test_an_execution_that_runs_during_an_update_keeps_its_state() -> None:
    """Another version of the handler reads these names: one that is changed loses an attempt, or its export."""
    progress = Progress(
        MAY_HAVE_STARTED, RetriedError("List", NOW, "Code", "no", last_at=NOW), NOW, 2, NOW, Seen("mine", NOW), NOW
    )
    at = NOW.isoformat()
    assert progress.to_json() == {
        "Attempt": {
            "is": "Attempt",
            "name": "mine",
            "phase": {"is": "Accepted", "at": at},
            "own_from": at,
            "own_until": at,
        },
        "RetriedError": {
            "is": "RetriedError",
            "call": "List",
            "since": at,
            "code": "Code",
            "message": "no",
            "job_status": "",
            "unread_at": None,
            "last_at": at,
            "refused_at": None,
        },
        "OlderEndedBy": at,
        "Neighbours": 2,
        "CountedAt": at,
        "Seen": {"is": "Seen", "name": "mine", "created": at},
        "RollingBackAt": at,
    }


def test_reads_a_state_without_the_newest_member() -> None:
    written = Progress(older_ended_by=NOW, rolling_back_at=NOW).to_json()
    del written["RollingBackAt"]
    assert Progress.from_json(written) == Progress(older_ended_by=NOW)


@pytest.mark.parametrize(("call", "is_start"), [(START, True), (LIST, False), (READ_JOB, False)])
def test_tells_an_error_of_the_start_from_one_of_a_read(call: str, is_start: bool) -> None:
    assert RetriedError(call, NOW, "ThrottlingException", "slow down").is_start is is_start


def test_a_stack_that_could_not_be_read_shows_nothing_new() -> None:
    rolling_back = Progress().after_reading(StackPhase.ROLLING_BACK, NOW)
    assert rolling_back == Progress(rolling_back_at=NOW)
    assert rolling_back.after_reading(StackPhase.UNREADABLE, SOON) == rolling_back
    assert rolling_back.after_reading(StackPhase.ROLLING_BACK, SOON) == Progress(rolling_back_at=SOON)
    assert rolling_back.after_reading(StackPhase.FORWARD, SOON) == rolling_back, "a read may go back"
    assert rolling_back.after_reading(StackPhase.OTHER, SOON) == Progress()


def test_what_was_seen_says_more_than_an_attempt() -> None:
    seen, attempt = Seen("mine", NOW), Attempt("mine", Announced(), own_from=NOW)
    assert Progress(attempt, seen=seen).left == seen
    assert Progress(attempt).left == attempt
    assert Progress(seen=seen).left == seen
    assert Progress().left is None


def test_only_an_attempt_that_was_sent_may_have_started_an_export() -> None:
    assert Progress().may_have_started is False
    assert Progress(Attempt("mine", Announced(), own_from=NOW)).may_have_started is False
    assert Progress(MAY_HAVE_STARTED).may_have_started is True


def test_only_a_job_with_a_status_is_waited_for() -> None:
    refused = RetriedError("Start", NOW, "ConflictException", "not ACTIVE")
    assert Progress().waits_for_job is False
    assert Progress(retried=refused).waits_for_job is False
    assert Progress(retried=replace(refused, job_status="CREATE_PENDING")).waits_for_job is True


def test_a_success_without_an_error_before_changes_nothing() -> None:
    assert Progress().after_success("List") == Progress()
