"""What is known of an export before its deployment: too strict, and `check` blocks a deployment that would succeed."""

from dataclasses import replace
from typing import Any

import pytest

from cdk_cleanroomsml_cli.declared import Declared, decode, is_held, is_later
from cdk_cleanroomsml_cli.facts import DeployedResource, Unread
from cdk_cleanroomsml_cli.templates import LATER
from cdk_cleanroomsml_contract import identity
from cdk_cleanroomsml_contract.export_properties import AudienceSize, BrokenRule, ExportProperties
from tests.builders.arns import FOLLOWER, JOB, STACK_ID
from tests.builders.exports import TEN, declared


def test_its_generation_job_is_known_if_it_is_a_text() -> None:
    assert declared().job == JOB
    assert declared(job=LATER).job is None


def test_its_stack_id_has_all_that_names_depend_on() -> None:
    assert declared().stack_id == STACK_ID.removesuffix("0c4d7c40")


def test_nothing_more_is_known_of_an_export_than_is_given() -> None:
    one = Declared("Campaigns", "Export", "Campaigns/Export", {})
    assert (one.job, one.raw, one.account, one.region, one.partition) == (None, {}, None, None, None)
    assert (one.nesting, one.is_conditional) == ((), False)


class TestDecode:
    @pytest.mark.parametrize(
        "name",
        [
            "AudienceGenerationJobArn",
            "AudienceSize",
            "StateMachineArn",
            "FollowerArn",
            "Name",
            "Description",
            "OnConflict",
            "Revision",
            "StackPath",
            "TimeoutSeconds",
            "WaitForCompletion",
            "MinimumRelevance",
            "ReadMetrics",
        ],
    )
    def test_a_property_that_only_the_deployment_knows_breaks_no_rule(self, name: str) -> None:
        assert isinstance(decode(declared(**{name: LATER})), ExportProperties)

    def test_what_has_no_value_yet_is_as_if_it_were_the_usual_one(self) -> None:
        one = decode(declared(OnConflict=LATER, WaitForCompletion=LATER, TimeoutSeconds=LATER, AudienceSize=LATER))
        assert (one.on_conflict.value, one.wait_for_completion, one.timeout_seconds) == ("FAIL", True, 60)
        assert one.audience_size == AudienceSize("PERCENTAGE", 1)

    def test_a_size_of_which_a_part_is_known_breaks_no_rule(self) -> None:
        assert decode(declared(percent=LATER)).audience_generation_job_arn == JOB

    def test_what_is_known_is_kept(self) -> None:
        one = decode(declared(Description="for spring", FollowerArn=FOLLOWER))
        assert (one.description, one.follower_arn, one.audience_size) == ("for spring", FOLLOWER, TEN)
        assert decode(declared(Description=LATER)).description is None

    def test_what_is_known_is_checked(self) -> None:
        with pytest.raises(BrokenRule, match=r"^AudienceSize\.Value "):
            decode(declared(percent=101, Description=LATER))
        with pytest.raises(BrokenRule, match=r"^Description "):
            decode(declared(Description="x" * 256, job=LATER))


@pytest.mark.parametrize(
    ("value", "later"),
    [
        (LATER, True),
        ({"Type": "PERCENTAGE", "Value": LATER}, True),
        ({"Type": "PERCENTAGE", "Value": 10}, False),
        ("later", False),
        ([LATER], False),
        (None, False),
    ],
)
def test_a_value_is_later_if_a_part_of_it_is(value: object, later: bool) -> None:
    assert is_later(value) is later


def of_resource(one: Declared, **changes: Any) -> DeployedResource:
    derived = identity.physical_id(one.properties, stack_id=STACK_ID, logical_id="Export")
    return replace(DeployedResource(derived, "CREATE_COMPLETE"), **changes)


class TestHeld:
    def test_a_resource_with_its_physical_id_holds_it(self) -> None:
        assert is_held(declared(), of_resource(declared())) is True
        assert is_held(declared(Name="mine"), of_resource(declared(Name="mine"))) is True

    def test_a_resource_with_another_one_does_not(self) -> None:
        assert is_held(declared(), of_resource(declared(percent=20))) is False
        assert is_held(declared(), of_resource(declared(Name="mine"))) is False

    def test_a_resource_that_is_gone_holds_nothing(self) -> None:
        assert is_held(declared(), None) is False
        assert is_held(declared(), of_resource(declared(), status="DELETE_COMPLETE")) is False

    def test_a_resource_that_could_not_be_read_may_hold_it(self) -> None:
        assert is_held(declared(), Unread("DescribeStacks", "AccessDenied")) is None
