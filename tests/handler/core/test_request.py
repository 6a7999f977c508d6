"""What an event requests: every property, what the resource holds, and the id of any event, also of a broken one."""

from datetime import timedelta
from typing import Any

import pytest

from audience_export_handler.core.request import ExportRequest, physical_id, read_request
from cdk_cleanroomsml_contract.export_properties import BrokenRule
from tests.builders.arns import ACCOUNT, FOLLOWER, JOB, OTHER_JOB, STACK_ID
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
        MinimumRelevance="0.5",
        ReadMetrics="true",
        FollowerArn=FOLLOWER,
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
        is_held=False,
        minimum_relevance=0.5,
        reads_metrics=True,
        wants_events=True,
        wanted_events=False,
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
        is_held=False,
        minimum_relevance=None,
        reads_metrics=False,
        wants_events=False,
        wanted_events=False,
    )
    assert request.account == ACCOUNT
    assert request.name.startswith("SpringCampaign399F6554-")


def test_messages_name_the_export_with_its_size_and_generation_job() -> None:
    assert create("mine").subject == f'export "mine" (PERCENTAGE 10) of generation job {JOB}'


# Properties that the resource was deployed with, and those of an Update; whether it is to the export that it holds.
CHANGES: dict[str, tuple[Properties, Properties, bool]] = {
    "nothing": (MINE, MINE, True),
    "description": (MINE, MINE | {"Description": "new words"}, True),
    "what to do in a conflict": (MINE, MINE | {"OnConflict": "ADOPT"}, True),
    "waiting": (MINE, MINE | {"WaitForCompletion": "false"}, True),
    "time-out": (MINE, MINE | {"TimeoutSeconds": "600"}, True),
    "the size, written in another way": (MINE, MINE | {"AudienceSize": {"Type": "PERCENTAGE", "Value": "010"}}, True),
    "name": (properties(Name="other"), MINE, False),
    "a name instead of a generated one": (properties(), MINE, False),
    "size": (MINE | {"AudienceSize": TWENTY_PERCENT}, MINE, False),
    "type of the size": (MINE | {"AudienceSize": {"Type": "ABSOLUTE", "Value": "10"}}, MINE, False),
    "generation job": (MINE | {"AudienceGenerationJobArn": OTHER_JOB}, MINE, False),
    "revision": (properties(Revision="1"), properties(Revision="2"), False),
    "a first revision": (properties(), properties(Revision="1"), False),
}


@pytest.mark.parametrize(("held", "new", "is_held"), CHANGES.values(), ids=list(CHANGES))
def test_an_update_is_to_the_held_export_if_the_identity_stays(
    held: Properties, new: Properties, is_held: bool
) -> None:
    held_id = physical_id(event(ResourceProperties=held))
    request = read_request(event("Update", PhysicalResourceId=held_id, ResourceProperties=new))
    assert (request.is_update, request.is_held) == (True, is_held)


@pytest.mark.parametrize("held_id", ["of another export", None], ids=["of another export", "none"])
def test_old_properties_do_not_say_what_the_resource_holds(held_id: str | None) -> None:
    """Without rollback the old properties are those of the update that failed."""
    members = {"PhysicalResourceId": held_id} if held_id else {}
    sent = event("Update", ResourceProperties=MINE, OldResourceProperties=MINE, **dict[str, Any](members))
    assert not read_request(sent).is_held


OTHER_SCOPES = {
    "account": ("111122223333", "444455556666"),
    "Region": ("us-east-1", "eu-west-1"),
    "partition": ("arn:aws:", "arn:aws-cn:"),
}


@pytest.mark.parametrize(("own", "other"), OTHER_SCOPES.values(), ids=list(OTHER_SCOPES))
def test_a_generation_job_of_another_account_region_or_partition_is_refused(own: str, other: str) -> None:
    with pytest.raises(BrokenRule, match="AudienceGenerationJobArn must be of the stack's own "):
        create(AudienceGenerationJobArn=JOB.replace(own, other))


def test_old_properties_are_never_refused() -> None:
    """An older release may have written them."""
    assert update({"Older": "release", "AudienceSize": "10"}, "mine", MINE_ID).is_held


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("now", [False, True])
def test_events_may_be_wanted_before_an_update_and_after_it(before: bool, now: bool) -> None:
    old, new = (properties(FollowerArn=FOLLOWER if wants else None) for wants in (before, now))
    request = read_request(event("Update", ResourceProperties=new, OldResourceProperties=old))
    assert (request.wanted_events, request.wants_events) == (before, now)


def test_an_update_of_a_nested_stack_s_export_keeps_it() -> None:
    declared = properties(StackPath="Campaigns/Spring")
    held_id = physical_id(event(ResourceProperties=declared))
    sent = event("Update", PhysicalResourceId=held_id, ResourceProperties=declared | {"Description": "new words"})
    request = read_request(sent)
    assert (request.is_held, request.physical_id) == (True, held_id)
    assert request.name != read_request(event()).name


@broken_properties
def test_a_broken_property_is_refused_and_named(changes: Properties, argument: str) -> None:
    with pytest.raises(BrokenRule) as raised:
        read_request(event(ResourceProperties=properties(**changes)))
    assert raised.value.argument == argument


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
