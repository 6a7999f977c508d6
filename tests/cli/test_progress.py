"""Where each export stands: the words and times of `watch`, from what was read. Whoever waits decides by them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cdk_cleanroomsml_cli.facts import ListedExport, Unread
from cdk_cleanroomsml_cli.progress import Row, WatchedResource, is_unlisted, job_of, row_of, usual_duration
from cdk_cleanroomsml_cli.templates import LATER
from tests.builders.arns import JOB, OTHER_JOB, STACK_ID
from tests.builders.assemblies import resource
from tests.builders.exports import AT, TWENTY, generated_name, listed

GENERATED = generated_name()
DENIED = Unread("ListAudienceExportJobs", "AccessDeniedException")
NOW = AT + timedelta(seconds=90)


def seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


def watched(status: str = "CREATE_IN_PROGRESS", **changes: Any) -> WatchedResource:
    """A resource whose operation began at AT; `changes` are of its properties."""
    properties = resource(**changes)["Properties"]
    return WatchedResource("Campaigns", STACK_ID, "Export", "Campaigns/Export", properties, status, began=AT)


def row(resource: WatchedResource, *listing: ListedExport) -> Row:
    return row_of(resource, listing, NOW)


def running(number: int) -> tuple[ListedExport, ...]:
    return tuple(listed(f"other-{one}", "CREATE_PENDING") for one in range(number))


class TestAtRest:
    def test_a_resource_that_has_not_begun_has_no_status_yet(self) -> None:
        one = replace(watched(""), began=None)
        assert row(one) == Row("Campaigns", "Campaigns/Export", GENERATED, "not begun")
        assert row(one, listed(GENERATED)).status == "not begun"

    def test_a_resource_that_is_complete_has_the_status_of_its_export(self) -> None:
        shown = row(watched("CREATE_COMPLETE"), listed(GENERATED))
        assert shown == Row("Campaigns", "Campaigns/Export", GENERATED, "ACTIVE", has_ended=True)

    def test_its_export_may_still_run_and_has_an_age(self) -> None:
        shown = row(watched("UPDATE_COMPLETE"), listed(GENERATED, "CREATE_IN_PROGRESS"))
        assert (shown.status, shown.age) == ("CREATE_IN_PROGRESS", seconds(90))
        assert (shown.left, shown.estimate) == (None, None)

    def test_a_resource_whose_export_is_not_listed_has_its_own_status(self) -> None:
        assert row(watched("CREATE_COMPLETE")).status == "CREATE_COMPLETE"
        assert row_of(watched("CREATE_COMPLETE"), DENIED, NOW).status == "CREATE_COMPLETE"

    @pytest.mark.parametrize("status", ["CREATE_FAILED", "DELETE_COMPLETE", "DELETE_FAILED"])
    def test_a_resource_that_failed_or_is_deleted_has_its_own_status(self, status: str) -> None:
        shown = row(replace(watched(status), reason="taken"), listed(GENERATED))
        assert (shown.status, shown.reason, shown.has_ended) == (status, "taken", True)


class TestUnderWay:
    def test_a_listed_export_has_its_status_and_its_times(self) -> None:
        export = listed(GENERATED, "CREATE_IN_PROGRESS", created=AT + seconds(60))
        earlier = listed("earlier", updated=AT + seconds(40))
        assert row(watched(TimeoutSeconds="600"), export, earlier) == Row(
            "Campaigns",
            "Campaigns/Export",
            GENERATED,
            "CREATE_IN_PROGRESS",
            age=seconds(30),
            left=seconds(600 - 90),
            estimate=seconds(60 + 40 - 90),
        )

    def test_an_export_that_is_not_listed_is_as_old_as_its_request(self) -> None:
        shown = row(watched(TimeoutSeconds=600))
        assert shown == Row(
            "Campaigns",
            "Campaigns/Export",
            GENERATED,
            "waits for its listing",
            age=seconds(90),
            left=seconds(510),
        )

    def test_a_request_that_began_nobody_knows_when_has_no_times(self) -> None:
        shown = row(replace(watched(TimeoutSeconds=600), began=None))
        assert (shown.age, shown.left, shown.estimate) == (None, None, None)

    def test_cloudformation_gives_up_after_an_hour_if_nothing_else_is_declared(self) -> None:
        assert row(watched()).left == seconds(3600 - 90)

    def test_a_time_out_that_only_the_deployment_knows_leaves_no_time(self) -> None:
        assert row(watched(TimeoutSeconds=LATER)).left is None

    def test_no_time_is_below_zero(self) -> None:
        export = listed(GENERATED, "CREATE_IN_PROGRESS")
        shown = row(watched(TimeoutSeconds=60), export, listed("earlier", updated=AT + seconds(40)))
        assert (shown.left, shown.estimate) == (seconds(0), seconds(0))

    def test_only_a_running_export_has_an_estimate(self) -> None:
        earlier = listed("earlier", updated=AT + seconds(400))
        assert row(watched(), listed(GENERATED, "CREATE_PENDING"), earlier).estimate == seconds(310)
        assert row(watched(), listed(GENERATED), earlier).estimate is None
        assert row(watched(), listed(GENERATED, "CREATE_PENDING")).estimate is None, "nothing to compare with"


class TestNotListed:
    def test_it_waits_for_a_slot_if_the_account_runs_its_20_exports(self) -> None:
        assert row(watched(), *running(20)).status == "waits for a slot"
        assert row(watched(), *running(19), listed("ended")).status == "waits for its listing"

    def test_it_waits_for_a_job_that_is_being_created(self) -> None:
        assert row_of(watched(), running(20), NOW, unfinished_jobs={JOB}).status == "waits for its generation job"
        assert row_of(watched(), (), NOW, unfinished_jobs={OTHER_JOB}).status == "waits for its listing"

    def test_without_a_listing_its_status_is_unknown(self) -> None:
        assert row_of(watched(), DENIED, NOW).status == "unknown"

    def test_only_a_request_that_is_under_way_waits(self) -> None:
        assert is_unlisted(watched(), ()) is True
        assert is_unlisted(watched(), (listed(GENERATED),)) is False
        assert is_unlisted(watched("CREATE_COMPLETE"), ()) is False


class TestOwnExport:
    def test_a_generated_name_may_have_an_ordinal(self) -> None:
        assert row(watched(), listed(f"{GENERATED}-2")).export == f"{GENERATED}-2"

    def test_a_given_name_has_none(self) -> None:
        shown = row(watched(Name="mine"), listed("mine-2"))
        assert (shown.export, shown.status) == ("mine", "waits for its listing")

    def test_the_size_of_a_deployed_template_may_be_a_text(self) -> None:
        assert row(watched(percent="10", Name="mine"), listed("mine")).status == "ACTIVE"

    @pytest.mark.parametrize(
        "other",
        [listed("mine", size=TWENTY), listed("mine", job=OTHER_JOB), listed("other")],
        ids=["size", "job", "name"],
    )
    def test_another_size_job_or_name_is_another_export(self, other: ListedExport) -> None:
        assert row(watched(Name="mine"), other).status == "waits for its listing"

    def test_of_several_that_are_alive_the_first_one_is_meant(self) -> None:
        first, second = listed(GENERATED, created=AT - seconds(9)), listed(f"{GENERATED}-2", created=AT)
        assert row(watched(), second, first).export == GENERATED
        assert row(watched(), first, second).export == GENERATED

    def test_one_that_is_alive_is_meant_rather_than_one_that_failed(self) -> None:
        failed = listed(GENERATED, "CREATE_FAILED", created=AT + seconds(5))
        alive = listed(f"{GENERATED}-2", created=AT + seconds(9))
        assert row(watched(), failed, alive).export == f"{GENERATED}-2"

    def test_of_several_that_failed_in_this_operation_the_last_one_is_meant(self) -> None:
        first = listed(GENERATED, "CREATE_FAILED", created=AT)
        second = listed(f"{GENERATED}-2", "CREATE_FAILED", created=AT + seconds(9))
        assert row(watched(), second, first).export == f"{GENERATED}-2"
        assert row(watched(), first).status == "CREATE_FAILED"

    def test_one_that_failed_before_this_operation_is_another_one(self) -> None:
        earlier = listed(GENERATED, "CREATE_FAILED", created=AT - seconds(1))
        assert row(watched(), earlier).status == "waits for its listing"
        assert row(replace(watched(), began=None), earlier).status == "CREATE_FAILED", "it may be this one"

    @pytest.mark.parametrize(
        "changes",
        [
            {"Name": LATER},
            {"job": LATER},
            {"Revision": LATER},
            {"percent": LATER},
            {"AudienceSize": LATER},
        ],
        ids=lambda changes: next(iter(changes)),
    )
    def test_a_name_that_depends_on_what_only_the_deployment_knows_is_not_known(self, changes: dict[str, Any]) -> None:
        shown = row(watched(**changes), listed(GENERATED), listed("mine"))
        assert (shown.export, shown.status) == (None, "waits for its listing")

    def test_a_resource_without_a_size_has_no_export(self) -> None:
        assert row(watched(AudienceSize="10", Name="mine"), listed("mine")).export is None


def test_the_job_of_a_resource_is_empty_if_it_is_not_known() -> None:
    assert job_of(watched()) == JOB
    assert job_of(watched(job=LATER)) == ""


class TestUsualDuration:
    def test_it_is_the_median_of_the_active_exports_of_the_job(self) -> None:
        took = [listed(f"one-{number}", updated=AT + seconds(number)) for number in (10, 20, 60)]
        others = [
            listed("failed", "CREATE_FAILED", updated=AT + seconds(900)),
            listed("running", "CREATE_IN_PROGRESS", updated=AT + seconds(900)),
            listed("of another job", job=OTHER_JOB, updated=AT + seconds(900)),
        ]
        assert usual_duration(JOB, [*others, *took]) == seconds(20)
        assert usual_duration(JOB, others) is None


def test_nothing_more_is_known_of_a_resource_than_is_given() -> None:
    one = WatchedResource("Campaigns", STACK_ID, "Export", "Campaigns/Export", {})
    assert (one.status, one.reason, one.began) == ("", "", None)
    assert row(one) == Row("Campaigns", "Campaigns/Export", None, "not begun", "", None, None, None, has_ended=False)
