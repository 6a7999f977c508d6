"""A request from its event to its answer, against the emulator: what is accepted, followed and reported."""

from dataclasses import replace
from datetime import timedelta, timezone
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from audience_export_handler import deletion, follower, lifecycle, step
from audience_export_handler.aws import response, step_functions
from audience_export_handler.core.facts import ExportJob
from audience_export_handler.core.failure import AcceptanceUnknown, AnswerNotDelivered
from audience_export_handler.core.progress import Progress
from audience_export_handler.core.request import physical_id, read_request
from audience_export_handler.step import Pending, StepInput
from cdk_cleanroomsml_contract.message import FollowMessage
from cdk_cleanroomsml_local.emulator import Fault, FaultKind
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import FAILING_JOB, JOB
from tests.builders.cases import broken_properties
from tests.builders.events import Event, event, properties
from tests.builders.requests import START, export
from tests.builders.resources import CONTEXT, lost_event, step_message
from tests.fakes.clock import VirtualClock
from tests.fakes.deployment import Deployment


def operations(deployment: Deployment) -> list[str]:
    """What was called of Clean Rooms ML, in order."""
    return [call.operation for call in deployment.emulator.calls]


class Partners:
    """In the place of what the handler calls; `given` is what each of them got."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, ends_with: object) -> None:
        self.given: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {}
        results = {"take": ends_with, "look": {"Deleted": True}, "was_started": True}
        for module, name in [
            (step_functions, "start"),
            (step_functions, "was_started"),
            (response, "deliver"),
            (follower, "follow"),
            (follower, "look"),
            (deletion, "end_executions"),
            (step, "take"),
        ]:
            monkeypatch.setattr(module, name, partial(self._call, name, results.get(name)))
        self.clock, self.draw = VirtualClock(), float
        self.sleep = self.clock.sleep
        self.handler = lifecycle.make_handler(clock=self.clock, sleep=self.sleep, draw=self.draw)

    def _call(self, name: str, result: object, *positional: Any, **named: Any) -> object:
        self.given[name] = (positional, named)
        return result


class TestHandler:
    """Which event and message goes where, with the time and the chance that were injected."""

    def test_gives_an_event_to_the_start_of_its_execution(self, monkeypatch: pytest.MonkeyPatch) -> None:
        partners = Partners(monkeypatch, ends_with=export("mine"))
        assert partners.handler(event(), CONTEXT) is None
        injected = {"clock": partners.clock, "sleep": partners.sleep, "draw": partners.draw}
        assert partners.given == {"start": ((event(),), injected)}

    def test_asks_of_a_lost_event_whether_it_was_accepted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(event: Event, **injected: object) -> None:
            raise ConnectionError("the network is down")

        partners = Partners(monkeypatch, ends_with=export("mine"))
        monkeypatch.setattr(step_functions, "start", fail)
        handler = lifecycle.make_handler(clock=partners.clock)
        sent = event()
        assert handler(lost_event(sent), CONTEXT) is None
        assert partners.given == {"was_started": ((sent,), {"oldest": partners.clock() - timedelta(minutes=64)})}

    def test_gives_a_step_what_is_known_of_its_request(self, monkeypatch: pytest.MonkeyPatch) -> None:
        partners = Partners(monkeypatch, ends_with=Pending(Progress(neighbours=3), 7))
        sent = event(url="https://answer?X-Amz-Date=20260301T115900Z")
        progress = Progress(neighbours=2)
        result = partners.handler(step_message(Request=sent, Progress=progress.to_json(), RetryCount=1), CONTEXT)
        assert result == {"Settled": False, "Progress": Progress(neighbours=3).to_json(), "WaitSeconds": 7}
        taken = StepInput(
            sent,
            read_request(sent),
            progress,
            requested_at=START - timedelta(minutes=1),
            started_at=START,
            is_repeated=True,
            clock=partners.clock,
            draw=partners.draw,
        )
        assert partners.given == {"take": ((taken,), {})}

    def test_gives_the_end_of_a_step_to_the_follower(self, monkeypatch: pytest.MonkeyPatch) -> None:
        partners = Partners(monkeypatch, ends_with=export("mine"))
        result = partners.handler(step_message(), CONTEXT)
        assert result is not None
        assert result["Verdict"]["PhysicalResourceId"] == physical_id(event())
        positional, named = partners.given["follow"]
        assert positional[1:] == (export("mine"), physical_id(event()))
        assert named == {"clock": partners.clock}

    def test_gives_a_look_to_the_follower(self, monkeypatch: pytest.MonkeyPatch) -> None:
        partners = Partners(monkeypatch, ends_with=export("mine"))
        message = {"Version": 2, "Phase": "Follow", "Follow": {}, "StartedAt": "2026-03-01T12:00:00Z"}
        assert partners.handler(message, CONTEXT) == {"Deleted": True}
        assert partners.given == {"look": ((FollowMessage({}, START),), {"clock": partners.clock})}

    def test_answers_a_delete_after_its_executions_are_ended(self, monkeypatch: pytest.MonkeyPatch) -> None:
        partners = Partners(monkeypatch, ends_with=export("mine"))
        sent = event("Delete", PhysicalResourceId="any")
        assert partners.handler(sent, CONTEXT) is None
        assert list(partners.given) == ["end_executions", "deliver"]
        assert partners.given["end_executions"] == ((sent, partners.clock), {})
        (url, body), injected = partners.given["deliver"]
        assert (url, body["Status"], body["PhysicalResourceId"]) == ("https://127.0.0.1:1/", "SUCCESS", "any")
        assert injected == {"sleep": partners.sleep, "draw": partners.draw}

    def test_reads_the_time_as_utc(self) -> None:
        assert lifecycle._utc_now().tzinfo is timezone.utc


class TestAttributes:
    """All as text. Those of the generation job are there if the request reads them, if only as an empty text."""

    def answered(self, monkeypatch: pytest.MonkeyPatch, ends_with: ExportJob, **changes: Any) -> Any:
        partners = Partners(monkeypatch, ends_with=ends_with)
        result = partners.handler(step_message(Request=event(ResourceProperties=properties(**changes))), CONTEXT)
        assert result is not None
        return result["Verdict"]["Data"]

    def test_of_the_job_are_left_out_if_nobody_reads_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = self.answered(monkeypatch, replace(export("mine"), relevance_score=0.7, recall=0.3))
        assert sorted(data) == [
            "AudienceGenerationJobArn",
            "AudienceSizeType",
            "AudienceSizeValue",
            "CreateTime",
            "Name",
            "OutputLocation",
            "Status",
            "UpdateTime",
        ]

    def test_of_the_job_are_its_metrics(self, monkeypatch: pytest.MonkeyPatch) -> None:
        scored = replace(export("mine"), relevance_score=0.0, recall=0.3)
        data = self.answered(monkeypatch, scored, ReadMetrics="true")
        assert (data["RelevanceScore"], data["Recall"], data["Name"]) == ("0.0", "0.3", "mine")

    def test_of_the_job_are_empty_if_they_are_not_shared(self, monkeypatch: pytest.MonkeyPatch) -> None:
        data = self.answered(monkeypatch, export("mine"), ReadMetrics="true")
        assert (data["RelevanceScore"], data["Recall"]) == ("", "")


class TestCreate:
    def test_waits_until_the_export_is_active_and_answers_with_its_attributes(self, deployment: Deployment) -> None:
        answer = deployment.request()

        [export] = deployment.emulator.service.exports
        assert answer["Status"] == "SUCCESS"
        assert answer["Data"] == {
            "Name": export.name,
            "Status": "ACTIVE",
            "OutputLocation": "s3://lookalike-audiences/exports/export-0001/",
            "CreateTime": "2026-03-01T12:00:00+00:00",
            "UpdateTime": "2026-03-01T12:00:08+00:00",
            "AudienceGenerationJobArn": JOB,
            "AudienceSizeType": "PERCENTAGE",
            "AudienceSizeValue": "10",
        }
        assert deployment.clock() - export.created >= timedelta(seconds=8)

    def test_answers_the_request_that_it_received(self, deployment: Deployment) -> None:
        answer = deployment.request()

        assert {key: answer[key] for key in ("StackId", "RequestId", "LogicalResourceId")} == {
            "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/Campaigns/0c4d7c40",
            "RequestId": "request-1",
            "LogicalResourceId": "SpringCampaign399F6554",
        }
        assert deployment.endpoint.headers[-1]["content-type"] == ""

    def test_sends_what_was_requested_once(self, deployment: Deployment) -> None:
        deployment.request(ResourceProperties=properties(Name="Spring é", Description="for the\nspring"))

        [call] = deployment.emulator.started()
        assert call.request == {
            "name": "Spring é",
            "audienceGenerationJobArn": JOB,
            "audienceSize": {"type": "PERCENTAGE", "value": 10},
            "description": "for the\nspring",
        }

    def test_a_generated_name_is_readable_and_allowed(self, deployment: Deployment) -> None:
        deployment.request()
        [name] = deployment.starts()
        assert name.startswith("SpringCampaign399F6554-")
        assert len(name) <= 63

    def test_lists_less_often_the_older_the_export_is(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(minutes=20))
        assert deployment.request()["Status"] == "SUCCESS"
        assert deployment.machine.waits[0] == 2
        assert max(deployment.machine.waits) == 30
        assert len(deployment.machine.waits) < 90

    def test_an_export_that_fails_fails_the_request_with_its_status_details(self, deployment: Deployment) -> None:
        answer = deployment.request(ResourceProperties=properties(AudienceGenerationJobArn=FAILING_JOB))
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith('CREATE_FAILED: export "SpringCampaign399F6554-')
        assert "OUTPUT_BUCKET_ACCESS_DENIED: The export could not write to its destination" in answer["Reason"]

    def test_an_export_without_end_is_reported_before_cloudformation_gives_up(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(hours=9))
        began = deployment.clock()
        answer = deployment.request()
        assert answer["Reason"].startswith("DeadlineExceeded: export ")
        assert "Deploy again to pick it up" in answer["Reason"]
        assert timedelta(minutes=55) < deployment.clock() - began < timedelta(minutes=58)

    def test_a_custom_time_out_is_kept(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(hours=9))
        began = deployment.clock()
        answer = deployment.request(ResourceProperties=properties(TimeoutSeconds="60", ServiceTimeout="60"))
        assert answer["Reason"].startswith("DeadlineExceeded: export ")
        assert "shortly before the time-out of 60 s" in answer["Reason"]
        assert timedelta(seconds=30) < deployment.clock() - began <= timedelta(seconds=40)

    def test_an_export_that_is_not_waited_for_succeeds_when_it_is_listed(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(
            listing_lag=timedelta(seconds=10), pending_for=timedelta(hours=9)
        )
        answer = deployment.request(ResourceProperties=properties(WaitForCompletion="false"))
        assert answer["Status"] == "SUCCESS"
        assert answer["Data"]["Status"] == "CREATE_PENDING"
        assert answer["Data"]["UpdateTime"] == answer["Data"]["CreateTime"], "nothing has changed it yet"

    def test_waits_for_an_output_location_that_comes_late(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(output_location_lag=timedelta(seconds=20))
        assert deployment.request()["Data"]["OutputLocation"].startswith("s3://")

    def test_does_not_wait_for_an_output_location_of_another_account_s_model(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(output_locations_are_visible=False, models_are_readable=False)
        began = deployment.clock()
        answer = deployment.request()
        assert (answer["Status"], answer["Data"]["OutputLocation"]) == ("SUCCESS", "")
        assert deployment.clock() - began < timedelta(seconds=20)
        assert operations(deployment).count("GetAudienceGenerationJob") == 1

    @pytest.mark.parametrize("kind", [FaultKind.REFUSE, FaultKind.SERVER_ERROR], ids=["denied", "an outage"])
    def test_waits_for_an_output_location_as_long_as_the_model_is_not_known(
        self, deployment: Deployment, kind: FaultKind
    ) -> None:
        deployment.emulator.service.readings = Readings(output_location_lag=timedelta(seconds=20))
        fault = Fault("GetAudienceGenerationJob", kind, times=99, code="AccessDeniedException")
        deployment.emulator.faults.append(fault)
        assert deployment.request()["Data"]["OutputLocation"].startswith("s3://")
        made = operations(deployment)
        assert 0 < made.count("GetAudienceGenerationJob") < made.count("ListAudienceExportJobs")

    def test_a_job_that_cannot_be_read_once_is_read_again(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(output_locations_are_visible=False, models_are_readable=False)
        deployment.emulator.faults.append(Fault("GetAudienceGenerationJob", FaultKind.THROTTLE))
        assert deployment.request()["Status"] == "SUCCESS"
        assert operations(deployment).count("GetAudienceGenerationJob") == 2

    def test_reads_no_model_if_the_location_is_listed(self, deployment: Deployment) -> None:
        assert deployment.request()["Status"] == "SUCCESS"
        assert "GetAudienceGenerationJob" not in operations(deployment)

    def test_succeeds_without_an_output_location_that_never_comes(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(output_location_lag=timedelta(days=1))
        answer = deployment.request()
        assert (answer["Status"], answer["Data"]["OutputLocation"]) == ("SUCCESS", "")


class TestBadProperties:
    @broken_properties
    def test_are_reported_before_anything_starts(
        self, deployment: Deployment, changes: dict[str, Any], argument: str
    ) -> None:
        answer = deployment.request(ResourceProperties=properties(**changes))
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith(f"ValidationException: property {argument}: ")
        assert "Nothing was started" in answer["Reason"]
        assert deployment.control.calls == []
        assert deployment.emulator.calls == []

    def test_a_refused_create_has_the_derived_physical_id(self, deployment: Deployment) -> None:
        bad = deployment.request(ResourceProperties=properties(Name="mine", Description="x" * 256))
        good = deployment.request(ResourceProperties=properties(Name="mine"))
        assert bad["PhysicalResourceId"] == good["PhysicalResourceId"]


class TestAccept:
    def test_an_execution_that_cannot_be_started_yet_is_tried_again(self, deployment: Deployment) -> None:
        deployment.control.errors["StartExecution"] = [
            (400, "AccessDeniedException"),
            (400, "ThrottlingException"),
            (500, "Internal"),
        ]
        assert deployment.request()["Status"] == "SUCCESS"

    @pytest.mark.parametrize("code", ["AccessDeniedException", "StateMachineDoesNotExist", "InvalidArn", "Internal"])
    def test_an_execution_that_cannot_be_started_is_left_to_the_next_delivery(
        self, deployment: Deployment, code: str
    ) -> None:
        """Two verdicts would be possible if a refusal was answered, and another delivery then accepted."""
        deployment.control.errors["StartExecution"] = [(400, code)] * 99
        with pytest.raises(Exception, match=code):
            deployment.deliver(deployment.event())
        assert deployment.endpoint.bodies == []
        assert sum(deployment.clock.slept) <= 45


class TestLastResort:
    """An event whose deliveries have all failed is not lost."""

    def test_accepts_the_event_if_that_is_possible_now(self, deployment: Deployment) -> None:
        deployment.deliver(lost_event(deployment.event()))
        deployment.run_executions()
        assert [body["Status"] for body in deployment.endpoint.bodies] == ["SUCCESS"]

    def test_does_nothing_if_the_event_was_accepted_after_all(self, deployment: Deployment) -> None:
        sent = deployment.event()
        deployment.deliver(sent)
        deployment.deliver(lost_event(sent))
        deployment.run_executions()
        deployment.deliver(lost_event(sent, "EventAgeExceeded"))
        assert [body["Status"] for body in deployment.endpoint.bodies] == ["SUCCESS"]

    @pytest.mark.parametrize("code", ["AccessDeniedException", "StateMachineDoesNotExist"])
    def test_answers_if_the_execution_still_cannot_be_started(self, deployment: Deployment, code: str) -> None:
        deployment.control.errors["StartExecution"] = [(400, code)] * 99
        deployment.deliver(lost_event(deployment.event()))
        [answer] = deployment.endpoint.bodies
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith(f"{code}: the state machine that follows the export: ")
        assert "states:StartExecution" in answer["Reason"]
        assert answer["PhysicalResourceId"] == physical_id(deployment.event())

    def test_answers_if_step_functions_cannot_be_reached(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The simulation found it: such an error has no response to read a code from."""

        def time_out(event: object) -> None:
            raise ConnectTimeoutError(endpoint_url="https://states")

        monkeypatch.setattr(step_functions, "_start_once", time_out)
        deployment.deliver(lost_event(deployment.event()))
        [answer] = deployment.endpoint.bodies
        assert answer["Reason"].startswith("ConnectTimeoutError: ")

    @pytest.mark.parametrize("first", [(500, "InternalServerError"), None], ids=["a server error", "no response"])
    def test_does_not_answer_if_the_execution_may_have_begun(
        self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch, first: tuple[int, str] | None
    ) -> None:
        """The simulation found it: the event had been accepted and answered, and got a second answer."""
        start_once = step_functions._start_once
        deployment.control.errors["StartExecution"] = [first] if first else []
        deployment.control.errors["StartExecution"] += [(400, "AccessDeniedException")] * 98
        results = iter([] if first else [ReadTimeoutError(endpoint_url="https://states")])

        def start(event: dict[str, Any]) -> None:
            if error := next(results, None):
                raise error
            start_once(event)

        monkeypatch.setattr(step_functions, "_start_once", start)
        with pytest.raises(AcceptanceUnknown, match="last: AccessDeniedException"):
            deployment.deliver(lost_event(deployment.event()))
        assert deployment.endpoint.bodies == []

    def test_an_empty_arn_of_the_state_machine_is_answered(self, deployment: Deployment) -> None:
        sent = deployment.event(ResourceProperties=properties(StateMachineArn=""))
        deployment.deliver(sent)
        deployment.deliver(lost_event(sent))
        for answer in deployment.endpoint.bodies:
            assert answer["Status"] == "FAILED"
            assert answer["Reason"].startswith(
                "ValidationException: property StateMachineArn: must be the ARN of a state machine; got ''"
            )

    def test_a_delete_succeeds_whatever_breaks(self, deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
        def break_down(*_: object) -> None:
            raise KeyError("a bug")

        monkeypatch.setattr(deletion, "end_executions", break_down)
        deployment.deliver(lost_event(deployment.event("Delete", PhysicalResourceId="any")))
        [answer] = deployment.endpoint.bodies
        assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", "any")

    def test_an_answer_that_is_not_confirmed_is_sent_again_unchanged(self, deployment: Deployment) -> None:
        deployment.endpoint.statuses = [503] * 3
        refused = lost_event(deployment.event(ResourceProperties=properties(Name=" ")))
        with pytest.raises(AnswerNotDelivered):
            deployment.deliver(refused)
        deployment.deliver(refused)
        assert len(set(deployment.endpoint.raw)) == 1

    @pytest.mark.parametrize("code", ["AccessDeniedException", "StateMachineDoesNotExist"])
    def test_an_answer_that_may_have_arrived_is_the_only_verdict(self, deployment: Deployment, code: str) -> None:
        """If Lambda tried again, the event could be accepted, and the export would start after the failure."""
        deployment.control.errors["StartExecution"] = [(400, code)] * 99
        deployment.endpoint.statuses = [None] * 3
        deployment.deliver(lost_event(deployment.event()))
        assert {body["Status"] for body in deployment.endpoint.bodies} == {"FAILED"}

    def test_an_answer_that_was_refused_is_tried_again(self, deployment: Deployment) -> None:
        lost = lost_event(deployment.event())
        deployment.control.errors["StartExecution"] = [(400, "AccessDeniedException")] * 99
        deployment.endpoint.statuses = [403] * 3
        with pytest.raises(AnswerNotDelivered):
            deployment.deliver(lost)
        deployment.deliver(lost)
        assert deployment.endpoint.bodies[-1]["Status"] == "FAILED"
