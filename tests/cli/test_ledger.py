"""`exports`: whose each export is, and what is left."""

from typing import Any

from cdk_cleanroomsml_contract import identity
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import ACCOUNT, FAILING_JOB, JOB, STACK_ID
from tests.builders.assemblies import resource, template
from tests.fakes.aws_clients import FakeStack
from tests.fakes.command_line import CommandLine

DECLARED = resource(path="Campaigns/Export")
GENERATED = identity.export_name(DECLARED["Properties"], stack_id=STACK_ID, logical_id="Export")


def deploy(command_line: CommandLine, declared: dict[str, Any], *, held: bool = True, **settings: Any) -> FakeStack:
    stack = FakeStack("Campaigns", template(Export=declared), **settings)
    stack.statuses["Export"] = "CREATE_COMPLETE" if held else "CREATE_IN_PROGRESS"
    if held:
        derived = identity.physical_id(declared["Properties"], stack_id=STACK_ID, logical_id="Export")
        stack.physical_ids["Export"] = derived
    command_line.cloudformation.stacks.append(stack)
    return stack


def owners(command_line: CommandLine) -> dict[str, str | None]:
    found = command_line.json("exports")
    return {one["name"]: one["construct"] for job in found["generationJobs"] for one in job["exports"]}


def test_a_generated_name_belongs_to_its_construct(command_line: CommandLine) -> None:
    deploy(command_line, DECLARED)
    command_line.start(GENERATED)
    command_line.start("other")
    assert owners(command_line) == {GENERATED: "Campaigns/Export", "other": None}


def test_a_name_with_an_ordinal_belongs_to_it_too(command_line: CommandLine) -> None:
    deploy(command_line, DECLARED)
    command_line.start(f"{GENERATED}-2")
    command_line.start(f"{GENERATED}-02")
    assert owners(command_line) == {f"{GENERATED}-2": "Campaigns/Export", f"{GENERATED}-02": None}


def test_a_given_name_belongs_to_it(command_line: CommandLine) -> None:
    deploy(command_line, resource(path="Campaigns/Export", Name="mine"))
    command_line.start("mine")
    assert owners(command_line) == {"mine": "Campaigns/Export"}


def test_only_generated_names_have_ordinals(command_line: CommandLine) -> None:
    deploy(command_line, resource(path="Campaigns/Export", Name="mine"))
    command_line.start("mine-2")
    assert owners(command_line) == {"mine-2": None}


def test_without_its_template_a_resource_owns_no_name_with_an_ordinal(command_line: CommandLine) -> None:
    """Its own name may be a given one."""
    deploy(command_line, resource(path="Campaigns/Export", Name="mine"))
    command_line.cloudformation.denied.add("GetTemplate")
    command_line.start("mine-2")
    assert owners(command_line) == {"mine-2": None}


def test_another_size_of_the_name_does_not(command_line: CommandLine) -> None:
    deploy(command_line, resource(path="Campaigns/Export", Name="mine"))
    command_line.start("mine", percent=20)
    assert owners(command_line) == {"mine": None}


def test_a_resource_that_is_being_created_is_found_by_its_properties(command_line: CommandLine) -> None:
    declared = resource(path="Campaigns/Export", Name="mine", job={"Ref": "Job"})
    deploy(command_line, declared, held=False, parameters={"Job": JOB})
    command_line.start("mine")
    assert owners(command_line) == {"mine": "Campaigns/Export"}


def test_an_arn_of_the_other_account_is_the_own_one(command_line: CommandLine) -> None:
    command_line.emulator.service.readings = Readings(summaries_name_account="444455556666")
    deploy(command_line, DECLARED)
    command_line.start(GENERATED)
    assert owners(command_line) == {GENERATED: "Campaigns/Export"}
    assert command_line.json("exports")["generationJobs"][0]["audienceGenerationJobArn"].split(":")[4] == ACCOUNT


def test_what_is_left_and_what_can_be_adopted(command_line: CommandLine) -> None:
    command_line.start("mine")
    command_line.start("failed", job=FAILING_JOB)
    command_line.clock.sleep(60)
    mine, failed = command_line.json("exports")["generationJobs"]
    assert (mine["alive"], mine["left"]) == (1, 24)
    assert mine["exports"][0]["adoptWith"] == 'AudienceExport(..., name="mine", on_conflict=OnConflict.ADOPT)'
    assert (failed["alive"], failed["left"]) == (0, 25)
    assert failed["exports"][0]["adoptWith"] is None, "a failed export is of no use"


def test_one_generation_job(command_line: CommandLine) -> None:
    command_line.start("mine")
    command_line.start("failed", job=FAILING_JOB)
    [job] = command_line.json("exports", "--job", JOB)["generationJobs"]
    assert [one["name"] for one in job["exports"]] == ["mine"]
    unused = JOB.replace("11111111-", "22222222-")
    assert "0 of 25 exports, 25 left" in command_line.run("exports", "--job", unused).stdout


def test_an_account_without_exports(command_line: CommandLine) -> None:
    result = command_line.run("exports")
    assert (result.exit_code, result.stdout) == (0, "The account has no audience export.\n")


def test_a_stack_that_cannot_be_read_makes_owners_unknown(command_line: CommandLine) -> None:
    """Whoever adopts an export that another stack holds has two stacks with one export."""
    deploy(command_line, DECLARED)
    command_line.start(GENERATED)
    command_line.cloudformation.denied.add("ListStackResources")
    result = command_line.run("exports")
    assert result.exit_code == 3
    assert "owner unknown: not every stack could be read" in result.stdout
    assert "ADOPT" not in result.stdout
    assert "Not read: ListStackResources Campaigns: AccessDenied" in result.stdout
    [export] = command_line.json("exports")["generationJobs"][0]["exports"]
    assert (export["ownerIsKnown"], export["adoptWith"]) == (False, None)


def test_a_template_is_not_needed_for_an_export_that_is_held(command_line: CommandLine) -> None:
    deploy(command_line, DECLARED)
    command_line.start(GENERATED)
    command_line.cloudformation.denied.add("GetTemplate")
    assert owners(command_line) == {GENERATED: "Export"}


def test_the_members_of_the_json(command_line: CommandLine) -> None:
    deploy(command_line, DECLARED)
    command_line.start(GENERATED)
    export = {
        "name": GENERATED,
        "audienceSize": "PERCENTAGE 10",
        "status": "CREATE_PENDING",
        "created": "2026-03-01T12:00:00Z",
        "stack": "Campaigns",
        "construct": "Campaigns/Export",
        "ownerIsKnown": True,
        "adoptWith": None,
    }
    job = {"audienceGenerationJobArn": JOB, "alive": 1, "left": 24, "exports": [export]}
    assert command_line.json("exports") == {"generationJobs": [job], "unread": []}
