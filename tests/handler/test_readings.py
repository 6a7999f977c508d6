"""What AWS leaves undocumented, either way: the handler is right under every reading of the service."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from cdk_cleanroomsml_local.emulator import Fault, FaultKind
from cdk_cleanroomsml_local.readings import NamesAreUnique, Readings, Repeat
from tests.builders.arns import DELETED_JOB, FAILING_JOB, JOB
from tests.builders.cases import either_name
from tests.builders.events import Properties, properties
from tests.fakes.deployment import Deployment


def every_reading() -> list[Any]:
    """All pairs of how names, repeats, late listings and failed names are read; the form of a page goes along."""
    found = []
    readings = product(NamesAreUnique, Repeat, (0, 12), (False, True))
    for number, (names, repeat, lag, failed_names_are_free) in enumerate(readings):
        reading = Readings(
            names=names,
            repeat=repeat,
            listing_lag=timedelta(seconds=lag),
            failed_names_are_free=failed_names_are_free,
            failed_count_for_the_job=number % 3 == 0,
            page_size=(1, 100)[number % 2],
            newest_first=number % 4 < 2,
        )
        freed = "free" if failed_names_are_free else "taken"
        name = f"names {names.value}, {repeat.value}, lag {lag}, failed {freed}, pages of {reading.page_size}"
        found.append(pytest.param(reading, id=name))
    return found


@pytest.fixture(params=every_reading())
def reading(request: pytest.FixtureRequest, deployment: Deployment) -> Deployment:
    deployment.emulator.service.readings = request.param
    return deployment


def names_of(deployment: Deployment) -> list[str]:
    return [export.name for export in deployment.emulator.service.exports]


@either_name
def test_one_export_and_one_answer(reading: Deployment, name: str | None) -> None:
    answer = reading.request(ResourceProperties=properties(Name=name))
    assert answer["Status"] == "SUCCESS"
    assert names_of(reading) == [answer["Data"]["Name"]]


@either_name
@pytest.mark.parametrize("kind", [FaultKind.DROP, FaultKind.SERVER_ERROR], ids=["no answer", "server error"])
@pytest.mark.parametrize("takes_effect", [True, False], ids=["it took effect", "it had no effect"])
def test_an_unknown_outcome(reading: Deployment, kind: FaultKind, takes_effect: bool, name: str | None) -> None:
    reading.emulator.faults.append(Fault("StartAudienceExportJob", kind, takes_effect=takes_effect))
    answer = reading.request(ResourceProperties=properties(Name=name))
    assert answer["Status"] == "SUCCESS"
    assert len(names_of(reading)) == 1


def test_a_given_name_that_is_taken(reading: Deployment) -> None:
    reading.start_elsewhere("mine")
    reading.clock.sleep(60)
    answer = reading.request(ResourceProperties=properties(Name="mine"))
    assert answer["Reason"].startswith("ConflictException: ")
    assert names_of(reading) == ["mine"]


def test_a_given_name_that_was_taken_a_moment_ago(reading: Deployment) -> None:
    """Not listed yet, perhaps: it is never treated as our own."""
    reading.start_elsewhere("mine")
    theirs = reading.emulator.service.exports[0]
    reading.clock.sleep(9)
    answer = reading.request(ResourceProperties=properties(Name="mine"))
    if answer["Status"] == "SUCCESS":
        assert reading.emulator.service.readings.names is NamesAreUnique.NOT_AT_ALL
        assert answer["Data"]["CreateTime"] > theirs.created.isoformat()
    else:
        assert answer["Reason"].startswith("ConflictException: ")
        assert names_of(reading) == ["mine"]


def test_adopting(reading: Deployment) -> None:
    reading.start_elsewhere("mine")
    reading.clock.sleep(60)
    answer = reading.request(ResourceProperties=properties(Name="mine", OnConflict="ADOPT"))
    assert answer["Status"] == "SUCCESS"
    assert names_of(reading) == ["mine"]


def test_deploying_again_after_a_failed_export(reading: Deployment) -> None:
    declared = properties(AudienceGenerationJobArn=FAILING_JOB)
    answers = [reading.request(ResourceProperties=declared) for _ in range(3)]
    assert all(answer["Reason"].startswith("CREATE_FAILED: ") for answer in answers)
    base = names_of(reading)[0]
    assert names_of(reading) == [base, f"{base}-2", f"{base}-3"]
    assert len({answer["PhysicalResourceId"] for answer in answers}) == 1


def test_deploying_again_after_a_failed_export_with_a_given_name(reading: Deployment) -> None:
    declared = properties(AudienceGenerationJobArn=FAILING_JOB, Name="mine")
    first = reading.request(ResourceProperties=declared)
    second = reading.request(ResourceProperties=declared)
    assert first["Reason"].startswith("CREATE_FAILED: ")
    readings = reading.emulator.service.readings
    is_free = readings.failed_names_are_free or readings.names is NamesAreUnique.NOT_AT_ALL
    assert second["Reason"].startswith("CREATE_FAILED: " if is_free else "ConflictException: ")
    assert len(names_of(reading)) == (2 if is_free else 1)


def test_a_replacement_and_its_rollback(reading: Deployment) -> None:
    old, new = properties(Name="before"), properties(Name="after")
    created = reading.request(ResourceProperties=old)
    replaced = reading.update(created, old=old, new=new)
    reading.control.stack_status = "UPDATE_ROLLBACK_IN_PROGRESS"
    held = replaced["PhysicalResourceId"]
    rolled_back = reading.request("Update", PhysicalResourceId=held, ResourceProperties=old, OldResourceProperties=new)
    assert rolled_back["Status"] == "SUCCESS"
    assert (rolled_back["PhysicalResourceId"], rolled_back["Data"]) == (created["PhysicalResourceId"], created["Data"])
    assert names_of(reading) == ["before", "after"]


@pytest.mark.parametrize("error", ["ValidationException", "ConflictException"])
@pytest.mark.parametrize(
    ("declared", "switch"),
    [
        (properties(AudienceGenerationJobArn=DELETED_JOB), "inactive_job_error"),
        (properties(AudienceSize={"Type": "PERCENTAGE", "Value": "7"}), "unoffered_size_error"),
    ],
    ids=["a job that is not active", "a size that is not offered"],
)
def test_a_refusal_under_either_code(deployment: Deployment, declared: Properties, switch: str, error: str) -> None:
    changes: dict[str, Any] = {switch: error}
    service = deployment.emulator.service
    service.readings = Readings(**changes)
    service.jobs[DELETED_JOB] = replace(service.jobs[JOB], arn=DELETED_JOB, status="DELETE_IN_PROGRESS")
    answer = deployment.request(ResourceProperties=declared)
    assert answer["Reason"].startswith(f"{error}: ")
    assert "another name" not in answer["Reason"]
    assert names_of(deployment) == []
