"""What a settled request leaves to publish or to follow, and when the following ends."""

from dataclasses import replace
from datetime import timedelta

import pytest

from audience_export_handler.core import following, timing
from audience_export_handler.core.attempt import announce
from audience_export_handler.core.facts import ExportJob
from audience_export_handler.core.following import (
    Deleted,
    Ended,
    Followed,
    GivenUp,
    LookAgain,
    Resource,
    ResourceState,
)
from audience_export_handler.core.progress import Seen
from audience_export_handler.core.request import ExportRequest
from tests.builders.arns import FOLLOWER, JOB, STACK_ID
from tests.builders.events import properties
from tests.builders.requests import START, TEN, TWENTY, create, export, update

RESOURCE = Resource(STACK_ID, "Export", "physical id")
WANTING = create(FollowerArn=FOLLOWER)
NOT_WAITING = create(FollowerArn=FOLLOWER, WaitForCompletion="false")
LISTED = Followed(RESOURCE, "mine", JOB, TEN, START, START, is_listed=True)
STARTED = Followed(RESOURCE, "mine", JOB, TEN, START, START + timedelta(seconds=15), is_listed=False)
HOUR = timedelta(hours=1)


def after(request: ExportRequest, left: ExportJob | None) -> Ended | Followed | None:
    return following.after_answer(request, left, RESOURCE, requested_at=START, now=START + timedelta(minutes=2))


def looked(followed: Followed, *exports: ExportJob, age: timedelta = HOUR) -> object:
    return following.look(followed, exports, now=START + age, since=START)


@pytest.mark.parametrize("status", ["ACTIVE", "CREATE_FAILED"])
def test_an_export_that_has_ended_is_published(status: str) -> None:
    found = after(WANTING, export("mine", status))
    assert isinstance(found, Ended)
    assert found.detail["status"] == status


def test_the_detail_of_an_event_has_all_that_was_listed() -> None:
    """Its members are public: docs/export-event.schema.json has their rules."""
    failed = replace(export("mine", "CREATE_FAILED"), output_location="", status_code="DENIED", status_message="no")
    assert following.detail_of(failed, RESOURCE) == {
        "version": "1",
        "name": "mine",
        "audienceGenerationJobArn": JOB,
        "audienceSize": {"type": "PERCENTAGE", "value": 10},
        "status": "CREATE_FAILED",
        "statusDetails": {"statusCode": "DENIED", "message": "no"},
        "outputLocation": "",
        "createTime": "2026-03-01T11:50:00+00:00",
        "updateTime": "2026-03-01T11:50:00+00:00",
        "stackId": STACK_ID,
        "logicalResourceId": "Export",
    }
    assert following.detail_of(export("mine"), RESOURCE)["statusDetails"] == {}


def test_one_that_runs_is_followed_by_its_name_and_creation_time() -> None:
    running = export("mine", "CREATE_IN_PROGRESS")
    found = after(WANTING, running)
    assert found == Followed(RESOURCE, "mine", JOB, TEN, running.create_time, running.create_time, is_listed=True)
    assert Followed.from_json(found.to_json()) == found


def test_an_active_one_without_its_location_is_followed_for_that() -> None:
    fresh = ExportJob("mine", JOB, TEN, "ACTIVE", START, START + timedelta(minutes=2))
    assert isinstance(after(NOT_WAITING, fresh), Followed)
    old = ExportJob("mine", JOB, TEN, "ACTIVE", START, START + timedelta(minutes=1))
    assert isinstance(after(NOT_WAITING, old), Ended), "a location that is another account's never appears"
    assert isinstance(after(WANTING, fresh), Ended), "a request that waits has waited for it"


def test_a_failed_one_never_has_a_location_and_is_published() -> None:
    fresh = ExportJob("mine", JOB, TEN, "CREATE_FAILED", START, START + timedelta(minutes=2))
    assert isinstance(after(NOT_WAITING, fresh), Ended)


def test_without_events_or_an_export_there_is_nothing() -> None:
    assert after(create(), export("mine")) is None
    assert after(WANTING, None) is None


def test_an_attempt_is_followed_if_its_start_may_have_taken_effect() -> None:
    attempt = announce("mine", START, None)
    now = START + timedelta(seconds=30)
    assert following.after_answer(WANTING, attempt, RESOURCE, requested_at=START, now=now) is None
    accepted = attempt.accepted(START, sent_at=START)
    found = following.after_answer(WANTING, accepted, RESOURCE, requested_at=START, now=now)
    assert isinstance(found, Followed)
    assert not found.is_listed
    assert (found.created_from, found.created_until) == accepted.span


def test_an_export_that_was_seen_is_followed_if_it_cannot_be_listed_at_the_end() -> None:
    found = following.after_answer(WANTING, Seen("mine", START), RESOURCE, requested_at=START, now=START + HOUR)
    assert found == Followed(RESOURCE, "mine", JOB, TEN, START, START, is_listed=True)


@pytest.mark.parametrize(("hours", "is_news"), [(1, True), (25, False)])
@pytest.mark.parametrize("wanted_before", [True, False])
def test_a_rollback_to_an_export_that_ended_long_ago_is_no_news(hours: int, is_news: bool, wanted_before: bool) -> None:
    """It may have ended while the resource held another one, so an end of the last day is."""
    old = properties(Name="another", FollowerArn=FOLLOWER if wanted_before else None)
    back = update(old, "mine", FollowerArn=FOLLOWER)
    assert not back.is_held
    ended = START - timedelta(hours=hours)
    found = after(back, ExportJob("mine", JOB, TEN, "ACTIVE", ended, ended, output_location="s3://b/"))
    assert isinstance(found, Ended if is_news or not wanted_before else type(None))


@pytest.mark.parametrize("wanted_before", [True, False])
@pytest.mark.parametrize("ends", ["before the update", "during the update", "later"])
def test_an_update_that_keeps_its_export(wanted_before: bool, ends: str) -> None:
    """An earlier request that wanted events sees to it, and a past end is published by nobody."""
    old = properties(Name="mine", FollowerArn=FOLLOWER if wanted_before else None)
    keeping = update(old, "mine", FollowerArn=FOLLOWER)
    assert keeping.is_held
    created = START - HOUR
    updated = {"before the update": START - timedelta(minutes=5)}.get(ends, START + timedelta(minutes=1))
    status = "CREATE_IN_PROGRESS" if ends == "later" else "ACTIVE"
    found = after(keeping, ExportJob("mine", JOB, TEN, status, created, updated, output_location="s3://b/"))
    wanted = {"before the update": type(None), "during the update": Ended, "later": Followed}[ends]
    assert isinstance(found, type(None) if wanted_before else wanted)


class TestLook:
    def test_it_returns_the_export_that_has_ended(self) -> None:
        mine = export("mine", age=0)
        others = export("other", age=0), export("mine", size=TWENTY, age=0), export("mine", age=60)
        assert looked(LISTED, *others, mine) == mine

    def test_a_running_or_missing_one_is_looked_for_again(self) -> None:
        assert looked(LISTED, export("mine", "CREATE_PENDING", age=0)) == LookAgain(300)
        assert looked(LISTED) == LookAgain(300)

    def test_it_gives_up_after_a_day(self) -> None:
        running = export("mine", "CREATE_IN_PROGRESS", age=0)
        a_day = timing.FOLLOWED_FOR
        assert isinstance(looked(LISTED, running, age=a_day - timedelta(seconds=1)), LookAgain)
        assert isinstance(looked(LISTED, running, age=a_day), GivenUp)

    def test_it_gives_up_a_start_that_had_no_effect(self) -> None:
        late = STARTED.created_until - START + timing.ACCEPTED_UNLISTED
        assert isinstance(looked(STARTED, age=late - timedelta(seconds=1)), LookAgain)
        assert isinstance(looked(STARTED, age=late), GivenUp)

    @pytest.mark.parametrize(("minutes", "seconds"), [(0, 60), (10, 60), (20, 120), (50, 300), (600, 300)])
    def test_its_pace(self, minutes: int, seconds: int) -> None:
        assert following.pace(timedelta(minutes=minutes)) == seconds


class TestConclude:
    def concluded(self, state: ResourceState, age: timedelta) -> object:
        return following.conclude(LISTED, export("mine", age=0), state, now=START + age, since=START)

    def test_a_resource_that_is_there_has_its_event(self) -> None:
        assert isinstance(self.concluded(ResourceState.HELD, timedelta(minutes=1)), Ended)

    def test_one_that_is_gone_has_none_once_the_read_cannot_be_stale(self) -> None:
        stale = timing.STALE_RESOURCE
        assert self.concluded(ResourceState.GONE, stale - timedelta(seconds=1)) == LookAgain(60)
        assert self.concluded(ResourceState.GONE, stale) == Deleted()

    def test_one_that_cannot_be_read_is_read_for_a_day_and_then_has_its_event(self) -> None:
        assert isinstance(self.concluded(ResourceState.UNREADABLE, timedelta(hours=23)), LookAgain)
        assert isinstance(self.concluded(ResourceState.UNREADABLE, timing.FOLLOWED_FOR), Ended)


def test_exports_that_cannot_be_listed_are_listed_for_a_day() -> None:
    assert following.after_unlisted(now=START + HOUR, since=START) == LookAgain(300)
    assert isinstance(following.after_unlisted(now=START + timing.FOLLOWED_FOR, since=START), GivenUp)
