import json
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from audience_export_handler.decision import OUTLASTING_STEP, presume_sent
from audience_export_handler.progress import Attempt, Progress, Sent, Trouble

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
times = st.datetimes(timezones=st.just(timezone.utc))
attempts = st.builds(Attempt, st.text(), times, st.sampled_from(Sent), st.none() | times, st.none() | times, st.text())
troubles = st.builds(Trouble, st.text(), times, st.text(), st.text())


@given(st.builds(Progress, st.none() | attempts, st.none() | troubles, st.none() | times))
def test_survives_the_execution_s_state(progress: Progress) -> None:
    assert Progress.from_json(json.loads(json.dumps(progress.to_json()))) == progress


def test_an_execution_begins_without_any() -> None:
    assert Progress.from_json(None) == Progress()


def test_trouble_ends_with_a_good_call_of_the_same_kind() -> None:
    progress = Progress(trouble=Trouble("List", NOW, "ThrottlingException", "slow down"))
    assert progress.after_good("Start") == progress
    assert progress.after_good("List") == Progress()


def test_a_repeated_step_may_have_sent_what_was_announced() -> None:
    presumed = presume_sent(Progress(Attempt("mine", NOW)), NOW).attempt
    latest = NOW + OUTLASTING_STEP
    assert presumed == Attempt("mine", NOW, Sent.UNKNOWN, until=latest, look_until=latest)
    assert presumed.may_have_started
    assert timedelta(seconds=75) <= OUTLASTING_STEP


def test_a_repeated_step_without_an_announcement_has_sent_nothing() -> None:
    for progress in (Progress(), Progress(Attempt("mine", NOW, Sent.ACCEPTED))):
        assert presume_sent(progress, NOW) == progress
