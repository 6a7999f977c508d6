"""What an invocation returns and answers. What plain crhelper does instead is in test_crhelper.py."""

from typing import Any

import pytest

from audience_export_handler.core.attempt import Announced, Attempt
from audience_export_handler.core.failure import AcceptanceUnknown, AnswerNotDelivered, ExportFailure
from audience_export_handler.core.progress import Progress
from audience_export_handler.state_machine_resource import StateMachineResource, Success
from audience_export_handler.step import Pending
from cdk_cleanroomsml_contract.message import Following, FollowMessage, StepMessage
from tests.builders.events import Event, event, properties
from tests.builders.requests import START, export
from tests.builders.resources import CONTEXT, answer_message, lost_event, resource_with_answers, step_message
from tests.fakes.deployment import Deployment

REFUSED = ExportFailure("ConflictException", "the export", "taken", "Choose another name.")
UPDATE = event("Update", PhysicalResourceId="of before", OldResourceProperties=properties())
URL = "https://127.0.0.1:1/"


def refuse(*_: object) -> Any:
    raise REFUSED


def answered(status: str, reason: str, physical_id: str, data: dict[str, str] | None = None) -> dict[str, Any]:
    """The answer to the event of the builders, with the URL that it is sent to."""
    return {
        "url": URL,
        "Status": status,
        "PhysicalResourceId": physical_id,
        "StackId": event()["StackId"],
        "RequestId": "request-1",
        "LogicalResourceId": "SpringCampaign399F6554",
        "Reason": reason,
        "Data": data or {},
        "NoEcho": False,
    }


def accepting(**changes: Any) -> tuple[StateMachineResource, list[dict[str, Any]]]:
    """A resource that accepts every Create, and the list that collects its answers."""
    resource, answers = resource_with_answers(**changes)
    resource.create(lambda event, context: "id")
    resource.step(lambda message: Success("id", {}))
    return resource, answers


class TestEvent:
    def test_that_is_accepted_starts_its_execution_and_is_not_answered_yet(self) -> None:
        started: list[Event] = []
        resource, answers = accepting(start_execution=started.append)
        resource(event(), CONTEXT)
        assert started == [event()]
        assert answers == []

    def test_that_is_refused_is_answered_and_starts_none(self) -> None:
        started: list[Event] = []
        resource, answers = resource_with_answers(start_execution=started.append)
        resource.update(refuse)
        resource.step(lambda message: Success("id", {}))
        resource(UPDATE, CONTEXT)
        assert answers == [answered("FAILED", REFUSED.reason, "of before")]
        assert started == []

    def test_of_a_create_that_is_refused_has_the_derived_id(self) -> None:
        resource, answers = resource_with_answers(physical_id_of=lambda event: f"of {event['RequestId']}")
        resource.create(refuse)
        resource(event(), CONTEXT)
        assert answers == [answered("FAILED", REFUSED.reason, "of request-1")]

    def test_of_a_delete_is_answered(self) -> None:
        started: list[Event] = []
        resource, answers = resource_with_answers(start_execution=started.append)
        resource.delete(lambda event, context: "id")
        resource.step(lambda message: Success("id", {}))
        assert resource(event("Delete", PhysicalResourceId="id"), CONTEXT) is None
        assert answers == [answered("SUCCESS", "", "id")]
        assert started == []


class TestStep:
    def test_that_ends_returns_the_verdict_and_answers_nothing(self) -> None:
        resource, answers = resource_with_answers()
        resource.step(lambda message: Success("id", {"Name": "mine"}))
        assert resource(step_message(), CONTEXT) == {
            "Settled": True,
            "Verdict": {"Status": "SUCCESS", "Reason": "", "Data": {"Name": "mine"}, "PhysicalResourceId": "id"},
        }
        assert answers == []

    def test_that_has_not_ended_returns_its_progress(self) -> None:
        resource, answers = resource_with_answers()
        resource.step(lambda message: Pending(Progress(), 7))
        expected = {"Settled": False, "Progress": Progress().to_json(), "WaitSeconds": 7}
        assert resource(step_message(), CONTEXT) == expected
        assert answers == []

    def test_gets_the_message_of_the_state_machine(self) -> None:
        received: list[StepMessage] = []
        resource, _ = resource_with_answers()

        def take(message: StepMessage) -> Pending:
            received.append(message)
            return Pending(Progress(), 7)

        resource.step(take)
        resource(step_message(Progress={"any": "progress"}, RetryCount=1), CONTEXT)
        assert received == [StepMessage(event(), {"any": "progress"}, START, is_repeated=True)]

    @pytest.mark.parametrize(
        ("sent", "physical_id"), [(event(), "derived"), (UPDATE, "of before")], ids=["create", "update"]
    )
    def test_that_fails_leaves_the_id_to_the_answer_and_has_no_attributes(self, sent: Event, physical_id: str) -> None:
        followed: list[Any] = []

        def follow(message: StepMessage, left: object, answered_id: str) -> None:
            followed.append((message.event, left, answered_id))

        resource, _ = resource_with_answers(follow=follow)

        def fail(message: StepMessage) -> Success:
            resource.Data["Name"] = "of an export that is not its own"
            raise ExportFailure("Code", "the export", "said", "Do.").leaving(attempt)

        attempt = Attempt("mine", Announced(), START)
        resource.step(fail)
        assert resource(step_message(Request=sent), CONTEXT) == {
            "Settled": True,
            "Verdict": {
                "Status": "FAILED",
                "Reason": "Code: the export: said. Do.",
                "Data": {},
                "PhysicalResourceId": "",
            },
        }
        assert followed == [(sent, attempt, physical_id)]

    def test_that_ends_says_what_is_followed_after_the_answer(self) -> None:
        received: list[Any] = []

        def follow(message: StepMessage, left: object, answered_id: str) -> Following:
            received.append((left, answered_id))
            return Following("name", {"any": "export"}, {"WaitSeconds": 60})

        resource, _ = resource_with_answers(follow=follow)
        resource.step(lambda message: Success("id", {}, export("mine")))
        result = resource(step_message(Request=UPDATE), CONTEXT)
        assert result is not None
        assert result["Follow"] == {
            "Name": "name",
            "Input": {"Follow": {"any": "export"}, "Look": {"WaitSeconds": 60}},
        }
        assert received == [(export("mine"), "id")]

    def test_that_breaks_is_left_to_a_retry(self) -> None:
        resource, answers = resource_with_answers()

        def fail(message: StepMessage) -> Success:
            raise ConnectionError("the network is down")

        resource.step(fail)
        with pytest.raises(ConnectionError):
            resource(step_message(), CONTEXT)
        assert answers == []

    def test_knows_nothing_of_the_one_before_on_the_same_container(self) -> None:
        received: list[Any] = []

        def follow(message: StepMessage, left: object, answered_id: str) -> None:
            received.append(left)

        results: list[Any] = [Pending(Progress(), 7), Success("id", {"Name": "mine"}, export("mine")), REFUSED]
        resource, _ = resource_with_answers(follow=follow)

        def take(message: StepMessage) -> Any:
            result = results.pop(0)
            if isinstance(result, Exception):
                raise result
            return result

        resource.step(take)
        verdicts = [resource(step_message(), CONTEXT) for _ in range(3)]
        assert [verdict and verdict["Settled"] for verdict in verdicts] == [False, True, True]
        assert verdicts[2] is not None
        assert verdicts[2]["Verdict"] == {
            "Status": "FAILED",
            "Reason": REFUSED.reason,
            "Data": {},
            "PhysicalResourceId": "",
        }
        assert received == [export("mine"), None]

    def test_of_another_version_is_left_to_a_retry(self) -> None:
        resource, _ = resource_with_answers()
        with pytest.raises(ValueError, match="message of version 3; this handler reads 1 and 2"):
            resource(step_message(Version=3), CONTEXT)


class TestAnswer:
    def test_is_the_verdict(self) -> None:
        resource, answers = resource_with_answers()
        verdict = {"Status": "SUCCESS", "Reason": "", "PhysicalResourceId": "id", "Data": {"Name": "mine"}}
        assert resource(answer_message({"Verdict": verdict}), CONTEXT) is None
        assert answers == [answered("SUCCESS", "", "id", {"Name": "mine"})]

    @pytest.mark.parametrize(
        ("sent", "physical_id"), [(event(), "derived"), (UPDATE, "of before")], ids=["create", "update"]
    )
    def test_of_a_failure_has_the_derived_id_or_keeps_the_one_that_the_resource_has(
        self, sent: Event, physical_id: str
    ) -> None:
        resource, answers = resource_with_answers()
        verdict = {"Status": "FAILED", "Reason": "Code: it failed.", "PhysicalResourceId": "", "Data": {}}
        resource({**answer_message({"Verdict": verdict}), "Request": sent}, CONTEXT)
        assert answers == [answered("FAILED", "Code: it failed.", physical_id)]

    @pytest.mark.parametrize(
        ("cause", "reported"),
        [
            (
                '{"errorMessage": "it broke", "errorType": "KeyError", "stackTrace": ["line 1"]}',
                "every try: it broke.",
            ),
            ("the task timed out", "every try: the task timed out."),
            ("", "every try: no cause was given."),
            ("[]", "every try: []."),
        ],
        ids=["an error of Lambda", "a text", "nothing", "some other JSON"],
    )
    def test_to_a_step_that_failed_on_every_retry(self, cause: str, reported: str) -> None:
        resource, answers = resource_with_answers()
        caught = {"Error": "KeyError", "Cause": cause}
        resource(answer_message(caught), CONTEXT)
        [answer] = answers
        assert answer == answered("FAILED", answer["Reason"], "derived")
        assert answer["Reason"].startswith("KeyError: ")
        assert reported in answer["Reason"]

    def test_has_attributes_only_if_the_request_succeeded(self, deployment: Deployment) -> None:
        answer = deployment.request(ResourceProperties=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "7"}))
        assert (answer["Status"], answer["Data"]) == ("FAILED", {})


def test_a_look_of_the_follower_returns_what_was_seen() -> None:
    looked: list[FollowMessage] = []

    def look(message: FollowMessage) -> Event:
        looked.append(message)
        return {"Deleted": True}

    resource, answers = resource_with_answers(look=look)
    message = {"Version": 2, "Phase": "Follow", "Follow": {"any": "export"}, "StartedAt": "2026-03-01T12:00:00Z"}
    assert resource(message, CONTEXT) == {"Deleted": True}
    assert looked == [FollowMessage({"any": "export"}, START)]
    assert answers == []


class TestLostEvent:
    """No other delivery follows, so what is sure is answered, and what is not is left to a retry."""

    def test_is_accepted_if_that_is_possible_now(self) -> None:
        started: list[Event] = []
        resource, answers = accepting(start_execution=started.append)
        assert resource(lost_event(event()), CONTEXT) is None
        assert started == [event()]
        assert answers == []

    @pytest.mark.parametrize(
        ("sent", "physical_id"), [(event(), "derived"), (UPDATE, "of before")], ids=["create", "update"]
    )
    def test_that_cannot_be_accepted_fails_with_the_error(
        self, sent: Event, physical_id: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(event: Event) -> None:
            raise ConnectionError("the network is down")

        resource, answers = resource_with_answers(start_execution=fail)
        resource.create(lambda event, context: "the id of an export that never started")
        resource.update(lambda event, context: "the id of an export that never started")
        resource.step(lambda message: Success("id", {}))
        resource(lost_event(sent), CONTEXT)
        [answer] = answers
        assert answer == answered("FAILED", answer["Reason"], physical_id)
        assert answer["Reason"].startswith("ConnectionError: the state machine that follows the export: ")
        assert "the network is down" in caplog.text

    def test_that_an_earlier_delivery_has_accepted_is_answered_by_its_execution(self) -> None:
        """That delivery may have been throttled after a start which took effect; two verdicts would be one too many."""
        asked: list[Event] = []

        def fail(event: Event) -> None:
            raise ConnectionError("the network is down")

        def was_started(event: Event) -> bool:
            asked.append(event)
            return True

        resource, answers = accepting(start_execution=fail, was_started=was_started)
        assert resource(lost_event(event()), CONTEXT) is None
        assert (asked, answers) == ([event()], [])

    @pytest.mark.parametrize("changes", [{"PhysicalResourceId": "id"}, {}], ids=["with an id", "without one"])
    def test_of_a_delete_succeeds_with_its_own_id(self, changes: dict[str, str]) -> None:
        def fail(*_: object) -> str:
            raise KeyError("a bug")

        resource, answers = resource_with_answers(was_started=lambda event: True)
        resource.delete(fail)
        resource(lost_event(event("Delete", **changes)), CONTEXT)
        [answer] = answers
        assert answer == answered("SUCCESS", answer["Reason"], changes.get("PhysicalResourceId", "derived"))

    def test_whose_execution_may_have_begun_is_left_to_a_retry(self) -> None:
        def fail(event: Event) -> None:
            raise AcceptanceUnknown("not answered")

        resource, answers = accepting(start_execution=fail)
        with pytest.raises(AcceptanceUnknown):
            resource(lost_event(event()), CONTEXT)
        assert answers == []

    def test_whose_refusal_is_not_confirmed_is_left_to_a_retry(self) -> None:
        """Its verdict is the same at the next try, so sending it again is right."""

        def deliver(url: str, body: Event) -> None:
            raise AnswerNotDelivered("no confirmation", may_have_arrived=True)

        resource, _ = resource_with_answers(deliver=deliver)
        resource.create(refuse)
        with pytest.raises(AnswerNotDelivered):
            resource(lost_event(event()), CONTEXT)

    @pytest.mark.parametrize("may_have_arrived", [True, False])
    def test_that_could_not_be_accepted_has_one_verdict(self, may_have_arrived: bool) -> None:
        """If the failure may have arrived, another try must not accept the event after all."""
        sent: list[Event] = []

        def deliver(url: str, body: Event) -> None:
            sent.append(body)
            raise AnswerNotDelivered("no confirmation", may_have_arrived=may_have_arrived)

        def fail(event: Event) -> None:
            raise ConnectionError("the network is down")

        resource, _ = accepting(deliver=deliver, start_execution=fail)
        if may_have_arrived:
            resource(lost_event(event()), CONTEXT)
        else:
            with pytest.raises(AnswerNotDelivered):
                resource(lost_event(event()), CONTEXT)
        assert [body["Status"] for body in sent] == ["FAILED"]


def test_a_container_forgets_what_the_call_before_left() -> None:
    resource, answers = resource_with_answers()
    resource.delete(lambda event, context: None)
    resource(event("Delete", PhysicalResourceId="of the first"), CONTEXT)
    resource(event("Delete"), CONTEXT)
    assert [answer["PhysicalResourceId"] for answer in answers] == ["of the first", "derived"]
    with pytest.raises(KeyError):
        resource({"RequestType": "Create"}, CONTEXT)
    for member in ("Reason", "PhysicalResourceId", "StackId", "RequestId", "LogicalResourceId"):
        assert getattr(resource, member) == "", member
    assert (resource.Data, resource._event, resource._response_url) == ({}, {}, "")
