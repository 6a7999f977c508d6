"""The members of the JSON: pipelines read them, so each has its name and its value in every release."""

from dataclasses import replace
from datetime import timedelta

from cdk_cleanroomsml_cli import json_output
from cdk_cleanroomsml_cli.checking import Checked, JobUse, Report
from cdk_cleanroomsml_cli.facts import Unread
from cdk_cleanroomsml_cli.ledger import Entry, JobLedger, Owner
from cdk_cleanroomsml_cli.ledger_reading import Ledger
from cdk_cleanroomsml_cli.progress import Row
from cdk_cleanroomsml_cli.start_check import Outcome, Verdict
from cdk_cleanroomsml_cli.templates import LATER
from cdk_cleanroomsml_cli.watching import Snapshot
from tests.builders.arns import JOB, OTHER_JOB, STACK_ID
from tests.builders.exports import AT, declared, listed

DENIED = Unread("ListStackResources", "AccessDenied", "not you")
NESTED = replace(declared(), nesting=("Outer", "Inner"), construct_path="Campaigns/Outer/Inner/Export")
VERDICT = Verdict(Outcome.EXISTS, "exists", "the resource holds it", "mine", 0.8, ("a note",))
REPORT = Report(
    [Checked(NESTED, VERDICT), Checked(declared(job=LATER, AudienceSize=LATER), Verdict(Outcome.UNKNOWN, "c", "r"))],
    [JobUse(JOB, 3, 2), JobUse(OTHER_JOB, None, 1)],
    {"us-east-1": 4, "us-west-2": DENIED},
)


class TestReport:
    def test_an_export(self) -> None:
        assert json_output.of_report(REPORT)["exports"][0] == {
            "stack": "Campaigns",
            "construct": "Campaigns/Outer/Inner/Export",
            "logicalId": "Export",
            "nestedIn": ["Outer", "Inner"],
            "audienceGenerationJobArn": JOB,
            "audienceSize": "PERCENTAGE 10",
            "name": "mine",
            "outcome": "exists",
            "cause": "exists",
            "reason": "the resource holds it",
            "relevanceScore": 0.8,
            "notes": ["a note"],
        }

    def test_what_only_the_deployment_knows_is_null(self) -> None:
        export = json_output.of_report(REPORT)["exports"][1]
        unknown = {name for name, value in export.items() if value is None}
        assert unknown == {"audienceGenerationJobArn", "audienceSize", "name", "relevanceScore"}

    def test_the_use_of_generation_jobs(self) -> None:
        assert json_output.of_report(REPORT)["generationJobs"] == [
            {"audienceGenerationJobArn": JOB, "alive": 3, "wouldStart": 2, "left": 20, "limit": 25},
            {"audienceGenerationJobArn": OTHER_JOB, "alive": None, "wouldStart": 1, "left": None, "limit": 25},
        ]

    def test_the_slots_of_regions(self) -> None:
        assert json_output.of_report(REPORT)["regions"] == [
            {"region": "us-east-1", "running": 4, "limit": 20, "free": 16},
            {"region": "us-west-2", "running": None, "limit": 20, "free": None},
        ]

    def test_every_outcome_is_counted(self) -> None:
        report = json_output.of_report(REPORT)
        assert report["summary"] == {"starts": 0, "exists": 1, "fails": 0, "unknown": 1}
        assert set(report) == {"exports", "generationJobs", "regions", "summary"}


OWNED = Entry(listed("mine"), Owner("Campaigns", STACK_ID, "Export", "Campaigns/Export", "mine-1", {}))
FREE, FAILED = Entry(listed("free"), None), Entry(listed("failed", "CREATE_FAILED"), None)
JOBS = [JobLedger(JOB, (OWNED, FREE, FAILED))]


class TestLedger:
    def test_an_export_of_a_stack(self) -> None:
        [job] = json_output.of_ledger(Ledger(JOBS, ()))["generationJobs"]
        assert job["exports"][0] == {
            "name": "mine",
            "audienceSize": "PERCENTAGE 10",
            "status": "ACTIVE",
            "created": "2026-03-01T11:50:00Z",
            "stack": "Campaigns",
            "construct": "Campaigns/Export",
            "ownerIsKnown": True,
            "adoptWith": None,
        }

    def test_an_export_of_no_stack_can_be_adopted_unless_it_has_failed(self) -> None:
        [job] = json_output.of_ledger(Ledger(JOBS, ()))["generationJobs"]
        _, free, failed = job["exports"]
        assert (free["stack"], free["construct"], free["ownerIsKnown"]) == (None, None, True)
        assert free["adoptWith"] == 'AudienceExport(..., name="free", on_conflict=OnConflict.ADOPT)'
        assert (failed["stack"], failed["ownerIsKnown"], failed["adoptWith"]) == (None, True, None)

    def test_if_a_stack_was_not_read_nobody_s_export_may_be_its(self) -> None:
        found = json_output.of_ledger(Ledger(JOBS, (DENIED,)))
        [job] = found["generationJobs"]
        assert [one["ownerIsKnown"] for one in job["exports"]] == [True, False, False]
        assert [one["adoptWith"] for one in job["exports"]] == [None, None, None]
        assert found["unread"] == [{"operation": "ListStackResources", "code": "AccessDenied", "message": "not you"}]

    def test_what_a_generation_job_has_left(self) -> None:
        found = json_output.of_ledger(Ledger(JOBS, ()))
        [job] = found["generationJobs"]
        assert (job["audienceGenerationJobArn"], job["alive"], job["left"]) == (JOB, 2, 23)
        assert set(job) == {"audienceGenerationJobArn", "alive", "left", "exports"}
        assert set(found) == {"generationJobs", "unread"}
        assert found["unread"] == []


class TestWatch:
    snapshot = Snapshot(AT, {"Campaigns": "CREATE_IN_PROGRESS", "Other": "CREATE_COMPLETE"}, [])

    def test_an_export(self) -> None:
        spans = (timedelta(minutes=1, seconds=5.9), timedelta(hours=1), timedelta(seconds=7))
        row = Row("Campaigns", "Campaigns/Export", "mine", "CREATE_FAILED", "taken", *spans)
        assert json_output.of_row(row, self.snapshot) == {
            "at": "2026-03-01T11:50:00Z",
            "stack": "Campaigns",
            "stackStatus": "CREATE_IN_PROGRESS",
            "construct": "Campaigns/Export",
            "export": "mine",
            "status": "CREATE_FAILED",
            "reason": "taken",
            "ageSeconds": 65,
            "givesUpInSeconds": 3600,
            "endsInSeconds": 7,
        }

    def test_times_that_are_not_known_are_null(self) -> None:
        row = json_output.of_row(Row("Other", "Other/Export", None, "not begun"), self.snapshot)
        assert (row["export"], row["reason"], row["stackStatus"]) == (None, "", "CREATE_COMPLETE")
        assert (row["ageSeconds"], row["endsInSeconds"], row["givesUpInSeconds"]) == (None, None, None)

    def test_a_stack(self) -> None:
        assert json_output.of_stack("Other", self.snapshot) == {
            "at": "2026-03-01T11:50:00Z",
            "stack": "Other",
            "stackStatus": "CREATE_COMPLETE",
        }
