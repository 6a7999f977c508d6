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


@pytest.mark.parametrize("phase", [StackPhase.UNREADABLE, None], ids=["unreadable", "not read"])
def test_a_stack_that_was_not_read_is_never_known(phase: StackPhase | None) -> None:
    assert known_phase(situation(create(), stack=phase, after=600)) is None


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
}


@pytest.mark.parametrize(("now", "expected"), MAY_BE.values(), ids=list(MAY_BE))
def test_an_update_to_what_exists_may_be_a_rollback_in_its_first_minute(now: Situation, expected: bool) -> None:
    assert may_be_rollback(now) is expected
