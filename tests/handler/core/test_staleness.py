"""What one read of the stack can show, and when it cannot be stale any more."""

from dataclasses import replace
from datetime import timedelta

import pytest

from audience_export_handler.core.facts import StackPhase
from audience_export_handler.core.situation import Situation
from audience_export_handler.core.staleness import cannot_be_stale, known_phase, may_be_rollback
from tests.builders.events import properties
from tests.builders.requests import GENERATED, START, TWENTY, create, export, situation, update

STALE = [StackPhase.ROLLING_BACK, StackPhase.ENDING, StackPhase.OTHER]


@pytest.mark.parametrize("phase", STALE, ids=lambda phase: phase.name)
def test_another_status_counts_only_for_a_request_that_is_a_minute_old(phase: StackPhase) -> None:
    assert known_phase(situation(create(), stack=phase, after=59)) is None
    assert known_phase(situation(create(), stack=phase, after=60)) is phase


@pytest.mark.parametrize("phase", [StackPhase.FORWARD, StackPhase.LATER], ids=lambda phase: phase.name)
def test_the_request_s_own_operation_and_a_later_one_count_immediately(phase: StackPhase) -> None:
    assert known_phase(situation(create(), stack=phase, after=0)) is phase


not_read = pytest.mark.parametrize("phase", [StackPhase.UNREADABLE, None], ids=["unreadable", "not read"])


@not_read
def test_a_stack_that_was_not_read_is_not_known_unless_it_was_rolling_back(phase: StackPhase | None) -> None:
    assert known_phase(situation(create(), stack=phase, after=600)) is None
    assert known_phase(situation(create(), stack=phase, after=3600)) is None


@not_read
def test_a_rollback_that_was_read_before_counts_if_there_is_no_time_to_read_again(phase: StackPhase | None) -> None:
    """The read may have been stale, so as long as there is time, another one must show it."""

    def known(after: float, read_before: float = 10) -> StackPhase | None:
        now = situation(create(), stack=phase, after=after)
        read_at = now.now - timedelta(seconds=read_before)
        return known_phase(replace(now, progress=now.progress.after_reading(StackPhase.ROLLING_BACK, read_at)))

    assert known(after=60) is None
    assert known(after=3600 - 180 - 5) is None
    assert known(after=3600 - 180 - 4) is StackPhase.ROLLING_BACK
    assert known(after=3600 - 180 - 4, read_before=59.9) is StackPhase.ROLLING_BACK
    assert known(after=3600 - 180 - 4, read_before=60) is None, "it may have been of an operation that has ended"


@pytest.mark.parametrize(
    ("after", "known"),
    [(70, None), (89, None), (90, StackPhase.FORWARD), (3600, StackPhase.FORWARD)],
    ids=["40 s", "59 s", "a minute", "an hour"],
)
def test_a_rollback_that_was_read_lately_is_not_over_because_a_read_goes_back(
    after: float, known: StackPhase | None
) -> None:
    """DescribeStacks may show the status from before the rollback once more, also a few times."""
    read_at = START + timedelta(seconds=30)
    for request in (create(), update(properties(Name="old"), "mine")):
        now = situation(request, export("mine"), stack=StackPhase.FORWARD, after=after)
        now = replace(now, progress=now.progress.after_reading(StackPhase.ROLLING_BACK, read_at))
        assert known_phase(now) is known
        assert may_be_rollback(now) is (known is None and request.is_update)


def test_a_read_that_goes_back_counts_if_there_is_no_time_to_read_again() -> None:
    now = situation(create(), stack=StackPhase.FORWARD, after=3600 - 180 - 4)
    progress = now.progress.after_reading(StackPhase.ROLLING_BACK, now.now - timedelta(seconds=9))
    assert known_phase(replace(now, progress=progress)) is StackPhase.FORWARD


def test_the_minute_is_counted_from_when_cloudformation_made_the_request() -> None:
    delivered_late = replace(situation(create(), after=1), requested_at=START - timedelta(minutes=2))
    assert cannot_be_stale(delivered_late)


def test_a_read_without_time_for_another_one_counts() -> None:
    short = create(TimeoutSeconds="60")
    assert not cannot_be_stale(situation(short, after=35))
    assert cannot_be_stale(situation(short, after=36))


MAY_BE = {
    "an update to an export that is listed": (situation(update(properties(Name="old"), "mine"), export("mine")), True),
    "an update to a failed one": (
        situation(update(properties(Name="old"), "mine"), export("mine", "CREATE_FAILED")),
        True,
    ),
    "an update to a generated name with an ordinal": (
        situation(update(properties(Name="old")), export(f"{GENERATED}-3", "CREATE_FAILED")),
        True,
    ),
    "an update to an export that is listed beside others": (
        situation(update(properties(Name="old"), "mine"), export("old"), export("mine"), export("mine", size=TWENTY)),
        True,
    ),
    "a given name with a number added": (
        situation(update(properties(Name="old"), "mine"), export("mine-2")),
        False,
    ),
    "a create": (situation(create("mine"), export("mine")), False),
    "an update to another size": (
        situation(update(properties(Name="old"), "mine"), export("mine", size=TWENTY)),
        False,
    ),
    "an update to another name": (situation(update(properties(Name="old"), "mine"), export("old")), False),
    "a later operation": (
        situation(update(properties(Name="old"), "mine"), export("mine"), stack=StackPhase.LATER),
        False,
    ),
    "a minute later": (situation(update(properties(Name="old"), "mine"), export("mine"), after=60), False),
    "a minute later, if the stack cannot be read": (
        situation(update(properties(Name="old"), "mine"), export("mine"), stack=StackPhase.UNREADABLE, after=60),
        True,
    ),
    "a minute later, if the stack was not read": (
        situation(update(properties(Name="old"), "mine"), export("mine"), stack=None, after=60),
        True,
    ),
    "the same, without time to read it again": (
        situation(update(properties(Name="old"), "mine"), export("mine"), stack=None, after=3600 - 180 - 4),
        True,
    ),
    "a stack that was read, without time to read it again, in the first minute": (
        situation(update(properties(Name="old"), "mine", TimeoutSeconds="60"), export("mine"), after=36),
        True,
    ),
}


@pytest.mark.parametrize(("now", "expected"), MAY_BE.values(), ids=list(MAY_BE))
def test_an_update_to_what_exists_may_be_a_rollback_until_a_read_shows_that(now: Situation, expected: bool) -> None:
    assert may_be_rollback(now) is expected
