"""The follower waits, looks and publishes; its end says what became of the export."""

from typing import Any

from cdk_cleanroomsml import states
from cdk_cleanroomsml.follower_states import definition
from cdk_cleanroomsml_contract import message, timeouts
from tests.builders.arns import EVENT_BUS, FOLLOWER, HANDLER
from tests.fakes.state_machine import longest, retrier

MACHINE = definition(HANDLER, event_bus_arn=EVENT_BUS, partition="aws-cn")
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
STARTER = states.with_follower(HANDLER, follower_arn=FOLLOWER, partition="aws-cn")["States"]


def test_it_goes_on_by_what_the_last_look_found() -> None:
    assert MACHINE["StartAt"] == "Ended?"
    followed, *others = STATES["Ended?"]["Choices"]
    assert [one["Variable"] for one in followed["And"]] == ["$.Look.Event", "$.Follow.Name"]
    assert followed["Next"] == "PublishFollowed"
    choices = {choice["Variable"]: choice["Next"] for choice in others}
    assert choices == {"$.Look.Event": "Publish", "$.Look.WaitSeconds": "Wait", "$.Look.Deleted": "ResourceDeleted"}
    assert (STATES["Ended?"]["Default"], STATES["GivenUp"]["Type"]) == ("GivenUp", "Fail")
    assert (STATES["Wait"]["Next"], STATES["Look"]["Next"], STATES["Publish"]["Next"]) == (
        "Look",
        "Ended?",
        "Published",
    )


def test_looks_send_the_contract_s_message() -> None:
    look = STATES["Look"]
    assert (look["Resource"], look["Parameters"], look["ResultPath"]) == (HANDLER, message.LOOK, "$.Look")
    assert look["TimeoutSeconds"] == timeouts.TASK_TIMEOUT.total_seconds()


def test_every_task_is_repeated_for_a_day() -> None:
    for name in ("Look", "Publish"):
        _, retry = retrier(STATES[name], "States.Timeout")
        assert longest(retry) > timeouts.LONGEST_FOLLOWING.total_seconds()
    assert MACHINE["TimeoutSeconds"] == timeouts.FOLLOWER_TIMEOUT.total_seconds() == 24.5 * 3600


def test_the_event_of_a_followed_export_is_not_sent_again_for_long_without_a_look() -> None:
    """The resource may be deleted meanwhile."""
    publish = STATES["PublishFollowed"]
    _, retry = retrier(publish, "EventBridge.FailedEntry")
    assert longest(retry) < 200
    assert publish["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.Look", "Next": "Pause"}]
    assert STATES["Pause"] == {"Type": "Wait", "Seconds": 60, "Next": "Look"}
    same = ("Resource", "Parameters", "Next")
    assert {name: publish[name] for name in same} == {name: STATES["Publish"][name] for name in same}


def test_step_functions_itself_publishes() -> None:
    publish = STATES["Publish"]
    assert publish["Resource"] == "arn:aws-cn:states:::events:putEvents"
    [entry] = publish["Parameters"]["Entries"]
    assert entry == {
        "Source": "cdk-cleanroomsml",
        "DetailType": "Audience Export Status Change",
        "EventBusName": EVENT_BUS,
        "Detail.$": "$.Look.Event",
    }


def test_it_is_started_after_the_answer_and_changes_no_verdict() -> None:
    assert (STARTER["Answer"]["Next"], STARTER["Follow?"]["Default"]) == ("Follow?", "Succeeded?")
    [choice] = STARTER["Follow?"]["Choices"]
    assert choice == {"Variable": "$.Step.Follow", "IsPresent": True, "Next": "Follow"}
    follow = STARTER["Follow"]
    assert follow["Resource"] == "arn:aws-cn:states:::states:startExecution"
    [caught] = follow["Catch"]
    assert (caught["Next"], follow["Next"]) == ("Succeeded?", "Succeeded?")
    _, again = retrier(follow, "StepFunctions.ExecutionAlreadyExistsException")
    assert again["MaxAttempts"] == 0
    _, retry = retrier(follow, "States.TaskFailed")
    assert 180 < longest(retry) < 300, "longer than a permission takes, and within what is left of an execution"


def test_all_other_states_are_those_of_a_stack_without_events() -> None:
    plain = states.definition(HANDLER)["States"]
    assert {name for name in STARTER if name not in plain} == {"Follow?", "Follow"}
    same = [name for name in plain if name != "Answer"]
    assert {name: STARTER[name] for name in same} == {name: plain[name] for name in same}
    assert STARTER["Answer"] == plain["Answer"] | {"Next": "Follow?"}
