"""Names and ids are pinned: another algorithm would start or replace exports that are deployed."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cdk_cleanroomsml_contract import api_limits, identity

STACK = "arn:aws:cloudformation:us-east-1:111122223333:stack/Campaigns/0c4d7c40"


def generated(**changes: object) -> str:
    arguments: dict[str, Any] = {
        "stack": "Campaigns",
        "logical_id": "SpringCampaign399F6554",
        "identity": ["job", "PERCENTAGE", "10"],
    }
    return identity.generated_name(**(arguments | changes))


def derived(stack_id: str = STACK, **changes: object) -> tuple[str, str]:
    """Name and physical id of an export that was given no name."""
    properties = {"AudienceGenerationJobArn": "job", "AudienceSize": {"Type": "PERCENTAGE", "Value": "10"}} | changes
    return (
        identity.export_name(properties, stack_id=stack_id, logical_id="Export"),
        identity.physical_id(properties, stack_id=stack_id, logical_id="Export"),
    )


def test_a_generated_name_is_pinned() -> None:
    """Another algorithm would start every deployed export once more at its next change."""
    assert generated() == "SpringCampaign399F6554-bd13f057d889d151"


def test_a_generated_name_survives_the_stack_s_deletion() -> None:
    assert derived(STACK.replace("0c4d7c40", "ffffffff")) == derived()
    assert derived(STACK.replace("Campaigns", "Others")) != derived()


@pytest.mark.parametrize(("value", "same"), [("010", True), ("10", True), ("0a", False), ("\u0661\u0660", False)])
def test_a_size_is_the_same_number_with_zeros_before_it(value: str, same: bool) -> None:
    """Any other text is refused as a size later, and is itself until then."""
    assert (derived(AudienceSize={"Type": "PERCENTAGE", "Value": value}) == derived()) is same


def test_what_is_no_number_is_never_shortened() -> None:
    sizes = [{"Type": "PERCENTAGE", "Value": value} for value in ("a", "0a", "00a", "\u0661", "0\u0661")]
    assert len({derived(AudienceSize=size) for size in sizes}) == len(sizes)


# As CloudFormation names a nested stack that it creates twice.
NESTED = STACK.replace("Campaigns", "Campaigns-SpringNestedStack-1ABC")
NESTED_AGAIN = STACK.replace("Campaigns/0c4d7c40", "Campaigns-SpringNestedStack-1XYZ/ffffffff")


def test_a_generated_name_survives_the_deletion_of_a_nested_stack() -> None:
    assert derived(NESTED, StackPath="Campaigns/Spring") == derived(NESTED_AGAIN, StackPath="Campaigns/Spring")
    assert derived(NESTED) != derived(NESTED_AGAIN), "without the path the name is made of the nested stack's"


def test_nested_stacks_have_generated_names_of_their_own() -> None:
    paths = ["Campaigns/Spring", "Campaigns/Autumn", "Others/Spring", "Campaigns/Spring/Spring"]
    assert len({derived(NESTED, StackPath=path) for path in paths}) == len(paths)


def test_a_generated_name_in_a_nested_stack_is_pinned() -> None:
    name = "Export-0f112af76dc3dd0a"
    found = derived(NESTED, StackPath="Campaigns/Spring")
    assert found == (name, f"{name}-5ef3c65074f4a12c76e9ff7925f9949c")


def test_the_path_of_a_nested_stack_does_not_concern_a_given_name() -> None:
    assert derived(NESTED, Name="mine", StackPath="Campaigns/Spring") == derived(NESTED, Name="mine")


@pytest.mark.parametrize("path", ["", None, ["Campaigns", "Spring"], {"Ref": "Path"}], ids=repr)
def test_a_broken_path_of_a_nested_stack_still_has_an_identity(path: object) -> None:
    """A request that is refused needs its physical id too."""
    assert derived(StackPath=path) == derived(NESTED, StackPath=path)


@pytest.mark.parametrize(
    "changes",
    [
        {"stack": "Others"},
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
    for name in identity.ordinals(generated(logical_id=logical_id))[::100]:
        assert api_limits.broken_rule("name", name) is None


def test_ordinals_begin_with_the_name_itself() -> None:
    assert identity.ordinals("export")[:3] == ("export", "export-2", "export-3")
    assert identity.ordinals("export")[-1] == "export-999"


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


def test_a_physical_id_shows_the_whole_name() -> None:
    assert physical_id("arn", "x" * 63).startswith("x" * 63 + "-")


def test_a_stack_id_without_a_name_stands_for_itself() -> None:
    """CloudFormation sends none like it, but a hand-made event may."""
    assert derived("Campaigns") == derived(STACK)
    assert derived("Others") != derived(STACK)


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
