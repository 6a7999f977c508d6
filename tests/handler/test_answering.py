"""One true answer reaches the stack, whatever fails on its way."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from tests.builders.events import properties
from tests.fakes.deployment import Deployment
from tests.fakes.state_machine import TaskError


class TestAnswering:
    def test_a_lost_acknowledgement_sends_the_same_answer_again(self, deployment: Deployment) -> None:
        deployment.endpoint.statuses = [None, 503, 403, 500]
        deployment.deliver(deployment.event())
        deployment.run_executions()
        assert len(deployment.endpoint.raw) == 5
        assert len(set(deployment.endpoint.raw)) == 1
        assert len(deployment.starts()) == 1

    def test_an_answer_that_is_sent_again_later_is_the_same_although_the_export_has_changed(
        self, deployment: Deployment
    ) -> None:
        """Its status and the time of its last change are those of the verdict, which is stored."""
        deployment.endpoint.statuses = [503] * 20
        deployment.deliver(deployment.event(ResourceProperties=properties(WaitForCompletion="false")))
        deployment.run_executions()
        assert len(deployment.endpoint.raw) == 21
        assert len(set(deployment.endpoint.raw)) == 1
        sent = deployment.endpoint.bodies[-1]["Data"]
        [listed] = deployment.emulator.service.call("ListAudienceExportJobs", {})["audienceExportJobs"]
        assert (sent["Status"], listed["status"]) == ("CREATE_IN_PROGRESS", "ACTIVE")
        assert sent["UpdateTime"] < listed["updateTime"].isoformat()

    def test_a_step_that_fails_on_every_retry_is_answered_for(self, deployment: Deployment) -> None:
        def invoke(message: dict[str, Any]) -> object:
            if message["Phase"] == "Step":
                raise KeyError("a bug")
            return deployment.invoke(message)

        deployment.machine.invoke = invoke
        answer = deployment.request()
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith("KeyError: the handler of the audience export failed on every try")
        assert answer["PhysicalResourceId"].startswith("SpringCampaign399F6554-")

    @pytest.mark.parametrize("name", ["Lambda.TooManyRequestsException", "Sandbox.Timedout", "States.Timeout"])
    def test_an_outage_of_lambda_is_waited_out(self, name: str, deployment: Deployment) -> None:
        """Ten minutes of it, in a request of an hour."""
        ends_at = deployment.clock() + timedelta(minutes=10)

        def invoke(message: dict[str, Any]) -> object:
            if message.get("Phase") and deployment.clock() < ends_at:
                raise TaskError(name)
            return deployment.invoke(message)

        deployment.machine.invoke = invoke
        assert deployment.request()["Status"] == "SUCCESS"
        assert deployment.clock() - ends_at < timedelta(minutes=3)

    def test_a_call_of_the_handler_that_stays_forbidden_is_reported_within_minutes(
        self, deployment: Deployment
    ) -> None:
        began = deployment.clock()

        def invoke(message: dict[str, Any]) -> object:
            if message.get("Phase") == "Step":
                raise TaskError("Lambda.AWSLambdaException", "not authorized to perform: lambda:InvokeFunction")
            return deployment.invoke(message)

        deployment.machine.invoke = invoke
        answer = deployment.request()
        assert answer["Reason"].startswith("Lambda.AWSLambdaException: ")
        assert "not authorized" in answer["Reason"]
        assert deployment.clock() - began < timedelta(minutes=5)

    def test_an_answer_that_nobody_accepts_is_sent_again_for_an_hour(self, deployment: Deployment) -> None:
        began = deployment.clock()

        def invoke(message: dict[str, Any]) -> object:
            if message.get("Phase") == "Answer" and deployment.clock() - began < timedelta(minutes=55):
                raise TaskError("AnswerNotDelivered")
            return deployment.invoke(message)

        deployment.machine.invoke = invoke
        assert deployment.request()["Status"] == "SUCCESS"
        assert deployment.clock() - began < timedelta(minutes=57)

    def test_a_malformed_event_on_a_warm_container_answers_nobody(self, deployment: Deployment) -> None:
        deployment.request()
        with pytest.raises(KeyError):
            deployment.invoke({"RequestType": "Create"})
        assert len(deployment.endpoint.bodies) == 1

    def test_no_log_line_holds_the_response_url(self, deployment: Deployment, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        deployment.endpoint.statuses = [500, None]
        for name in ("mine", "mine"):  # a success, and a conflict
            deployment.deliver(deployment.event(ResourceProperties=properties(Name=name)))
            deployment.run_executions()
        assert "is accepted" in caplog.text
        assert "Signature" not in caplog.text
