"""Advice is for its reader: nobody is advised to set what is set already, or to do what would not help."""

from dataclasses import replace

import pytest

from audience_export_handler.core import advice
from audience_export_handler.core.facts import ExportJob
from audience_export_handler.core.progress import LIST, READ_JOB, RetriedError
from audience_export_handler.core.progress import START as BEGIN
from tests.builders.arns import OTHER_JOB
from tests.builders.events import properties
from tests.builders.requests import START, TWENTY, adopting, create, export, update

HOLDER = export("mine")
YOURS = (
    "If the export that holds the name is yours, for example from a deployment of this stack that was rolled back, set"
)


@pytest.mark.parametrize("holder", [HOLDER, None], ids=["its size", "unknown"])
def test_a_taken_name_may_be_held_by_an_export_of_an_earlier_deployment(holder: ExportJob | None) -> None:
    advised = advice.for_taken_name(create("mine"), holder)
    assert advised.startswith(f"{YOURS} on_conflict=OnConflict.ADOPT to use it")
    assert advised.endswith("Otherwise choose another name, or omit the name so that one is generated.")


@pytest.mark.parametrize(
    "holder",
    [
        replace(HOLDER, audience_size=TWENTY),
        replace(HOLDER, status="CREATE_FAILED"),
        replace(HOLDER, audience_generation_job_arn=OTHER_JOB),
    ],
    ids=["another size", "failed", "another job"],
)
def test_adoption_is_not_advised_for_an_export_that_it_would_not_use(holder: ExportJob) -> None:
    advised = advice.for_taken_name(create("mine"), holder)
    assert advised == "To get an export of your own, choose another name, or omit the name so that one is generated."


def test_one_that_adopts_is_told_what_adoption_uses() -> None:
    advised = advice.for_taken_name(adopting("mine"), HOLDER)
    assert advised.startswith("OnConflict.ADOPT uses only a listed export of the same generation job and size")
    assert "omit name and on_conflict" in advised, "the construct refuses adoption without a name"


def test_a_generated_name_cannot_be_adopted() -> None:
    advised = advice.for_taken_name(create(), None)
    assert "ADOPT" not in advised
    assert "set a name yourself" in advised


def test_only_a_given_name_needs_adoption_to_find_a_start_again() -> None:
    assert "set on_conflict=OnConflict.ADOPT" in advice.if_started(create("mine"))
    assert advice.if_started(adopting("mine")) == advice.if_started(create()) == ""


@pytest.mark.parametrize(
    ("code", "advised"),
    [
        ("ValidationException", "correct the one that it is about"),
        ("ConflictException", "Fix the problem that the message describes"),
        ("AccessDeniedException", "The handler's role needs cleanrooms-ml:StartAudienceExportJob"),
        ("ResourceNotFoundException", "Check the ARN"),
        ("ServiceQuotaExceededException", "the last try to start this one was refused"),
        ("ThrottlingException", "Deploy again later"),
        ("SomethingElseException", "ask AWS Support about this code"),
    ],
)
def test_each_error_of_the_service_has_its_advice(code: str, advised: str) -> None:
    assert advised in advice.for_code(create(), code, advice.IF_ROLLBACK)


def test_only_an_update_can_be_one_of_a_rollback() -> None:
    code = "ThrottlingException"
    of_create = advice.for_code(create(), code, advice.IF_ROLLBACK)
    assert "ContinueUpdateRollback" not in of_create
    assert advice.for_code(update(properties()), code, advice.IF_ROLLBACK) == f"{of_create} {advice.IF_ROLLBACK}"
    assert advice.for_code(update(properties()), code, "") == of_create


def test_to_use_a_listed_export_it_must_be_adopted() -> None:
    use = "To use one of them, set name and audience_size to its own"
    assert advice.use_listed(create()) == f"{use}, and on_conflict to OnConflict.ADOPT."
    assert advice.use_listed(adopting("mine")) == f"{use}."


def test_another_export_has_another_name_or_revision() -> None:
    assert advice.new_export(create("mine")) == "set another name to request a new export"
    assert advice.new_export(create()) == "set another revision to request a new export"


@pytest.mark.parametrize(
    ("call", "code", "expected"),
    [
        (READ_JOB, "AccessDeniedException", advice.JOB_READABLE),
        (READ_JOB, "ThrottlingException", "The service throttled the calls. Deploy again later."),
        (LIST, "ValidationException", advice.for_code(create(), "", "")),
        (LIST, "AccessDeniedException", advice.for_code(create(), "AccessDeniedException", "")),
    ],
)
def test_what_helps_depends_on_the_call_that_failed(call: str, code: str, expected: str) -> None:
    retried = RetriedError(call, START, code, "no")
    assert advice.for_failed_call(create(), retried) == expected
    assert advice.for_failed_call(update(properties()), retried) == f"{expected} {advice.IF_ROLLBACK}"


def test_a_start_is_in_no_rollback() -> None:
    retried = RetriedError(BEGIN, START, "ThrottlingException", "no")
    assert "rollback" not in advice.for_failed_call(update(properties()), retried)
