"""What a test can change while the emulator runs: time that passes, and generation jobs."""

from datetime import timedelta
from typing import Any

import pytest

from cdk_cleanroomsml_local.catalog import ConfiguredAudienceModel, GenerationJob
from cdk_cleanroomsml_local.clean_rooms_ml import CleanRoomsML
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import JOB, OTHER_JOB
from tests.fakes.clock import VirtualClock

MODEL = ConfiguredAudienceModel(JOB.replace("audience-generation-job", "configured-audience-model"))
SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def service(clock: VirtualClock) -> CleanRoomsML:
    readings = Readings(pending_for=HOUR, in_progress_for=HOUR, output_location_lag=HOUR)
    made = CleanRoomsML(clock=clock, readings=readings)
    made.add(GenerationJob(JOB, MODEL.arn), MODEL)
    return made


def start(service: CleanRoomsML, name: str = "mine") -> None:
    size = {"type": "PERCENTAGE", "value": 10}
    service.call("StartAudienceExportJob", {"name": name, "audienceGenerationJobArn": JOB, "audienceSize": size})


def seen(service: CleanRoomsML, name: str = "mine") -> dict[str, Any]:
    [found] = [one for one in service.call("ListAudienceExportJobs", {})["audienceExportJobs"] if one["name"] == name]
    return dict(found)


class TestAdvance:
    def test_an_export_becomes_older_and_the_time_stays(self, service: CleanRoomsML, clock: VirtualClock) -> None:
        start(service)
        started = clock()
        statuses = []
        for _ in range(3):
            clock.sleep(1)
            service.advance(HOUR)
            statuses.append((seen(service)["status"], "outputLocation" in seen(service)))
        assert statuses == [("CREATE_IN_PROGRESS", False), ("ACTIVE", False), ("ACTIVE", True)]
        assert seen(service)["createTime"] == started
        assert seen(service)["updateTime"] == started + 2 * SECOND, "when the second hour was over"

    def test_the_rest_of_a_span_passes_by_itself(self, service: CleanRoomsML, clock: VirtualClock) -> None:
        start(service)
        service.advance(HOUR - SECOND)
        assert seen(service)["status"] == "CREATE_PENDING"
        clock.sleep(1)
        assert seen(service)["status"] == "CREATE_IN_PROGRESS"
        assert seen(service)["updateTime"] == clock()

    def test_an_export_that_is_started_later_is_as_young_as_it_is(
        self, service: CleanRoomsML, clock: VirtualClock
    ) -> None:
        service.advance(9 * HOUR)
        clock.sleep(1)
        start(service)
        assert seen(service)["status"] == "CREATE_PENDING"

    def test_a_job_changes_after_the_time_since_it_was_added(self, service: CleanRoomsML, clock: VirtualClock) -> None:
        clock.sleep(9 * 3600)
        job = GenerationJob(OTHER_JOB, MODEL.arn, status="CREATE_IN_PROGRESS", becomes="ACTIVE", changes_after=HOUR)
        service.add(job, MODEL)
        assert service.shown_status_of_job(job) == "CREATE_IN_PROGRESS"
        service.advance(HOUR)
        assert service.shown_status_of_job(job) == "ACTIVE"


def test_forgetting_leaves_the_jobs_that_are_given(service: CleanRoomsML, clock: VirtualClock) -> None:
    start(service)
    service.advance(9 * HOUR)
    clock.sleep(1)
    service.forget({OTHER_JOB: GenerationJob(OTHER_JOB, MODEL.arn)}, {})
    assert (list(service.jobs), service.models, service.exports) == ([OTHER_JOB], {}, [])
    service.add(GenerationJob(JOB, MODEL.arn), MODEL)
    start(service)
    assert seen(service)["status"] == "CREATE_PENDING"
