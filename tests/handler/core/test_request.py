"""What an event requests: every property, what is new or held, and the id of any event, also of a broken one."""

from datetime import timedelta
from typing import Any

import pytest

from audience_export_handler.core.failure import ExportFailure
from audience_export_handler.core.request import ExportRequest, physical_id, read_request
from tests.builders.arns import JOB, OTHER_JOB, STACK_ID
from tests.builders.cases import broken_properties
from tests.builders.events import Properties, event, properties
from tests.builders.requests import TEN, TWENTY, create, update

MINE = properties(Name="mine")
MINE_ID = physical_id(event(ResourceProperties=MINE))
TWENTY_PERCENT = {"Type": "PERCENTAGE", "Value": "20"}


def test_a_create_with_every_property_is_read() -> None:
    declared = properties(
        Name="mine",
        Description="for spring",
        AudienceSize=TWENTY_PERCENT,
        OnConflict="ADOPT",
        WaitForCompletion="false",
        TimeoutSeconds="600",
        ServiceTimeout="600",
    )
    assert read_request(event(ResourceProperties=declared)) == ExportRequest(
        audience_generation_job_arn=JOB,
        audience_size=TWENTY,
        name="mine",
        name_is_given=True,
        description="for spring",
        adopts=True,
        waits=False,
        timeout=timedelta(minutes=10),
        stack_id=STACK_ID,
        physical_id=physical_id(event(ResourceProperties=declared)),
        is_update=False,
        is_new=True,
        is_held=False,
    )


def test_a_create_with_the_required_properties_only_has_the_defaults() -> None:
    request = read_request(event())
    assert request == ExportRequest(
        audience_generation_job_arn=JOB,
        audience_size=TEN,
        name=request.name,
        name_is_given=False,
        description=None,
        adopts=False,
        waits=True,
        timeout=timedelta(hours=1),
        stack_id=STACK_ID,
        physical_id=physical_id(event()),
        is_update=False,
        is_new=True,
        is_held=False,
    )
    assert request.name.startswith("SpringCampaign399F6554-")


def test_messages_name_the_export_with_its_size_and_generation_job() -> None:
    assert create("mine").subject == f'export "mine" (PERCENTAGE 10) of generation job {JOB}'


# Old and new properties of an Update, and whether it is new if the resource holds the export of the new ones.
CHANGES: dict[str, tuple[Properties, Properties, bool]] = {
    "nothing": (MINE, MINE, False),
    "description": (MINE, MINE | {"Description": "new words"}, False),
    "what to do in a conflict": (MINE, MINE | {"OnConflict": "ADOPT"}, False),
    "waiting": (MINE, MINE | {"WaitForCompletion": "false"}, False),
    "time-out": (MINE, MINE | {"TimeoutSeconds": "600"}, False),
    "name": (properties(Name="other"), MINE, True),
    "a name instead of a generated one": (properties(), MINE, True),
    "size": (MINE | {"AudienceSize": TWENTY_PERCENT}, MINE, True),
    "type of the size": (MINE | {"AudienceSize": {"Type": "ABSOLUTE", "Value": "10"}}, MINE, True),
    "generation job": (MINE | {"AudienceGenerationJobArn": OTHER_JOB}, MINE, True),
    "revision": (properties(Revision="1"), properties(Revision="2"), True),
    "a first revision": (properties(), properties(Revision="1"), True),
    "old properties that nobody sent": ({}, MINE, True),
}


@pytest.mark.parametrize(("old", "new", "is_new"), CHANGES.values(), ids=list(CHANGES))
def test_an_update_is_new_if_the_identity_changes(old: Properties, new: Properties, is_new: bool) -> None:
    held_id = physical_id(event(ResourceProperties=new))
    sent = event("Update", PhysicalResourceId=held_id, ResourceProperties=new, OldResourceProperties=old)
    request = read_request(sent)
    assert (request.is_update, request.is_new, request.is_held) == (True, is_new, True)


def test_an_update_without_old_properties_is_new() -> None:
    assert read_request(event("Update", PhysicalResourceId=MINE_ID, ResourceProperties=MINE)).is_new


@pytest.mark.parametrize("held_id", ["of another export", None], ids=["of another export", "none"])
def test_an_update_to_an_export_that_the_resource_does_not_hold_is_new(held_id: str | None) -> None:
    """Without rollback the old properties are those of the update that failed."""
    members = {"PhysicalResourceId": held_id} if held_id else {}
    sent = event("Update", ResourceProperties=MINE, OldResourceProperties=MINE, **dict[str, Any](members))
    request = read_request(sent)
    assert (request.is_new, request.is_held) == (True, False)


def test_a_create_is_new_whatever_it_was_sent() -> None:
    sent = event(PhysicalResourceId=MINE_ID, ResourceProperties=MINE, OldResourceProperties=MINE)
    assert read_request(sent).is_new


def test_old_properties_are_never_refused() -> None:
    """An older release may have written them."""
    request = update({"Older": "release", "AudienceSize": "10"}, "mine", MINE_ID)
    assert (request.is_new, request.is_held) == (True, True)


@broken_properties
def test_a_broken_property_is_refused_and_named(changes: Properties, argument: str) -> None:
    with pytest.raises(ExportFailure) as raised:
        read_request(event(ResourceProperties=properties(**changes)))
    assert raised.value.code == "ValidationException"
    assert raised.value.reason.startswith(f"ValidationException: property {argument}: ")


@broken_properties
def test_a_broken_event_has_a_physical_id_that_stays(changes: Properties, argument: str) -> None:
    """CloudFormation needs one for a Create that is refused, and the same one when it cleans up."""
    broken = event(ResourceProperties=properties(**changes))
    assert physical_id(broken) == physical_id(broken | {"RequestType": "Delete", "RequestId": "another"})
    assert 0 < len(physical_id(broken)) <= 100


@pytest.mark.parametrize("sent", [{}, None], ids=["empty", "none"])
def test_an_event_without_properties_has_a_physical_id(sent: Properties | None) -> None:
    assert physical_id(event(ResourceProperties=sent))
    without = event()
    del without["ResourceProperties"]
    assert physical_id(without) == physical_id(event(ResourceProperties=sent))


def test_the_physical_id_is_the_same_for_a_create_and_for_later_requests() -> None:
    same = event("Update", PhysicalResourceId="any", ResourceProperties=MINE | {"Description": "new words"})
    assert physical_id(same) == MINE_ID
    assert physical_id(event(ResourceProperties=properties(Name="other"))) != MINE_ID
