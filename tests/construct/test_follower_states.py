"""The follower waits, looks and publishes; its end says what became of the export."""

from typing import Any

import pytest

from cdk_cleanroomsml.follower_states import definition
from cdk_cleanroomsml_contract import message, timeouts
from tests.builders.arns import EVENT_BUS, HANDLER
from tests.fakes.clock import VirtualClock
from tests.fakes.state_machine import Execution, StateMachine, TaskError, longest, retrier

MACHINE = definition(HANDLER, event_bus_arn=EVENT_BUS, partition="aws-cn")
STATES: dict[str, dict[str, Any]] = MACHINE["States"]


# How tasks are repeated: quickly at first, and then every five minutes.
PACE = {"IntervalSeconds": 5, "BackoffRate": 2, "MaxDelaySeconds": 300}
EVENT = {"Status": "ACTIVE"}
NAMED, UNNAMED = {"Name": "spring"}, {"Arn": "arn"}


class Run:
    """One execution of the follower: what it looked for and published, and how it ended.

    `looks` are the results of the looks to come; `refusals` is how often EventBridge takes no event.
    """

    def __init__(self, follow: dict[str, str], look: dict[str, Any], *looks: dict[str, Any], refusals: int = 0) -> None:
        self.looks, self.refusals = list(looks), refusals
        self.sent: list[dict[str, Any]] = []
        self.published: list[dict[str, Any]] = []
        self.clock = VirtualClock()
        self.began = self.clock()
        services = {"events:putEvents": self.publish}
        self.machine = StateMachine(MACHINE, self.look, self.clock, services)
        self.execution: Execution = self.machine.start("follower", {"Follow": follow, "Look": look})
        self.machine.run()

    def look(self, message: dict[str, Any]) -> dict[str, Any]:
        self.sent.append(message)
        return self.looks.pop(0)

    def publish(self, request: dict[str, Any]) -> dict[str, Any]:
        if self.refusals:
            self.refusals -= 1
            raise TaskError("EventBridge.FailedEntry")
        self.published += request["Entries"]
        return {"FailedEntryCount": 0}

    @property
    def details(self) -> list[Any]:
        """The details of the events, as EventBridge has them."""
        return [entry["Detail"] for entry in self.published]

    @property
    def seconds(self) -> float:
        return (self.clock() - self.began).total_seconds()


@pytest.mark.parametrize("follow", [NAMED, UNNAMED], ids=["followed", "ended before the answer"])
def test_an_end_that_is_known_is_published_without_a_look(follow: dict[str, str]) -> None:
    run = Run(follow, message.look_ended(EVENT))
    assert (run.details, run.sent, run.execution.status, run.seconds) == ([EVENT], [], "SUCCEEDED", 0)


def test_it_waits_and_looks_until_the_end_is_found() -> None:
    run = Run(NAMED, message.look_again(90), message.look_again(120), message.look_ended(EVENT))
    assert (run.machine.waits, run.machine.invocations) == ([90, 120], {"Follow": 2})
    assert (run.details, run.execution.status) == ([EVENT], "SUCCEEDED")
    first = run.sent[0]
    assert (first["Version"], first["Follow"], first["StartedAt"]) == (
        message.VERSION,
        NAMED,
        "2026-03-01T12:00:00.000Z",
    )


def test_the_end_of_a_resource_that_is_gone_is_not_published() -> None:
    run = Run(NAMED, message.look_again(60), message.look_deleted())
    assert (run.published, run.execution.status) == ([], "SUCCEEDED")


def test_without_an_end_it_fails() -> None:
    run = Run(NAMED, message.look_again(60), message.look_given_up("a day has passed"))
    assert (run.published, run.execution.status) == ([], "FAILED")
    cause = "The reason is in the log of the handler."
    assert STATES["GivenUp"] == {"Type": "Fail", "Error": "NotEnded", "Cause": cause}


def test_a_followed_export_is_looked_at_again_if_eventbridge_does_not_take_its_event() -> None:
    """Its resource may be gone by then."""
    run = Run(NAMED, message.look_ended(EVENT), message.look_deleted(), refusals=6)
    assert (len(run.sent), run.published, run.execution.status) == (1, [], "SUCCEEDED")
    assert run.machine.waits == [60]


def test_one_that_ended_before_the_answer_is_published_as_soon_as_eventbridge_takes_it() -> None:
    run = Run(UNNAMED, message.look_ended(EVENT), refusals=200)
    assert (run.sent, run.details, run.execution.status) == ([], [EVENT], "SUCCEEDED")
    assert run.seconds > 12 * 3600


def test_it_goes_on_by_what_the_last_look_found() -> None:
    assert MACHINE.keys() == {"Comment", "StartAt", "TimeoutSeconds", "States"}, "Step Functions refuses any other"
    assert MACHINE["StartAt"] == "Ended?"
    ended, followed = ({"Variable": name, "IsPresent": True} for name in ("$.Look.Event", "$.Follow.Name"))
    assert STATES["Ended?"] == {
        "Type": "Choice",
        "Choices": [
            {"And": [ended, followed], "Next": "PublishFollowed"},
            ended | {"Next": "Publish"},
            {"Variable": "$.Look.WaitSeconds", "IsPresent": True, "Next": "Wait"},
            {"Variable": "$.Look.Deleted", "IsPresent": True, "Next": "ResourceDeleted"},
        ],
        "Default": "GivenUp",
    }
    assert STATES["Wait"] == {"Type": "Wait", "SecondsPath": "$.Look.WaitSeconds", "Next": "Look"}
    assert (STATES["Look"]["Next"], STATES["Publish"]["Next"]) == ("Ended?", "Published")
    assert STATES["Published"] == STATES["ResourceDeleted"] == {"Type": "Succeed"}


def test_looks_send_the_contract_s_message() -> None:
    look = STATES["Look"]
    assert (look["Type"], look["Resource"]) == ("Task", HANDLER)
    assert (look["Parameters"], look["ResultPath"]) == (message.LOOK, "$.Look")
    assert look["TimeoutSeconds"] == timeouts.TASK_TIMEOUT.total_seconds()


def test_every_task_is_repeated_for_a_day() -> None:
    for name in ("Look", "Publish"):
        _, retry = retrier(STATES[name], "States.Timeout")
        assert longest(retry) > timeouts.LONGEST_FOLLOWING.total_seconds()
        assert retry == {"ErrorEquals": ["States.ALL"]} | PACE | {"MaxAttempts": 300}
    assert MACHINE["TimeoutSeconds"] == timeouts.FOLLOWER_TIMEOUT.total_seconds() == 24.5 * 3600


def test_the_event_of_a_followed_export_is_not_sent_again_for_long_without_a_look() -> None:
    """The resource may be deleted meanwhile."""
    publish = STATES["PublishFollowed"]
    _, retry = retrier(publish, "EventBridge.FailedEntry")
    assert retry == {"ErrorEquals": ["States.ALL"]} | PACE | {"MaxAttempts": 5}
    assert 150 <= longest(retry) < 200
    assert publish["Catch"] == [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.Look", "Next": "Pause"}]
    assert STATES["Pause"] == {"Type": "Wait", "Seconds": 60, "Next": "Look"}
    same = ("Type", "Resource", "Parameters", "ResultPath", "Next")
    assert {name: publish[name] for name in same} == {name: STATES["Publish"][name] for name in same}


def test_step_functions_itself_publishes() -> None:
    publish = STATES["Publish"]
    assert (publish["Type"], publish["ResultPath"]) == ("Task", "$.Published"), "the event stays in the data beside it"
    assert publish["Resource"] == "arn:aws-cn:states:::events:putEvents"
    [entry] = publish["Parameters"]["Entries"]
    assert entry == {
        "Source": "cdk-cleanroomsml",
        "DetailType": "Audience Export Status Change",
        "EventBusName": EVENT_BUS,
        "Detail.$": "$.Look.Event",
    }
