"""The handler from the event to the answer, against the emulator."""

import logging
from datetime import timedelta

import pytest

from audience_export_handler.aws import clean_rooms_ml
from audience_export_handler.core.facts import ServiceError
from audience_export_handler.core.request import physical_id
from local_cloud.emulator import Fault, FaultKind
from local_cloud.readings import Readings, Repeat
from tests.builders.arns import FAILING_JOB, JOB, UNFINISHED_JOB, UNKNOWN_JOB
from tests.builders.events import properties
from tests.fakes.deployment import Deployment
from tests.fakes.state_machine import TaskError


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
            "AudienceGenerationJobArn": JOB,
        }
        assert deployment.clock() - export.created >= timedelta(seconds=8)

    def test_answers_the_request_that_it_got(self, deployment: Deployment) -> None:
        answer = deployment.request()

        assert {key: answer[key] for key in ("StackId", "RequestId", "LogicalResourceId")} == {
            "StackId": "arn:aws:cloudformation:us-east-1:111122223333:stack/Campaigns/0c4d7c40",
            "RequestId": "request-1",
            "LogicalResourceId": "SpringCampaign399F6554",
        }
        assert deployment.endpoint.headers[-1]["content-type"] == ""

    def test_sends_what_was_asked_for_once(self, deployment: Deployment) -> None:
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

    def test_looks_less_often_the_older_the_export_is(self, deployment: Deployment) -> None:
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

    def test_a_time_out_of_one_s_own_is_kept(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(in_progress_for=timedelta(hours=9))
        began = deployment.clock()
        answer = deployment.request(ResourceProperties=properties(TimeoutSeconds="60", ServiceTimeout="60"))
        assert answer["Reason"].startswith("DeadlineExceeded: export ")
        assert "shortly before the time-out of 60 s" in answer["Reason"]
        assert timedelta(seconds=30) < deployment.clock() - began <= timedelta(seconds=40)

    def test_a_step_that_comes_late_still_looks_in_a_rollback(self, deployment: Deployment) -> None:
        """The simulation found it: Lambda fails across the deadline, and the stack must not get stuck for that."""
        deployment.request(ResourceProperties=properties(Name="mine"))
        deployment.control.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
        back = {"ResourceProperties": properties(Name="mine"), "OldResourceProperties": properties(Name="next")}
        deployment.deliver(deployment.event("Update", PhysicalResourceId="another", **back))
        deployment.clock.sleep(3600 - 19)
        deployment.run_executions()
        assert deployment.endpoint.bodies[-1]["Status"] == "SUCCESS"

    def test_a_step_that_comes_too_late_calls_nothing_more(self, deployment: Deployment) -> None:
        deployment.deliver(deployment.event())
        deployment.clock.sleep(3600 - 17)
        deployment.run_executions()
        assert deployment.endpoint.bodies[-1]["Reason"].startswith("DeadlineExceeded: ")
        assert deployment.emulator.calls == []

    def test_a_listing_goes_on_to_its_next_page_only_in_time(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(page_size=1)
        for name in ("a", "b"):
            deployment.start_elsewhere(name)
        assert len(clean_rooms_ml.list_exports(JOB, lambda: True)) == 2
        with pytest.raises(ServiceError, match="ListingTooSlow"):
            clean_rooms_ml.list_exports(JOB, lambda: False)
        assert clean_rooms_ml.list_account(lambda: False) is None

    def test_an_export_that_is_not_waited_for_succeeds_when_it_is_listed(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(
            listing_lag=timedelta(seconds=10), pending_for=timedelta(hours=9)
        )
        answer = deployment.request(ResourceProperties=properties(WaitForCompletion="false"))
        assert answer["Status"] == "SUCCESS"
        assert answer["Data"]["Status"] == "CREATE_PENDING"
        assert set(answer["Data"]) == {"Name", "Status", "OutputLocation", "CreateTime", "AudienceGenerationJobArn"}

    def test_waits_for_an_output_location_that_comes_late(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(output_location_lag=timedelta(seconds=20))
        assert deployment.request()["Data"]["OutputLocation"].startswith("s3://")

    def test_succeeds_without_an_output_location_that_never_comes(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(output_location_lag=timedelta(days=1))
        answer = deployment.request()
        assert (answer["Status"], answer["Data"]["OutputLocation"]) == ("SUCCESS", "")


class TestRefusals:
    """Every error of the service reaches the stack: code first, the export, the service's words, what to do."""

    @pytest.mark.parametrize(
        ("code", "advice"),
        [
            ("ConflictException", "Choose another name"),
            ("ValidationException", "Correct the named property"),
            ("ResourceNotFoundException", "Check the ARN"),
            ("SomethingNewException", "ask AWS Support about this code"),
        ],
    )
    def test_a_refused_start_is_told(self, deployment: Deployment, code: str, advice: str) -> None:
        deployment.emulator.faults.append(
            Fault("StartAudienceExportJob", FaultKind.REFUSE, code=code, message="the words of the service")
        )
        answer = deployment.request(ResourceProperties=properties(Name="mine"))
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith(f'{code}: export "mine" (PERCENTAGE 10) of generation job {JOB}: ')
        assert "the words of the service" in answer["Reason"]
        assert advice in answer["Reason"]
        assert deployment.starts() == ["mine"]

    @pytest.mark.parametrize("name", ["mine", None])
    @pytest.mark.parametrize("operation", ["StartAudienceExportJob", "ListAudienceExportJobs"])
    def test_denied_access_is_told_once_iam_has_had_time(
        self, deployment: Deployment, operation: str, name: str | None
    ) -> None:
        fault = Fault(operation, FaultKind.REFUSE, times=99, code="AccessDeniedException", message="no policy")
        deployment.emulator.faults.append(fault)
        began = deployment.clock()
        answer = deployment.request(ResourceProperties=properties(Name=name))
        assert answer["Reason"].startswith("AccessDeniedException: export ")
        assert "no policy" in answer["Reason"]
        assert timedelta(seconds=30) <= deployment.clock() - began < timedelta(seconds=60)

    @pytest.mark.parametrize(
        ("kind", "code"),
        [(FaultKind.THROTTLE, "ThrottlingException"), (FaultKind.SERVER_ERROR, "InternalServerException")],
    )
    @pytest.mark.parametrize("operation", ["StartAudienceExportJob", "ListAudienceExportJobs"])
    def test_trouble_is_waited_out_until_the_deadline_and_told_then(
        self, deployment: Deployment, operation: str, kind: FaultKind, code: str
    ) -> None:
        deployment.emulator.faults.append(Fault(operation, kind, times=999))
        began = deployment.clock()
        answer = deployment.request()
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith(f"{code}: export ")
        assert timedelta(minutes=55) <= deployment.clock() - began < timedelta(minutes=58)
        assert deployment.emulator.service.exports == []

    @pytest.mark.parametrize("operation", ["StartAudienceExportJob", "ListAudienceExportJobs"])
    def test_trouble_until_the_deadline_is_told_and_nothing_starts_after_it(
        self, deployment: Deployment, operation: str
    ) -> None:
        deployment.emulator.faults.append(Fault(operation, FaultKind.THROTTLE, times=999))
        began = deployment.clock()
        answer = deployment.request(ResourceProperties=properties(TimeoutSeconds="60"))
        assert answer["Reason"].startswith("ThrottlingException: export ")
        assert deployment.clock() - began <= timedelta(seconds=55)
        assert all(call.at - began <= timedelta(seconds=50) for call in deployment.emulator.started())

    def test_a_size_that_is_not_offered_is_told_with_those_that_are(self, deployment: Deployment) -> None:
        answer = deployment.request(ResourceProperties=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "7"}))
        assert answer["Reason"].startswith("ValidationException: ")
        assert "offers these audience sizes: PERCENTAGE 1, 5, 10, 20." in answer["Reason"]

    def test_a_size_that_is_not_offered_may_be_a_conflict(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(unoffered_size_error="ConflictException")
        answer = deployment.request(ResourceProperties=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "7"}))
        assert answer["Reason"].startswith("ConflictException: ")
        assert "PERCENTAGE 1, 5, 10, 20" in answer["Reason"]
        assert "another name" not in answer["Reason"]

    @pytest.mark.parametrize("operation", ["GetAudienceGenerationJob", "GetConfiguredAudienceModel"])
    def test_the_sizes_are_best_effort(self, deployment: Deployment, operation: str) -> None:
        fault = Fault(operation, FaultKind.REFUSE, times=9, code="AccessDeniedException")
        deployment.emulator.faults.append(fault)
        answer = deployment.request(ResourceProperties=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "7"}))
        assert answer["Reason"].startswith("ValidationException: ")
        assert "is not one of the configured audience model's" in answer["Reason"]

    def test_sizes_are_looked_up_only_for_a_refusal(self, deployment: Deployment) -> None:
        deployment.request()
        assert {call.operation for call in deployment.emulator.calls} == {
            "ListAudienceExportJobs",
            "StartAudienceExportJob",
        }

    @pytest.mark.parametrize("error", ["ValidationException", "ConflictException"])
    def test_a_generation_job_that_is_not_active_is_told(self, deployment: Deployment, error: str) -> None:
        deployment.emulator.service.readings = Readings(inactive_job_error=error)
        answer = deployment.request(ResourceProperties=properties(AudienceGenerationJobArn=UNFINISHED_JOB))
        assert answer["Reason"].startswith(f"{error}: ")
        assert "The generation job is CREATE_IN_PROGRESS" in answer["Reason"]

    @pytest.mark.parametrize("lists_empty", [True, False])
    def test_an_unknown_generation_job_is_told(self, deployment: Deployment, lists_empty: bool) -> None:
        deployment.emulator.service.readings = Readings(unknown_job_lists_empty=lists_empty)
        answer = deployment.request(ResourceProperties=properties(AudienceGenerationJobArn=UNKNOWN_JOB))
        assert answer["Status"] == "FAILED"
        assert "does not exist" in answer["Reason"]


class TestNames:
    def test_a_given_name_that_is_taken_is_a_conflict_that_names_the_holder(self, deployment: Deployment) -> None:
        deployment.start_elsewhere("mine")
        deployment.clock.sleep(60)
        answer = deployment.request(ResourceProperties=properties(Name="mine"))
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith('ConflictException: export "mine" ')
        assert "size PERCENTAGE 10, status ACTIVE, created 2026-03-01T12:00:00+00:00" in answer["Reason"]
        assert deployment.starts() == []

    def test_a_generated_name_that_is_taken_is_the_export_asked_for(self, deployment: Deployment) -> None:
        first = deployment.request()
        second = deployment.request()
        assert len(deployment.starts()) == 1
        assert (second["Status"], second["Data"]) == ("SUCCESS", first["Data"])
        assert second["PhysicalResourceId"] == first["PhysicalResourceId"]

    def test_deploying_again_after_a_failed_export_starts_another_one(self, deployment: Deployment) -> None:
        declared = properties(AudienceGenerationJobArn=FAILING_JOB)
        first = deployment.request(ResourceProperties=declared)
        second = deployment.request(ResourceProperties=declared)
        base, again = deployment.starts()
        assert again == f"{base}-2"
        assert first["PhysicalResourceId"] == second["PhysicalResourceId"]

    @pytest.mark.parametrize("lag", [0, 10])
    def test_a_taken_name_is_adopted_where_asked(self, deployment: Deployment, lag: int) -> None:
        deployment.emulator.service.readings = Readings(listing_lag=timedelta(seconds=lag))
        deployment.start_elsewhere("mine")
        answer = deployment.request(ResourceProperties=properties(Name="mine", OnConflict="ADOPT"))
        assert (answer["Status"], answer["Data"]["Name"]) == ("SUCCESS", "mine")
        assert len(deployment.emulator.service.exports) == 1

    def test_a_taken_name_of_another_size_is_not_adopted(self, deployment: Deployment) -> None:
        deployment.start_elsewhere("mine", percent=20)
        answer = deployment.request(ResourceProperties=properties(Name="mine", OnConflict="ADOPT"))
        assert answer["Reason"].startswith("ConflictException: ")
        assert "size PERCENTAGE 20" in answer["Reason"]

    def test_another_revision_is_another_export(self, deployment: Deployment) -> None:
        created = deployment.request()
        updated = deployment.update(created, old=properties(), new=properties(Revision="2"))
        assert updated["Status"] == "SUCCESS"
        assert updated["PhysicalResourceId"] != created["PhysicalResourceId"]
        assert len(set(deployment.starts())) == 2

    def test_a_name_that_another_generation_job_holds_is_found(self, deployment: Deployment) -> None:
        deployment.start_elsewhere("mine", job=FAILING_JOB)
        fault = Fault("StartAudienceExportJob", FaultKind.REFUSE, code="ConflictException", message="taken")
        deployment.emulator.faults.append(fault)
        answer = deployment.request(ResourceProperties=properties(Name="mine"))
        assert f"of generation job {FAILING_JOB}" in answer["Reason"]


class TestStartsOnce:
    """Whatever happens around the one start, there is one export and one true answer."""

    @pytest.mark.parametrize("name", ["mine", None])
    @pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.SERVER_ERROR])
    def test_a_start_whose_answer_was_lost_is_found_by_listing(
        self, deployment: Deployment, kind: FaultKind, name: str | None
    ) -> None:
        deployment.emulator.service.readings = Readings(listing_lag=timedelta(seconds=10))
        deployment.emulator.faults.append(Fault("StartAudienceExportJob", kind, takes_effect=True))
        answer = deployment.request(ResourceProperties=properties(Name=name))
        assert answer["Status"] == "SUCCESS"
        assert len(deployment.starts()) == 1

    def test_a_start_that_was_lost_on_its_way_is_sent_again_after_a_pause(self, deployment: Deployment) -> None:
        deployment.emulator.faults.append(Fault("StartAudienceExportJob", FaultKind.DROP))
        began = deployment.clock()
        assert deployment.request(ResourceProperties=properties(Name="mine"))["Status"] == "SUCCESS"
        assert len(deployment.emulator.service.exports) == 1
        first, second = (call.at for call in deployment.emulator.started())
        assert first - began < timedelta(seconds=1)
        assert second - first >= timedelta(seconds=15)

    @pytest.mark.parametrize("operation", ["StartAudienceExportJob", "ListAudienceExportJobs"])
    def test_throttling_is_waited_out(self, deployment: Deployment, operation: str) -> None:
        deployment.emulator.faults.append(Fault(operation, FaultKind.THROTTLE, times=5))
        assert deployment.request(ResourceProperties=properties(Name="mine"))["Status"] == "SUCCESS"
        assert len(deployment.emulator.service.exports) == 1

    def test_access_that_is_granted_late_is_waited_out(self, deployment: Deployment) -> None:
        fault = Fault("StartAudienceExportJob", FaultKind.REFUSE, times=4, code="AccessDeniedException")
        deployment.emulator.faults.append(fault)
        assert deployment.request()["Status"] == "SUCCESS"

    @pytest.mark.parametrize("deliveries", [2, 3])
    def test_a_redelivered_event_starts_nothing(self, deployment: Deployment, deliveries: int) -> None:
        sent = deployment.event()
        for _ in range(deliveries):
            deployment.deliver(sent)
        deployment.run_executions()
        deployment.deliver(sent)
        deployment.run_executions()
        assert len(deployment.starts()) == 1
        assert [body["Status"] for body in deployment.endpoint.bodies] == ["SUCCESS"]

    def test_a_reused_request_id_with_a_new_response_url_runs_afresh(self, deployment: Deployment) -> None:
        deployment.request()
        again = deployment.event() | {"RequestId": "request-1"}
        deployment.deliver(again)
        deployment.run_executions()
        assert [body["Status"] for body in deployment.endpoint.bodies] == ["SUCCESS", "SUCCESS"]
        assert len(deployment.starts()) == 1

    @pytest.mark.parametrize("name", ["mine", None])
    @pytest.mark.parametrize("crash", ["before the step", "after the step"])
    @pytest.mark.parametrize("number", [1, 2, 3, 4])
    def test_a_step_that_dies_is_repeated_without_another_start(
        self, deployment: Deployment, crash: str, number: int, name: str | None
    ) -> None:
        count = 0

        def invoke(message: dict) -> object:
            nonlocal count
            count += 1
            if count == number and crash == "before the step":
                raise TimeoutError("killed")
            result = deployment.invoke(message)
            if count == number:
                raise TimeoutError("killed")
            return result

        deployment.machine.invoke = invoke
        deployment.emulator.service.readings = Readings(listing_lag=timedelta(seconds=10))
        answer = deployment.request(ResourceProperties=properties(Name=name))
        assert answer["Status"] == "SUCCESS"
        assert len(deployment.starts()) == 1

    def test_a_silent_repeat_is_not_taken_for_our_own(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(repeat=Repeat.SILENT, listing_lag=timedelta(seconds=10))
        deployment.start_elsewhere("mine")
        deployment.clock.sleep(9)
        answer = deployment.request(ResourceProperties=properties(Name="mine"))
        assert answer["Reason"].startswith("ConflictException: ")


class TestStack:
    """An export starts only while the stack goes forward."""

    @pytest.mark.parametrize("status", ["ROLLBACK_IN_PROGRESS", "CREATE_FAILED", "DELETE_IN_PROGRESS"])
    def test_nothing_starts_in_a_stack_that_moved_on(self, deployment: Deployment, status: str) -> None:
        deployment.control.stack_status = status
        answer = deployment.request()
        assert answer["Reason"].startswith("StackMovedOn: ")
        assert deployment.starts() == []

    def test_a_stack_that_cannot_be_read_is_asked_again(self, deployment: Deployment) -> None:
        deployment.control.stack_status = None
        deployment.deliver(deployment.event())
        seen = len(deployment.control.calls)

        def invoke(message: dict) -> object:
            if len(deployment.control.calls) > seen + 3:
                deployment.control.stack_status = "CREATE_IN_PROGRESS"
            else:
                assert deployment.starts() == []
            return deployment.invoke(message)

        deployment.machine.invoke = invoke
        deployment.run_executions()
        assert deployment.endpoint.bodies[-1]["Status"] == "SUCCESS"

    def test_a_stack_that_cannot_be_read_until_the_deadline_is_told(self, deployment: Deployment) -> None:
        deployment.control.stack_status = None
        answer = deployment.request(ResourceProperties=properties(TimeoutSeconds="600"))
        assert answer["Reason"].startswith("StackUnreadable: export ")
        assert "cloudformation:DescribeStacks" in answer["Reason"]
        assert deployment.starts() == []

    def test_a_rollback_returns_to_its_export_without_a_start(self, deployment: Deployment) -> None:
        first = deployment.request(ResourceProperties=properties(Name="mine"))
        deployment.control.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
        answer = deployment.request(
            "Update",
            PhysicalResourceId="another",
            ResourceProperties=properties(Name="mine"),
            OldResourceProperties=properties(Name="next"),
        )
        assert (answer["Status"], answer["Data"]) == ("SUCCESS", first["Data"])
        assert deployment.starts() == ["mine"]


class TestUpdate:
    def test_a_change_outside_the_identity_starts_nothing(self, deployment: Deployment) -> None:
        created = deployment.request()
        updated = deployment.update(created, old=properties(), new=properties(Description="new words"))
        assert len(deployment.starts()) == 1
        assert updated["PhysicalResourceId"] == created["PhysicalResourceId"]
        assert updated["Data"] == created["Data"]

    def test_another_size_is_another_export_under_another_physical_id(self, deployment: Deployment) -> None:
        created = deployment.request()
        updated = deployment.update(
            created, old=properties(), new=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "20"})
        )
        assert updated["Status"] == "SUCCESS"
        assert updated["PhysicalResourceId"] != created["PhysicalResourceId"]
        assert len(set(deployment.starts())) == 2

    def test_another_size_under_the_same_given_name_is_a_conflict(self, deployment: Deployment) -> None:
        created = deployment.request(ResourceProperties=properties(Name="mine"))
        updated = deployment.update(
            created,
            old=properties(Name="mine"),
            new=properties(Name="mine", AudienceSize={"Type": "PERCENTAGE", "Value": "20"}),
        )
        assert updated["Reason"].startswith("ConflictException: ")
        assert "An export cannot be changed" in updated["Reason"]
        assert deployment.starts() == ["mine"]

    def test_a_failed_update_answers_with_the_id_that_it_was_sent(self, deployment: Deployment) -> None:
        updated = deployment.request(
            "Update",
            PhysicalResourceId="the recorded one",
            ResourceProperties=properties(AudienceSize={"Type": "PERCENTAGE", "Value": "7"}),
            OldResourceProperties=properties(),
        )
        assert (updated["Status"], updated["PhysicalResourceId"]) == ("FAILED", "the recorded one")

    def test_an_update_without_its_export_starts_nothing(self, deployment: Deployment) -> None:
        held = {"PhysicalResourceId": physical_id(deployment.event())}
        updated = deployment.update(held, old=properties(), new=properties())
        assert updated["Reason"].startswith("ExportNotFound: ")
        assert deployment.starts() == []

    def test_a_failed_update_that_is_tried_again_may_start_again(self, deployment: Deployment) -> None:
        """Without rollback the old properties are those that failed; the physical id is still the held export's."""
        created = deployment.request()
        failing = properties(AudienceGenerationJobArn=FAILING_JOB)
        assert deployment.update(created, old=properties(), new=failing)["Reason"].startswith("CREATE_FAILED: ")
        again = deployment.update(created, old=failing, new=failing)
        first, second, third = deployment.starts()
        assert (first, f"{second}-2") == (created["Data"]["Name"], third)
        assert again["PhysicalResourceId"] == created["PhysicalResourceId"]
        assert deployment.update(created, old=failing, new=properties())["Data"] == created["Data"]
        assert len(deployment.starts()) == 3


class TestDelete:
    @pytest.mark.parametrize("physical_id", ["SpringCampaign-0123", "made-up-by-cloudformation"])
    def test_succeeds_without_a_call_of_the_service(self, deployment: Deployment, physical_id: str) -> None:
        deployment.control.stack_status = "DELETE_IN_PROGRESS"
        answer = deployment.request("Delete", PhysicalResourceId=physical_id)
        assert (answer["Status"], answer["PhysicalResourceId"]) == ("SUCCESS", physical_id)
        assert deployment.emulator.calls == []
        assert deployment.control.calls == ["DescribeStacks", "ListExecutions"]

    def test_is_not_refused_for_its_properties(self, deployment: Deployment) -> None:
        answer = deployment.request("Delete", PhysicalResourceId="any", ResourceProperties={"Older": "release"})
        assert answer["Status"] == "SUCCESS"
        assert deployment.control.calls == []


class TestBadProperties:
    @pytest.mark.parametrize(
        ("changes", "argument"),
        [
            ({"Name": "  "}, "Name"),
            ({"Name": "x" * 64}, "Name"),
            ({"Description": "x" * 256}, "Description"),
            ({"AudienceGenerationJobArn": "arn:aws:s3:::bucket"}, "AudienceGenerationJobArn"),
            ({"AudienceGenerationJobArn": None}, "AudienceGenerationJobArn"),
            ({"AudienceSize": {"Type": "PERCENTAGE", "Value": "101"}}, "AudienceSize.Value"),
            ({"AudienceSize": {"Type": "ABSOLUTE", "Value": "20000001"}}, "AudienceSize.Value"),
            ({"AudienceSize": {"Type": "ABSOLUTE", "Value": "1.5"}}, "AudienceSize.Value"),
            ({"AudienceSize": {"Type": "percentage", "Value": "10"}}, "AudienceSize.Type"),
            ({"AudienceSize": "10"}, "AudienceSize"),
            ({"Sice": "10"}, "Sice"),
            ({"OnConflict": "IGNORE"}, "OnConflict"),
            ({"WaitForCompletion": "maybe"}, "WaitForCompletion"),
            ({"TimeoutSeconds": "59"}, "TimeoutSeconds"),
            ({"TimeoutSeconds": "3601"}, "TimeoutSeconds"),
            ({"Name": "mine", "Revision": "2"}, "Revision"),
        ],
    )
    def test_are_told_before_anything_starts(self, deployment: Deployment, changes: dict, argument: str) -> None:
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

    def test_an_execution_that_is_denied_for_good_is_told(self, deployment: Deployment) -> None:
        deployment.control.errors["StartExecution"] = [(400, "AccessDeniedException")] * 99
        answer = deployment.request()
        assert answer["Reason"].startswith("AccessDeniedException: the state machine")
        assert sum(deployment.clock.slept) <= 45

    def test_an_outage_is_left_to_the_next_delivery(self, deployment: Deployment) -> None:
        deployment.control.errors["StartExecution"] = [(500, "Internal")] * 99
        with pytest.raises(Exception, match="Internal"):
            deployment.deliver(deployment.event())
        assert deployment.endpoint.bodies == []

    def test_a_state_machine_that_does_not_exist_is_told_at_once(self, deployment: Deployment) -> None:
        deployment.control.errors["StartExecution"] = [(400, "StateMachineDoesNotExist")]
        assert deployment.request()["Reason"].startswith("StateMachineDoesNotExist: ")


class TestAnswering:
    def test_a_lost_acknowledgement_sends_the_same_answer_again(self, deployment: Deployment) -> None:
        deployment.endpoint.statuses = [None, 503, 403, 500]
        deployment.deliver(deployment.event())
        deployment.run_executions()
        assert len(deployment.endpoint.raw) == 5
        assert len(set(deployment.endpoint.raw)) == 1
        assert len(deployment.starts()) == 1

    def test_a_step_that_fails_on_every_retry_is_answered_for(self, deployment: Deployment) -> None:
        def invoke(message: dict) -> object:
            if message["Phase"] == "Step":
                raise KeyError("a bug")
            return deployment.invoke(message)

        deployment.machine.invoke = invoke
        answer = deployment.request()
        assert answer["Status"] == "FAILED"
        assert answer["Reason"].startswith("KeyError: the handler of the audience export failed on every try")
        assert answer["PhysicalResourceId"].startswith("SpringCampaign399F6554-")

    @pytest.mark.parametrize("name", ["Lambda.TooManyRequestsException", "Sandbox.Timedout", "States.Timeout"])
    def test_trouble_of_lambda_is_waited_out(self, name: str, deployment: Deployment) -> None:
        """Ten minutes of it, where there is an hour."""
        troubled_until = deployment.clock() + timedelta(minutes=10)

        def invoke(message: dict) -> object:
            if message.get("Phase") and deployment.clock() < troubled_until:
                raise TaskError(name)
            return deployment.invoke(message)

        deployment.machine.invoke = invoke
        assert deployment.request()["Status"] == "SUCCESS"
        assert deployment.clock() - troubled_until < timedelta(minutes=3)

    def test_a_call_of_the_handler_that_stays_forbidden_is_told_within_minutes(self, deployment: Deployment) -> None:
        began = deployment.clock()

        def invoke(message: dict) -> object:
            if message.get("Phase") == "Step":
                raise TaskError("Lambda.AWSLambdaException", "not authorized to perform: lambda:InvokeFunction")
            return deployment.invoke(message)

        deployment.machine.invoke = invoke
        answer = deployment.request()
        assert answer["Reason"].startswith("Lambda.AWSLambdaException: ")
        assert "not authorized" in answer["Reason"]
        assert deployment.clock() - began < timedelta(minutes=5)

    def test_an_answer_that_nobody_takes_goes_out_for_an_hour(self, deployment: Deployment) -> None:
        began = deployment.clock()

        def invoke(message: dict) -> object:
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
