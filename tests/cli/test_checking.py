"""`check` from the templates to the report, with Clean Rooms ML behind botocore."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cdk_cleanroomsml_cli import assembly
from cdk_cleanroomsml_cli.checking import JobUse, Report, check
from cdk_cleanroomsml_cli.facts import Unread
from cdk_cleanroomsml_contract import identity
from cdk_cleanroomsml_local.emulator import Fault, FaultKind
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import ACCOUNT, FAILING_JOB, JOB, OTHER_JOB, STACK_ID
from tests.builders.assemblies import resource, template, write_assembly
from tests.builders.exports import generated_name
from tests.fakes.answers import AnsweringClients, Answers
from tests.fakes.aws_clients import FakeClients, FakeStack, error
from tests.fakes.command_line import CommandLine

JOB_OF_OTHER = JOB.replace(ACCOUNT, "444455556666")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_assembly(tmp_path / "cdk.out", {"Campaigns": template(Export=resource(path="Campaigns/Export"))})


class RecordingClients(FakeClients):
    """`made` are the clients that were needed, with their Regions."""

    def __init__(self, *of: Any) -> None:
        super().__init__(*of)
        self.made: list[tuple[str, str | None]] = []

    def client(self, service: str, region: str | None = None) -> Any:
        self.made.append((service, region))
        return super().client(service, region)


def outcomes(report: Any) -> list[tuple[str, str]]:
    return [(one["outcome"], one["cause"]) for one in report["exports"]]


class TestDenied:
    @pytest.mark.parametrize(
        "operation", ["ListAudienceExportJobs", "GetAudienceGenerationJob", "GetConfiguredAudienceModel"]
    )
    def test_what_is_denied_is_unknown(self, command_line: CommandLine, folder: Path, operation: str) -> None:
        fault = Fault(operation, FaultKind.REFUSE, times=99, code="AccessDeniedException")
        command_line.emulator.faults.append(fault)
        result = command_line.run("check", folder)
        assert result.exit_code == 3
        assert f"({operation}: AccessDeniedException)" in " ".join(result.stdout.split())
        assert "1 unknown" in result.stdout

    def test_a_stack_that_cannot_be_read_is_no_new_stack(self, command_line: CommandLine, folder: Path) -> None:
        command_line.cloudformation.denied.add("DescribeStacks")
        result = command_line.run("check", folder)
        assert result.exit_code == 3
        assert "DescribeStacks: AccessDenied" in result.stdout

    def test_the_count_of_running_exports_is_not_zero(self, command_line: CommandLine, folder: Path) -> None:
        """A role may list the exports of one generation job only."""
        of_account = {"audienceGenerationJobArn": None}
        fault = Fault(
            "ListAudienceExportJobs", FaultKind.REFUSE, times=9, code="AccessDeniedException", where=of_account
        )
        command_line.emulator.faults.append(fault)
        result = command_line.run("check", folder)
        assert "How many exports run in us-east-1 is unknown" in result.stdout
        [region] = command_line.json("check", folder)["regions"]
        assert (region["running"], region["free"]) == (None, None)


class TestCalls:
    def test_450_exports_are_one_listing_for_each_job(self, command_line: CommandLine, tmp_path: Path) -> None:
        service = command_line.emulator.service
        jobs = [JOB.replace("11111111-", f"{number:08}-") for number in range(18)]
        service.jobs |= {arn: replace(service.jobs[JOB], arn=arn) for arn in jobs}
        declared = {f"Export{number}": resource(job=jobs[number % 18]) for number in range(450)}
        result = command_line.run("check", write_assembly(tmp_path, {"Campaigns": template(**declared)}))
        assert result.exit_code == 0, result.output
        assert "450 would start, 0 exist already" in result.stdout
        calls = Counter(command_line.calls())
        assert calls == {
            "ListAudienceExportJobs": 18 + 1,
            "GetAudienceGenerationJob": 18,
            "GetConfiguredAudienceModel": 18,
        }
        assert command_line.cloudformation.calls == {"DescribeStacks": 1}

    def test_450_deployed_exports_are_pages_of_resources(self, command_line: CommandLine, tmp_path: Path) -> None:
        body = template(**{f"Export{number}": resource() for number in range(450)})
        ids = {
            name: identity.physical_id(one["Properties"], stack_id=STACK_ID, logical_id=name)
            for name, one in body["Resources"].items()
        }
        command_line.cloudformation.stacks.append(FakeStack("Campaigns", body, physical_ids=ids))
        report = command_line.json("check", write_assembly(tmp_path, {"Campaigns": body}))
        assert set(outcomes(report)) == {("exists", "unchanged")}
        assert command_line.cloudformation.calls == {"DescribeStacks": 1, "ListStackResources": 5, "GetTemplate": 1}

    def test_every_page_is_read(self, command_line: CommandLine, folder: Path) -> None:
        command_line.emulator.service.readings = Readings(page_size=2)
        command_line.start(generated_name())
        for number in range(6):
            command_line.start(f"other-{number}")
        assert outcomes(command_line.json("check", folder)) == [("exists", "exists")]

    def test_throttled_calls_are_tried_again(self, command_line: CommandLine, folder: Path) -> None:
        command_line.emulator.faults.append(Fault("ListAudienceExportJobs", FaultKind.THROTTLE, times=1))
        assert command_line.run("check", folder).exit_code == 0

    def test_it_starts_nothing(self, command_line: CommandLine, folder: Path) -> None:
        command_line.run("check", folder)
        assert command_line.emulator.started() == []


class TestCounting:
    def test_starts_count_for_those_after_them(self, command_line: CommandLine, tmp_path: Path) -> None:
        for number in range(15):
            command_line.start(f"other-{number}")
        command_line.clock.sleep(60)
        body = template(**{f"Export{number:02}": resource() for number in range(12)})
        result = command_line.run("check", write_assembly(tmp_path, {"Campaigns": body}))
        assert "10 would start, 0 exist already, 2 would fail" in result.stdout
        assert result.exit_code == 1
        [job] = command_line.json("check", tmp_path)["generationJobs"]
        assert (job["alive"], job["wouldStart"], job["left"]) == (15, 10, 0)

    def test_one_name_in_two_stacks_starts_once(self, command_line: CommandLine, tmp_path: Path) -> None:
        one, other = template(Export=resource(Name="mine")), template(Export=resource(Name="mine", OnConflict="ADOPT"))
        report = command_line.json("check", write_assembly(tmp_path, {"One": one, "Other": other, "Third": one}))
        assert outcomes(report) == [("starts", "new"), ("exists", "exists"), ("fails", "name-taken")]

    def test_the_name_of_another_job_s_export_is_a_note(self, command_line: CommandLine, tmp_path: Path) -> None:
        command_line.start("mine", job=FAILING_JOB)
        body = template(Export=resource(Name="mine"))
        [export] = command_line.json("check", write_assembly(tmp_path, {"Campaigns": body}))["exports"]
        assert export["outcome"] == "starts"
        assert export["notes"] == ["another generation job has an export of this name; the service may refuse it"]

    def test_running_exports_are_those_of_the_account(self, command_line: CommandLine, folder: Path) -> None:
        for number in range(3):
            command_line.start(f"other-{number}")
        assert "3 of 20 exports run in us-east-1, 17 slots are free." in command_line.run("check", folder).stdout


class TestStacks:
    def test_what_the_stack_holds_is_no_conflict(self, command_line: CommandLine, tmp_path: Path) -> None:
        declared = resource(Name="mine", Description="new")
        folder = write_assembly(tmp_path, {"Campaigns": template(Export=declared)})
        command_line.start("mine")
        assert outcomes(command_line.json("check", folder)) == [("fails", "name-taken")]
        held = identity.physical_id(declared["Properties"], stack_id=STACK_ID, logical_id="Export")
        deployed = FakeStack("Campaigns", template(Export=resource(Name="mine")), physical_ids={"Export": held})
        command_line.cloudformation.stacks.append(deployed)
        assert outcomes(command_line.json("check", folder)) == [("exists", "exists")]
        deployed.status = "ROLLBACK_COMPLETE"
        assert outcomes(command_line.json("check", folder)) == [("fails", "name-taken")], "it is deleted first"

    def test_a_stack_of_another_account_is_unknown(self, command_line: CommandLine, tmp_path: Path) -> None:
        body = {"Campaigns": template(Export=resource())}
        folder = write_assembly(tmp_path, body, environment=f"{ACCOUNT}/us-east-1")
        assert outcomes(command_line.json("check", folder)) == [("starts", "new")]
        command_line.clients = FakeClients(command_line.emulator, command_line.cloudformation, account="444455556666")
        result = command_line.run("check", folder)
        assert result.exit_code == 3
        assert f"account {ACCOUNT}, the credentials are of account 444455556666" in result.stdout

    def test_what_is_wrong_in_any_account_is_said_of_another_one_too(
        self, command_line: CommandLine, tmp_path: Path
    ) -> None:
        body = {"Campaigns": template(Wrong=resource(percent=101), Later=resource(job={"Ref": "Job"}))}
        folder = write_assembly(tmp_path, body, environment="444455556666/us-east-1")
        report = command_line.json("check", folder)
        assert outcomes(report) == [("fails", "invalid-property"), ("unknown", "known-at-deployment")]

    def test_an_export_of_another_account_has_its_name_and_is_not_read(
        self, command_line: CommandLine, tmp_path: Path
    ) -> None:
        body = {"Campaigns": template(Export=resource(Name="mine", job=JOB_OF_OTHER))}
        folder = write_assembly(tmp_path, body, environment="444455556666/us-east-1")
        [export] = command_line.json("check", folder)["exports"]
        assert (export["outcome"], export["cause"], export["name"]) == ("unknown", "other-account", "mine")
        assert command_line.cloudformation.calls == {}
        assert command_line.calls() == ["ListAudienceExportJobs"], "the slots of the Region"

    def test_if_the_account_of_the_credentials_is_unknown_each_is_checked(
        self, command_line: CommandLine, tmp_path: Path
    ) -> None:
        of_account = {"Campaigns": template(Export=resource())}
        folder = write_assembly(tmp_path, of_account, environment=f"{ACCOUNT}/us-east-1")
        denied = Answers(get_caller_identity=error("GetCallerIdentity", "AccessDenied", "not you"))
        clients = {name: command_line.clients.client(name) for name in ("cleanroomsml", "cloudformation")}
        report = check(assembly.read(folder), AnsweringClients(**clients, sts=denied))
        [one] = report.exports
        assert (one.verdict.cause, one.declared.account, one.declared.partition) == ("new", ACCOUNT, None)

    def test_a_stack_is_read_in_its_own_region(self, command_line: CommandLine, tmp_path: Path) -> None:
        western = JOB.replace("us-east-1", "us-west-2")
        body = {"Campaigns": template(Export=resource(job=western))}
        folder = write_assembly(tmp_path, body, environment=f"{ACCOUNT}/us-west-2")
        clients = RecordingClients(command_line.emulator, command_line.cloudformation)
        report = check(assembly.read(folder), clients)
        assert set(clients.made) == {("sts", None), ("cleanroomsml", "us-west-2"), ("cloudformation", "us-west-2")}
        assert report.free_slots == {"us-west-2": 20}

    def test_a_template_of_no_known_stack_has_no_deployed_resources(
        self, command_line: CommandLine, tmp_path: Path
    ) -> None:
        (tmp_path / "one.json").write_text(json.dumps(template(Export=resource())))
        assert outcomes(command_line.json("check", tmp_path / "one.json")) == [("unknown", "stack-name")]
        assert command_line.cloudformation.calls == {}

    def test_a_job_that_only_the_deployment_knows_is_not_read(self, command_line: CommandLine, tmp_path: Path) -> None:
        folder = write_assembly(tmp_path, {"Campaigns": template(Export=resource(job={"Ref": "Job"}))})
        report = command_line.json("check", folder)
        assert (outcomes(report), report["generationJobs"]) == ([("unknown", "known-at-deployment")], [])
        assert command_line.calls() == []

    def test_without_exports_nothing_is_asked(self, command_line: CommandLine, tmp_path: Path) -> None:
        result = command_line.run("check", write_assembly(tmp_path, {"Campaigns": template()}))
        assert (result.exit_code, result.stdout) == (0, "No audience export is declared.\n")
        assert command_line.calls() == []


def test_a_job_has_left_what_is_neither_alive_nor_would_start() -> None:
    assert JobUse(JOB, 3, 2).left == 20
    assert JobUse(JOB, 25, 2).left == 0
    assert JobUse(OTHER_JOB, None, 2).left is None


def test_a_region_has_free_slots_unless_more_run_than_may() -> None:
    report = Report([], [], {"us-east-1": 3, "us-west-2": 21, "eu-west-1": Unread("ListAudienceExportJobs", "Denied")})
    assert report.free_slots == {"us-east-1": 17, "us-west-2": 0, "eu-west-1": None}


def test_the_members_of_the_json(command_line: CommandLine, folder: Path) -> None:
    report = command_line.json("check", folder)
    assert set(report) == {"exports", "generationJobs", "regions", "summary"}
    assert report["exports"] == [
        {
            "stack": "Campaigns",
            "construct": "Campaigns/Export",
            "logicalId": "Export",
            "nestedIn": [],
            "audienceGenerationJobArn": JOB,
            "audienceSize": "PERCENTAGE 10",
            "name": generated_name(),
            "outcome": "starts",
            "cause": "new",
            "reason": "no export has this name",
            "relevanceScore": None,
            "notes": [],
        }
    ]
    used = {"audienceGenerationJobArn": JOB, "alive": 0, "wouldStart": 1, "left": 24, "limit": 25}
    assert report["generationJobs"] == [used]
    assert report["regions"] == [{"region": "us-east-1", "running": 0, "limit": 20, "free": 20}]
    assert report["summary"] == {"starts": 1, "exists": 0, "fails": 0, "unknown": 0}
