"""The commands as pipelines use them: their options, what they print where, and their exit codes."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from cdk_cleanroomsml_cli.aws import Clients, NoAwsError
from cdk_cleanroomsml_cli.commands import Exit, make_app
from cdk_cleanroomsml_local.emulator import Fault, FaultKind
from tests.builders.arns import DELETED_JOB, JOB, UNKNOWN_JOB
from tests.builders.assemblies import resource, template, write_assembly
from tests.builders.exports import generated_name
from tests.fakes.answers import AnsweringClients, Answers
from tests.fakes.aws_clients import FakeStack, error
from tests.fakes.command_line import CommandLine

COMMANDS = (("check",), ("watch", "Campaigns"), ("exports",))
commands = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cloud assembly where the commands look for it."""
    monkeypatch.chdir(tmp_path)
    return write_assembly(tmp_path / "cdk.out", {"Campaigns": template(Export=resource(path="Campaigns/Export"))})


def run(*arguments: str) -> Result:
    return CliRunner().invoke(make_app(), arguments)


class TestHelp:
    def test_without_a_command_it_is_shown(self) -> None:
        shown = " ".join(run().output.split())
        assert "Shows what a deployment of audience exports would do, and where exports stand. It only reads;" in shown
        assert [word for word in ("check", "watch", "exports", "local") if f" {word} " not in shown] == []

    def test_it_is_plain_text_and_installs_no_completion(self) -> None:
        shown = run("--help").output
        assert "╭" not in shown
        assert "completion" not in shown

    def test_the_stacks_of_watch_are_names(self) -> None:
        usage = run("watch", "--help").output.splitlines()[0]
        assert "watch [OPTIONS]" in usage
        assert "STACK" in usage

    def test_every_option_and_argument_is_explained(self) -> None:
        found: Any = typer.main.get_command(make_app())
        parameters = [(name, one) for name, command in found.commands.items() for one in command.params]
        assert len(parameters) > 12
        assert [(name, one.name) for name, one in parameters if not one.help] == []

    def test_an_error_shows_no_values_of_variables(self) -> None:
        assert make_app().pretty_exceptions_enable is False


class TestSession:
    @commands
    def test_it_has_the_profile_and_the_region_that_are_given(self, folder: Path, command: tuple[str, ...]) -> None:
        given: list[tuple[str | None, str | None]] = []

        def open_session(profile: str | None, region: str | None) -> Clients:
            given.append((profile, region))
            raise NoAwsError("No AWS credentials were found.")

        for options in ((), ("--profile", "reader", "--region", "us-west-2")):
            result = CliRunner().invoke(make_app(open_session=open_session), [*command, *options])
            assert (result.exit_code, result.stdout) == (3, "")
            assert result.stderr == "No AWS credentials were found.\n"
        assert given == [(None, None), ("reader", "us-west-2")]

    def test_for_a_file_that_cannot_be_read_none_is_opened(self, tmp_path: Path) -> None:
        def open_session(profile: str | None, region: str | None) -> Clients:
            pytest.fail("a session was opened")

        result = CliRunner().invoke(make_app(open_session=open_session), ["check", str(tmp_path / "none")])
        assert result.exit_code == 2


class TestCheck:
    def test_0_if_every_export_is_fine(self, command_line: CommandLine, folder: Path) -> None:
        assert command_line.run("check", folder).exit_code == 0
        command_line.start(generated_name())
        assert command_line.run("check", folder).exit_code == 0

    @pytest.mark.parametrize("job", [UNKNOWN_JOB, DELETED_JOB], ids=["missing", "being deleted"])
    def test_1_if_one_would_fail(self, command_line: CommandLine, tmp_path: Path, job: str) -> None:
        both = template(Good=resource(), Bad=resource(job=job), Unknown=resource(job={"Ref": "Job"}))
        assert command_line.run("check", write_assembly(tmp_path, {"Campaigns": both})).exit_code == 1

    def test_1_if_more_would_start_than_are_allowed(self, command_line: CommandLine, folder: Path) -> None:
        assert command_line.run("check", folder, "--max-new", 1).exit_code == 0
        result = command_line.run("check", folder, "--max-new", 0)
        assert (result.exit_code, result.stderr) == (1, "1 exports would start, and --max-new allows 0.\n")
        assert "1 would start" in result.stdout
        command_line.start(generated_name())
        assert command_line.run("check", folder, "--max-new", 0).exit_code == 0

    @pytest.mark.parametrize("content", [None, "no JSON", "[]", "{}"], ids=["missing", "no JSON", "a list", "empty"])
    def test_2_if_a_file_cannot_be_read(self, command_line: CommandLine, tmp_path: Path, content: str | None) -> None:
        file = tmp_path / "one.template.json"
        if content is not None:
            file.write_text(content)
        result = command_line.run("check", file)
        assert (result.exit_code, result.stdout) == (2, "")
        assert str(file) in result.stderr

    def test_2_for_a_folder_that_is_no_assembly(self, command_line: CommandLine, tmp_path: Path) -> None:
        result = command_line.run("check", tmp_path)
        assert result.exit_code == 2
        assert "manifest.json" in result.stderr

    @pytest.mark.parametrize("option", [("--max-new", "-1"), ("--unknown",)], ids=["negative", "unknown"])
    def test_2_for_wrong_options(self, command_line: CommandLine, folder: Path, option: tuple[str, ...]) -> None:
        assert command_line.run("check", folder, *option).exit_code == 2

    def test_3_if_something_is_unknown(self, command_line: CommandLine, tmp_path: Path) -> None:
        body = template(Export=resource(job={"Ref": "Job"}), Other=resource())
        later = write_assembly(tmp_path, {"Campaigns": body})
        assert command_line.run("check", later).exit_code == 3
        result = command_line.run("check", later, "--max-new", 1)
        assert (result.exit_code, result.stderr) == (1, "Up to 2 exports would start, and --max-new allows 1.\n")
        assert command_line.run("check", later, "--max-new", 2).exit_code == 3

    def test_130_if_it_is_interrupted(self, command_line: CommandLine, folder: Path) -> None:
        def interrupt(**_: object) -> None:
            raise KeyboardInterrupt

        command_line.clients.client("cleanroomsml").meta.events.register("before-send", interrupt)
        result = command_line.run("check", folder)
        assert result.exit_code == 130
        assert "Traceback" not in result.output

    def test_it_reads_cdk_out_if_nothing_else_is_named(self, command_line: CommandLine, folder: Path) -> None:
        assert "Campaigns/Export" in command_line.run("check").stdout

    def test_a_template_alone_is_of_the_stack_that_is_named(self, command_line: CommandLine, tmp_path: Path) -> None:
        file = tmp_path / "one.template.json"
        file.write_text(json.dumps(template(Export=resource())))
        assert command_line.run("check", file).exit_code == 3
        [export] = command_line.json("check", file, "--stack-name", "Campaigns")["exports"]
        assert (export["stack"], export["name"]) == ("Campaigns", generated_name())

    def test_json_is_indented_and_has_every_character_as_it_is(self, command_line: CommandLine, tmp_path: Path) -> None:
        body = {"Campaigns": template(Export=resource(Name="Frühling"))}
        lines = command_line.run("check", write_assembly(tmp_path, body), "--json").stdout.splitlines()
        assert lines[:2] == ["{", '  "exports": [']
        assert '      "name": "Frühling",' in lines


@pytest.fixture
def stack(command_line: CommandLine) -> FakeStack:
    made = FakeStack("Campaigns", template(Export=resource(path="Campaigns/Export")))
    command_line.cloudformation.stacks.append(made)
    return made


class TestWatch:
    @pytest.mark.parametrize(("status", "code"), [("CREATE_COMPLETE", 0), ("ROLLBACK_COMPLETE", 1)])
    def test_it_ends_as_the_operation_did(
        self, command_line: CommandLine, stack: FakeStack, status: str, code: int
    ) -> None:
        stack.status = status
        result = command_line.run("watch", "Campaigns")
        assert result.exit_code == code
        assert f"2026-03-01T12:00:00Z  Campaigns  {status}" in result.stdout

    def test_2_if_there_is_no_such_stack(self, command_line: CommandLine) -> None:
        result = command_line.run("watch", "Campaings")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == "The stack Campaings does not exist in this account and Region.\n"

    def test_2_without_a_stack(self, command_line: CommandLine) -> None:
        assert command_line.run("watch").exit_code == 2

    def test_3_if_a_stack_cannot_be_read(self, command_line: CommandLine, stack: FakeStack) -> None:
        command_line.cloudformation.denied.add("DescribeStacks")
        result = command_line.run("watch", "Campaigns")
        assert result.exit_code == 3
        assert result.stderr == "The stack Campaigns could not be read (DescribeStacks: AccessDenied).\n"

    def test_130_if_it_is_interrupted_while_it_sleeps(self, command_line: CommandLine, stack: FakeStack) -> None:
        def interrupt() -> None:
            raise KeyboardInterrupt

        stack.status = "CREATE_IN_PROGRESS"
        command_line.during_pauses = [interrupt]
        result = command_line.run("watch", "Campaigns")
        assert (result.exit_code, command_line.slept) == (130, [5])
        assert "CREATE_IN_PROGRESS" in result.stdout
        assert "Aborted" not in result.output, "the deployment goes on"

    def test_a_stack_that_is_named_twice_is_watched_once(self, command_line: CommandLine, stack: FakeStack) -> None:
        result = command_line.run("watch", "Campaigns", "Campaigns", "--json")
        assert command_line.cloudformation.calls["DescribeStacks"] == 1
        kinds = [set(json.loads(line)) >= {"construct"} for line in result.stdout.splitlines()]
        assert kinds == [False, True]


class TestExports:
    def test_0_and_a_list_or_json(self, command_line: CommandLine) -> None:
        command_line.start("mine")
        result = command_line.run("exports")
        assert (result.exit_code, result.stdout.splitlines()[1]) == (0, "1 of 25 exports, 24 left")
        [job] = command_line.json("exports")["generationJobs"]
        assert [one["name"] for one in job["exports"]] == ["mine"]

    def test_2_for_a_job_that_is_no_arn(self, command_line: CommandLine) -> None:
        result = command_line.run("exports", "--job", "arn:aws:s3:::somebody-s-bucket")
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("--job must be the ARN of an audience generation job")
        assert "got 'arn:aws:s3:::somebody-s-bucket'" in result.stderr
        assert command_line.calls() == []

    def test_2_for_an_empty_job(self, command_line: CommandLine) -> None:
        assert command_line.run("exports", "--job", "").exit_code == 2

    def test_a_job_that_is_an_arn_is_listed(self, command_line: CommandLine) -> None:
        result = command_line.run("exports", "--job", JOB)
        assert (result.exit_code, "0 of 25 exports, 25 left" in result.stdout) == (0, True)

    def test_3_if_the_exports_cannot_be_listed(self, command_line: CommandLine) -> None:
        command_line.emulator.faults.append(
            Fault("ListAudienceExportJobs", FaultKind.REFUSE, code="AccessDeniedException", message="not you")
        )
        result = command_line.run("exports")
        assert (result.exit_code, result.stdout) == (3, "")
        assert result.stderr == "The exports cannot be listed. ListAudienceExportJobs: AccessDeniedException not you.\n"

    def test_3_and_no_blank_if_an_error_has_no_message(self) -> None:
        def open_session(profile: str | None, region: str | None) -> Any:
            return AnsweringClients(cleanroomsml=Answers(list_audience_export_jobs=error("List", "Denied", "")))

        result = CliRunner().invoke(make_app(open_session=open_session), ["exports"])
        assert result.exit_code == 3
        assert result.stderr == "The exports cannot be listed. ListAudienceExportJobs: Denied.\n"

    def test_3_if_a_stack_cannot_be_read(self, command_line: CommandLine, stack: FakeStack) -> None:
        command_line.start("mine")
        command_line.cloudformation.denied.add("ListStackResources")
        result = command_line.run("exports")
        assert result.exit_code == 3
        assert "mine" in result.stdout


def test_the_exit_codes_are_the_documented_ones() -> None:
    assert {code.name: int(code) for code in Exit} == {
        "FINE": 0,
        "WOULD_FAIL": 1,
        "USAGE": 2,
        "UNKNOWN": 3,
        "INTERRUPTED": 130,
    }
