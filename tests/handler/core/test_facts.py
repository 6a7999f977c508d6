"""What a status and an error say: every decision is made of these words."""

import pytest

from audience_export_handler.core.facts import ErrorKind, ServiceError
from tests.builders.requests import export

STATUSES = {
    "CREATE_PENDING": (False, True),
    "CREATE_IN_PROGRESS": (False, True),
    "CREATE_FAILED": (True, False),
    "ACTIVE": (False, False),
}


@pytest.mark.parametrize(("status", "says"), STATUSES.items(), ids=list(STATUSES))
def test_whether_an_export_has_failed_or_counts_as_running(status: str, says: tuple[bool, bool]) -> None:
    found = export("mine", status)
    assert (found.has_failed, found.is_running) == says


def test_every_status_of_the_model_is_here() -> None:
    import botocore.session

    model = botocore.session.get_session().get_service_model("cleanroomsml")
    assert set(model.shape_for("AudienceExportJobStatus").metadata["enum"]) == set(STATUSES)


def test_an_error_keeps_all_that_the_service_said() -> None:
    error = ServiceError("Code", "words", ErrorKind.REFUSED, 25.0)
    assert (error.code, error.message, error.kind, error.quota_value) == ("Code", "words", ErrorKind.REFUSED, 25)
    assert str(error) == "Code: words"
    assert ServiceError("Code", "words", ErrorKind.REFUSED).quota_value is None
