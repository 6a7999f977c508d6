"""What a status and an error say: every decision is made of these words."""

import botocore.session
import pytest

from audience_export_handler.core.facts import ErrorKind, JobMetrics, RefusalFacts, ServiceError
from tests.builders.arns import JOB
from tests.builders.requests import TEN, TWENTY, export
from tests.builders.statuses import OF_EXPORTS, OF_JOBS


@pytest.mark.parametrize(("status", "says"), OF_EXPORTS.items(), ids=list(OF_EXPORTS))
def test_whether_an_export_has_failed_or_counts_as_running(status: str, says: tuple[bool, bool]) -> None:
    found = export("mine", status)
    assert (found.has_failed, found.is_running) == says


def test_every_status_of_the_model_is_here() -> None:
    model = botocore.session.get_session().get_service_model("cleanroomsml")
    assert set(model.shape_for("AudienceExportJobStatus").metadata["enum"]) == set(OF_EXPORTS)


def test_messages_name_an_export_by_its_name_size_and_job() -> None:
    assert export("mine").subject == f'export "mine" (PERCENTAGE 10) of generation job {JOB}'


@pytest.mark.parametrize(
    ("status", "may_become_active"), {**OF_JOBS, "": False}.items(), ids=[*OF_JOBS, "unknown or ACTIVE"]
)
def test_which_generation_jobs_may_still_become_active(status: str, may_become_active: bool) -> None:
    assert RefusalFacts(status).is_being_created is may_become_active


def test_every_status_of_a_generation_job_is_here() -> None:
    model = botocore.session.get_session().get_service_model("cleanroomsml")
    statuses = model.shape_for("AudienceGenerationJobStatus").metadata["enum"]
    assert set(statuses) == set(OF_JOBS)


def test_a_job_whose_metrics_are_not_shared_has_no_scores() -> None:
    assert JobMetrics("ACTIVE").scores == {}


def test_an_error_keeps_all_that_the_service_said() -> None:
    error = ServiceError("Code", "words", ErrorKind.REFUSED, 25.0)
    assert (error.code, error.message, error.kind, error.quota_value) == ("Code", "words", ErrorKind.REFUSED, 25)
    assert str(error) == "Code: words"
    assert ServiceError("Code", "words", ErrorKind.REFUSED).quota_value is None


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (RefusalFacts(), False),
        (RefusalFacts("DELETE_PENDING"), True),
        (RefusalFacts(offered=(TWENTY,)), True),
        (RefusalFacts(offered=(TWENTY, TEN)), False),
        (RefusalFacts(measured=(TWENTY,)), False),
    ],
    ids=["nothing", "the job's status", "not offered", "offered", "not measured"],
)
def test_what_rules_out_an_export_of_a_size(facts: RefusalFacts, expected: bool) -> None:
    assert facts.rules_out(TEN) is expected
