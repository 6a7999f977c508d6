"""Which of the two quotas a refusal is about."""

from datetime import timedelta

import pytest

from audience_export_handler.core import quota
from audience_export_handler.core.facts import ExportJob
from tests.builders.requests import export

ACTIVE, RUNNING, FAILED = export("a"), export("r", "CREATE_IN_PROGRESS"), export("f", "CREATE_FAILED")
LAG = timedelta(seconds=15)


@pytest.mark.parametrize(
    ("value", "of_job", "is_used_up"),
    [
        (20.0, [ACTIVE] * 25, False),
        (25.0, [], True),
        (None, [ACTIVE] * 25, True),
        (None, [ACTIVE] * 5 + [RUNNING] * 20, True),
        (None, [ACTIVE] * 24, False),
        (None, [ACTIVE] * 24 + [FAILED] * 9, False),
        # Quotas that AWS has raised for an account.
        (40.0, [ACTIVE] * 40, True),
        (40.0, [ACTIVE] * 39, False),
    ],
)
def test_which_quota_it_is(value: float | None, of_job: list[ExportJob], is_used_up: bool) -> None:
    assert quota.is_used_up(value, of_job) is is_used_up


@pytest.mark.parametrize(
    ("of_account", "waited", "has_slot"),
    [
        ([RUNNING] * 19 + [ACTIVE] * 90, LAG, True),
        ([RUNNING] * 20, LAG, False),
        ([RUNNING] * 19, LAG / 2, False),
        (None, LAG, False),
    ],
)
def test_whether_the_account_has_a_slot(of_account: list[ExportJob] | None, waited: timedelta, has_slot: bool) -> None:
    assert quota.has_account_a_slot(of_account, waited=waited) is has_slot
