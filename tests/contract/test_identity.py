"""Names and ids are pinned: another algorithm would start or replace exports that are deployed."""

import re
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_cleanroomsml_contract import api_limits, identity

STACK = "arn:aws:cloudformation:us-east-1:111122223333:stack/Campaigns/0c4d7c40"


def generated(**changes: object) -> str:
    arguments: dict[str, Any] = {
        "stack_id": STACK,
        "logical_id": "SpringCampaign399F6554",
        "identity": ["job", "PERCENTAGE", "10"],
    }
    return identity.generated_name(**(arguments | changes))


def test_a_generated_name_is_pinned() -> None:
    """Another algorithm would start every deployed export once more at its next change."""
    assert generated() == "SpringCampaign399F6554-bd13f057d889d151"


def test_a_generated_name_survives_the_stack_s_deletion() -> None:
    assert generated(stack_id=STACK.replace("0c4d7c40", "ffffffff")) == generated()


@pytest.mark.parametrize(
    "changes",
    [
        {"stack_id": STACK.replace("Campaigns", "Others")},
        {"logical_id": "AutumnCampaign399F6554"},
        {"identity": ["job", "PERCENTAGE", "20"]},
        {"identity": ["job", "ABSOLUTE", "10"]},
    ],
    ids=["stack", "logical id", "size", "type of the size"],
)
def test_a_generated_name_differs_with_what_identifies_the_export(changes: dict[str, Any]) -> None:
    assert generated(**changes) != generated()


@given(st.text(min_size=1, max_size=255))
def test_a_generated_name_is_allowed_with_every_ordinal(logical_id: str) -> None:
    for name in islice(identity.ordinals(generated(logical_id=logical_id)), 0, None, 100):
        assert api_limits.broken_rule("name", name) is None


def test_ordinals_begin_with_the_name_itself() -> None:
    assert list(islice(identity.ordinals("export"), 3)) == ["export", "export-2", "export-3"]


def physical_id(arn: str, name: str, size: str = "10") -> str:
    properties = {
        "AudienceGenerationJobArn": arn,
        "Name": name,
        "AudienceSize": {"Type": "PERCENTAGE", "Value": size},
    }
    return identity.physical_id(properties, stack_id=STACK, logical_id="Export")


def test_a_physical_id_is_pinned() -> None:
    """Another id for a deployed export would make CloudFormation replace its resource."""
    assert physical_id("arn", "Spring é") == "Spring-d89d90f95e8ee8be0da15f677189d453"


@given(arn=st.text(max_size=2048), name=st.text(max_size=63))
def test_a_physical_id_is_short_plain_and_of_the_whole_identity(arn: str, name: str) -> None:
    found = physical_id(arn, name)
    assert re.fullmatch(r"[A-Za-z0-9-]{1,100}", found)
    assert found != physical_id(arn + "x", name)
    assert found != physical_id(arn, name + "x")
    assert found != physical_id(arn, name, "11")


def test_one_size_written_in_two_ways_is_one_identity() -> None:
    assert physical_id("arn", "mine", "010") == physical_id("arn", "mine", "10")
    sizes = [{"AudienceSize": {"Type": "PERCENTAGE", "Value": value}} for value in ("010", "10", 10)]
    assert len({str(identity.identity_of(size)) for size in sizes}) == 1


def test_a_physical_id_without_a_readable_letter_has_a_word_instead() -> None:
    assert physical_id("arn", "é").startswith("export-")


def test_a_generated_name_leaves_room_for_its_hash_and_an_ordinal() -> None:
    name = generated(logical_id="L" * 255)
    assert name.startswith("L" * 40 + "-")
    assert len(f"{name}-999") == 61


def test_an_identity_is_job_size_name_and_revision() -> None:
    declared: dict[str, Any] = {"AudienceGenerationJobArn": "arn", "AudienceSize": {"Type": "PERCENTAGE", "Value": 10}}
    assert identity.identity_of(declared) == ["arn", "PERCENTAGE", "10", None]
    assert identity.identity_of(declared | {"Name": "mine"}) == ["arn", "PERCENTAGE", "10", "mine"]
    assert identity.identity_of(declared | {"Revision": "2"}) == ["arn", "PERCENTAGE", "10", None, "2"]
    assert identity.identity_of(declared | {"Description": "words", "OnConflict": "ADOPT"}) == identity.identity_of(
        declared
    )


@pytest.mark.parametrize("size", ["10", 10, None, ["PERCENTAGE"]], ids=repr)
def test_a_size_that_is_none_still_has_an_identity(size: object) -> None:
    """A request that is refused needs its physical id too."""
    assert identity.identity_of({"AudienceSize": size}) == [None, None, "None", None]
