"""Which of the two quotas a refusal is about."""

from dataclasses import replace
from datetime import timedelta

import pytest

from audience_export_handler.core import quota
from audience_export_handler.core.facts import ExportJob
from audience_export_handler.core.progress import START as START_CALL
from audience_export_handler.core.progress import RetriedError
from tests.builders.requests import START, export

ACTIVE, RUNNING, FAILED = export("a"), export("r", "CREATE_IN_PROGRESS"), export("f", "CREATE_FAILED")
LAG, SKEW, SECOND = timedelta(seconds=15), timedelta(seconds=5), timedelta(seconds=1)


USED_UP: dict[str, tuple[float | None, list[ExportJob], bool]] = {
    "the account's value": (20.0, [ACTIVE] * 25, False),
    "the value 25, and 25 active": (25.0, [ACTIVE] * 25, True),
    "the value 25, which an account may have too": (25.0, [ACTIVE] * 24, False),
    "no value, 25 active": (None, [ACTIVE] * 25, True),
    "no value, 25 active or running": (None, [ACTIVE] * 5 + [RUNNING] * 20, True),
    "no value, 24 active": (None, [ACTIVE] * 24, False),
    "no value, 24 active and 9 failed": (None, [ACTIVE] * 24 + [FAILED] * 9, False),
    "no value, more than 25 active": (None, [ACTIVE] * 26, False),
    "the value 25, more than 25 active": (25.0, [ACTIVE] * 26, False),
    "a lowered value of the account, and as many active": (10.0, [ACTIVE] * 10, False),
    "the value 24, which no generation job has": (24.0, [ACTIVE] * 24, False),
    "raised to 40, and 40 active": (40.0, [ACTIVE] * 40, True),
    "raised to 40, and 39 active": (40.0, [ACTIVE] * 39, False),
}


@pytest.mark.parametrize(("value", "of_job", "is_used_up"), USED_UP.values(), ids=list(USED_UP))
def test_which_quota_it_is(value: float | None, of_job: list[ExportJob], is_used_up: bool) -> None:
    assert quota.is_used_up(value, of_job) is is_used_up


BEFORE = replace(RUNNING, create_time=START - timedelta(minutes=9), update_time=START - timedelta(minutes=8))
ENDED_SINCE = replace(BEFORE, status="ACTIVE", update_time=START - SKEW)
ENDED_BEFORE = replace(ENDED_SINCE, update_time=START - SKEW - SECOND)
SLOTS: dict[str, tuple[list[ExportJob] | None, bool]] = {
    "19 ran": ([BEFORE] * 19 + [ENDED_BEFORE] * 90, True),
    "20 ran": ([BEFORE] * 20, False),
    "one of the 20 has ended since": ([BEFORE] * 19 + [ENDED_SINCE], False),
    "one has failed since": ([BEFORE] * 19 + [replace(ENDED_SINCE, status="CREATE_FAILED")], False),
    "the 20th began with the refusal": ([BEFORE] * 19 + [replace(RUNNING, create_time=START + SKEW)], False),
    "the 20th began later": ([BEFORE] * 19 + [replace(RUNNING, create_time=START + SKEW + SECOND)], True),
    "no listing": (None, False),
}


@pytest.mark.parametrize(("of_account", "had_slot"), SLOTS.values(), ids=list(SLOTS))
def test_whether_the_account_had_a_slot(of_account: list[ExportJob] | None, had_slot: bool) -> None:
    assert quota.had_account_a_slot(of_account, START) is had_slot


def test_a_listing_shows_who_ran_at_a_refusal_once_it_cannot_lag_behind_it() -> None:
    refused = RetriedError(START_CALL, START - LAG, quota.CODE, "full", refused_at=START)
    assert quota.shown_refusal(refused, START + LAG) == START
    assert quota.shown_refusal(refused, START + LAG - SECOND) is None
    assert quota.shown_refusal(replace(refused, refused_at=None), START + LAG) is None
    assert quota.shown_refusal(None, START + LAG) is None


def test_a_refusal_is_remembered_until_a_listing_shows_who_ran_then() -> None:
    refused = RetriedError(START_CALL, START - LAG, quota.CODE, "full", refused_at=START)
    assert quota.next_to_show(refused, START + LAG - SECOND) == START
    assert quota.next_to_show(refused, START + LAG) == START + LAG
    assert quota.next_to_show(replace(refused, refused_at=None), START + LAG) == START + LAG
    assert quota.next_to_show(None, START) == START


@pytest.mark.parametrize(
    ("value", "of_job", "expected"),
    [(None, 25, True), (None, 24, False), (20.0, 25, False), (24.0, 25, False), (40.0, 40, True), (40.0, 39, False)],
    ids=["25 failed", "24 failed", "the account's value", "24", "another value", "fewer than another value"],
)
def test_the_account_is_listed_only_if_the_job_s_failed_exports_may_count(
    value: float | None, of_job: int, expected: bool
) -> None:
    assert quota.may_be_used_up(value, [FAILED] * of_job) is expected


@pytest.mark.parametrize(("value", "expected"), [(None, True), (26.0, True), (25.0, False)])
def test_a_job_with_more_exports_than_the_value_says_has_a_higher_quota(value: float | None, expected: bool) -> None:
    assert quota.may_be_used_up(value, [ACTIVE] * 26) is expected
