"""The emulator as a client of the service sees it: through real boto3, on a clock that the test moves."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError

from cdk_cleanroomsml_local import catalog
from cdk_cleanroomsml_local.clean_rooms_ml import CleanRoomsML
from cdk_cleanroomsml_local.emulator import Emulator, Fault, FaultKind
from cdk_cleanroomsml_local.readings import MODEL_OWNER, NamesAreUnique, Readings, Repeat
from tests.builders.arns import FAILING_JOB, JOB, UNFINISHED_JOB, UNKNOWN_JOB
from tests.fakes.clock import VirtualClock

TEN_PERCENT = {"type": "PERCENTAGE", "value": 10}


class Service:
    """The emulator, a boto3 client of it, and what it wrote."""

    def __init__(self) -> None:
        given = catalog.read(catalog.DEMO)
        self.clock = VirtualClock()
        self.written: list[tuple[str, str, bytes]] = []
        write = lambda *output: self.written.append(output)  # noqa: E731
        self.state = CleanRoomsML(given.jobs, given.models, clock=self.clock, write_output=write)
        self.emulator = Emulator(self.state)
        self.client: Any = boto3.client(
            "cleanroomsml",
            endpoint_url=self.emulator.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, proxies={}, read_timeout=1),
        )

    def start(self, name: str = "mine", **changes: Any) -> Any:
        request = {"name": name, "audienceGenerationJobArn": JOB, "audienceSize": TEN_PERCENT}
        return self.client.start_audience_export_job(**(request | changes))

    def listed(self, **filters: Any) -> list[dict[str, Any]]:
        return list(self.client.list_audience_export_jobs(**filters)["audienceExportJobs"])

    def refusal(self, **changes: Any) -> tuple[str, int]:
        with pytest.raises(ClientError) as raised:
            self.start(**changes)
        return raised.value.response["Error"]["Code"], raised.value.response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    with made.emulator.running():
        yield made


class TestOperations:
    def test_a_start_has_an_empty_answer(self, service: Service) -> None:
        answer = service.start(description="")
        assert set(answer) == {"ResponseMetadata"}

    def test_an_export_moves_with_the_clock_to_its_end(self, service: Service) -> None:
        service.start()
        seen = []
        for _ in range(6):
            seen.append(service.listed()[0]["status"])
            service.clock.sleep(2)
        assert seen == ["CREATE_PENDING", *["CREATE_IN_PROGRESS"] * 3, "ACTIVE", "ACTIVE"]

    def test_an_active_export_has_a_location_where_a_small_object_lies(self, service: Service) -> None:
        service.start()
        assert "outputLocation" not in service.listed()[0]
        service.clock.sleep(60)
        locations = {service.listed()[0]["outputLocation"] for _ in range(3)}
        [(bucket, key, content)] = service.written
        assert locations == {f"s3://{bucket}/{key.rpartition('/')[0]}/"}
        assert content.startswith(b"user_id\n")

    def test_an_export_of_a_failing_job_ends_with_status_details(self, service: Service) -> None:
        service.start(audienceGenerationJobArn=FAILING_JOB)
        service.clock.sleep(60)
        [export] = service.listed()
        assert export["status"] == "CREATE_FAILED"
        assert export["statusDetails"]["statusCode"] == "OUTPUT_BUCKET_ACCESS_DENIED"
        assert "outputLocation" not in export

    def test_lists_a_job_s_exports_or_the_account_s(self, service: Service) -> None:
        service.start("one")
        service.start("two", audienceGenerationJobArn=FAILING_JOB, description="words")
        assert [export["name"] for export in service.listed(audienceGenerationJobArn=JOB)] == ["one"]
        assert [export.get("description") for export in service.listed()] == ["words", None]

    @pytest.mark.parametrize("page_size", [1, 2, 100])
    def test_lists_in_pages(self, service: Service, page_size: int) -> None:
        service.state.readings = Readings(page_size=page_size, newest_first=False)
        for number in range(5):
            service.start(f"export {number}")
        pages = service.client.get_paginator("list_audience_export_jobs").paginate()
        names = [export["name"] for page in pages for export in page["audienceExportJobs"]]
        assert names == [f"export {number}" for number in range(5)]
        assert len(service.listed(maxResults=1)) == 1

    def test_a_made_up_page_token_is_refused(self, service: Service) -> None:
        with pytest.raises(ClientError, match="nextToken"):
            service.listed(nextToken="7")

    def test_tells_of_a_generation_job_and_its_model(self, service: Service) -> None:
        job = service.client.get_audience_generation_job(audienceGenerationJobArn=JOB)
        assert (job["status"], job["audienceGenerationJobArn"]) == ("ACTIVE", JOB)
        arn = job["configuredAudienceModelArn"]
        model = service.client.get_configured_audience_model(configuredAudienceModelArn=arn)
        assert model["audienceSizeConfig"] == {"audienceSizeType": "PERCENTAGE", "audienceSizeBins": [1, 5, 10, 20]}

    def test_a_model_that_cannot_be_read_is_another_account_s(self, service: Service) -> None:
        service.state.readings = Readings(models_are_readable=False)
        arn = service.client.get_audience_generation_job(audienceGenerationJobArn=JOB)["configuredAudienceModelArn"]
        assert arn.split(":")[4] == MODEL_OWNER
        with pytest.raises(service.client.exceptions.AccessDeniedException, match="another account's"):
            service.client.get_configured_audience_model(configuredAudienceModelArn=arn)

    def test_what_does_not_exist_is_not_found(self, service: Service) -> None:
        with pytest.raises(service.client.exceptions.ResourceNotFoundException):
            service.client.get_audience_generation_job(audienceGenerationJobArn=UNKNOWN_JOB)
        missing = UNKNOWN_JOB.replace("audience-generation-job", "configured-audience-model")
        with pytest.raises(service.client.exceptions.ResourceNotFoundException):
            service.client.get_configured_audience_model(configuredAudienceModelArn=missing)
        assert service.refusal(audienceGenerationJobArn=UNKNOWN_JOB) == ("ResourceNotFoundException", 404)

    def test_an_operation_that_it_does_not_have_says_so(self, service: Service) -> None:
        with pytest.raises(ClientError, match="this emulator has no ListAudienceModels"):
            service.client.list_audience_models()

    def test_calls_are_kept_in_order(self, service: Service) -> None:
        service.start("one")
        service.refusal(name="one")
        assert [(call.operation, call.answer) for call in service.emulator.calls] == [
            ("StartAudienceExportJob", "200"),
            ("StartAudienceExportJob", "409 ConflictException"),
        ]


class TestForm:
    """What the model of the service rejects is rejected, also where botocore's client lets it through."""

    @pytest.mark.parametrize(
        ("changes", "member"),
        [
            ({"name": "x" * 64}, "name"),
            ({"name": "   "}, "name"),
            ({"name": "a\nb"}, "name"),
            ({"description": "x" * 256}, "description"),
            ({"audienceGenerationJobArn": "arn:aws:s3:::some-bucket-name"}, "audienceGenerationJobArn"),
            ({"audienceSize": {"type": "SHARE", "value": 10}}, "audienceSize.type"),
            ({"audienceSize": {"type": "ABSOLUTE", "value": 20_000_001}}, "audienceSize.value"),
        ],
    )
    def test_a_request_that_breaks_the_model_is_refused(
        self, service: Service, changes: dict[str, Any], member: str
    ) -> None:
        with pytest.raises(service.client.exceptions.ValidationException, match=rf"detected: {member} must "):
            service.start(**changes)
        assert service.state.exports == []

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"{", "the body is not JSON"),
            (b"[]", "the body is not a JSON object"),
            (b"{}", "name is required"),
            (b'{"name": 7}', "is required"),
            (json.dumps({"name": 7, "audienceGenerationJobArn": JOB, "audienceSize": TEN_PERCENT}).encode(), "string"),
            (json.dumps({"name": "a", "audienceGenerationJobArn": JOB, "audienceSize": 10}).encode(), "an object"),
            (
                json.dumps(
                    {"name": "a", "audienceGenerationJobArn": JOB, "audienceSize": {"type": "ABSOLUTE", "value": "5"}}
                ).encode(),
                "audienceSize.value must be an integer",
            ),
        ],
    )
    def test_a_body_that_no_sdk_would_send_is_refused(self, service: Service, body: bytes, message: str) -> None:
        url = f"{service.emulator.url}/audience-export-job"
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(urllib.request.Request(url, data=body, method="POST"))
        with raised.value as error:
            assert error.code == 400
            assert error.headers["x-amzn-ErrorType"] == "ValidationException"
            assert message in json.loads(error.read())["message"]

    def test_another_path_has_no_route(self, service: Service) -> None:
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(f"{service.emulator.url}/elsewhere")
        with raised.value as error:
            assert error.code == 404


class TestReadings:
    @pytest.mark.parametrize(
        ("names", "same_job", "other_job"),
        [
            (NamesAreUnique.PER_GENERATION_JOB, False, True),
            (NamesAreUnique.PER_ACCOUNT, False, False),
            (NamesAreUnique.NOT_AT_ALL, True, True),
        ],
    )
    def test_names(self, service: Service, names: NamesAreUnique, same_job: bool, other_job: bool) -> None:
        service.state.readings = Readings(names=names)
        service.start("mine")
        for job, is_free in ((JOB, same_job), (FAILING_JOB, other_job)):
            if is_free:
                service.start("mine", audienceGenerationJobArn=job)
            else:
                assert service.refusal(name="mine", audienceGenerationJobArn=job) == ("ConflictException", 409)

    def test_a_repeat_may_be_accepted_silently(self, service: Service) -> None:
        service.state.readings = Readings(repeat=Repeat.SILENT)
        service.start("mine")
        service.start("mine")
        assert len(service.state.exports) == 1
        assert service.refusal(name="mine", audienceSize={"type": "PERCENTAGE", "value": 20})[0] == "ConflictException"

    @pytest.mark.parametrize("free", [True, False])
    def test_failed_names(self, service: Service, free: bool) -> None:
        service.state.readings = Readings(failed_names_are_free=free)
        service.start("mine", audienceGenerationJobArn=FAILING_JOB)
        service.clock.sleep(60)
        if free:
            service.start("mine", audienceGenerationJobArn=FAILING_JOB)
        else:
            assert service.refusal(name="mine", audienceGenerationJobArn=FAILING_JOB)[0] == "ConflictException"

    @pytest.mark.parametrize("code", ["ConflictException", "ValidationException"])
    def test_the_error_of_a_job_that_is_not_active_and_of_a_size(self, service: Service, code: str) -> None:
        service.state.readings = Readings(inactive_job_error=code, unoffered_size_error=code)
        assert service.refusal(audienceGenerationJobArn=UNFINISHED_JOB)[0] == code
        assert service.refusal(audienceSize={"type": "PERCENTAGE", "value": 7})[0] == code

    def test_a_generation_job_becomes_active_and_may_be_read_late(self, service: Service) -> None:
        jobs, minute = service.state.jobs, timedelta(minutes=1)
        jobs[JOB] = replace(jobs[JOB], status="CREATE_PENDING", becomes="ACTIVE", changes_after=minute)
        service.state.readings = Readings(job_status_lag=minute)
        assert service.refusal()[0] == "ValidationException"
        service.clock.sleep(60)
        service.start()
        assert service.state.shown_status_of_job(jobs[JOB]) == "CREATE_PENDING"
        service.clock.sleep(60)
        assert service.state.shown_status_of_job(jobs[JOB]) == "ACTIVE"

    def test_a_generation_job_that_failed_says_why(self, service: Service) -> None:
        jobs, details = service.state.jobs, {"statusCode": "BAD_DATA", "message": "No seeds."}
        minute = timedelta(minutes=1)
        jobs[JOB] = replace(
            jobs[JOB],
            status="CREATE_PENDING",
            becomes="CREATE_FAILED",
            changes_after=minute,
            status_details=details,
        )
        assert "statusDetails" not in service.state.call("GetAudienceGenerationJob", {"audienceGenerationJobArn": JOB})
        service.clock.sleep(60)
        shown = service.state.call("GetAudienceGenerationJob", {"audienceGenerationJobArn": JOB})
        assert (shown["status"], shown["statusDetails"]) == ("CREATE_FAILED", details)

    def test_a_listing_may_lag(self, service: Service) -> None:
        service.state.readings = Readings(listing_lag=timedelta(seconds=5))
        service.start()
        assert service.listed() == []
        service.clock.sleep(5)
        assert len(service.listed()) == 1

    def test_an_unknown_job_may_list_empty_or_not(self, service: Service) -> None:
        assert service.listed(audienceGenerationJobArn=UNKNOWN_JOB) == []
        service.state.readings = Readings(unknown_job_lists_empty=False)
        with pytest.raises(service.client.exceptions.ValidationException):
            service.listed(audienceGenerationJobArn=UNKNOWN_JOB)


class TestQuotas:
    def test_20_exports_may_be_pending_or_in_progress(self, service: Service) -> None:
        for number in range(20):
            service.start(f"export {number}")
        with pytest.raises(service.client.exceptions.ServiceQuotaExceededException) as raised:
            service.start("one more", audienceGenerationJobArn=FAILING_JOB)
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 402
        assert raised.value.response["quotaValue"] == 20
        service.clock.sleep(60)
        service.start("one more")

    @pytest.mark.parametrize("failed_count", [True, False])
    def test_25_exports_of_a_job_may_be_active(self, service: Service, failed_count: bool) -> None:
        service.state.readings = Readings(failed_count_for_the_job=failed_count)
        for job, is_full in ((JOB, True), (FAILING_JOB, failed_count)):
            for number in range(25):
                service.start(f"export {number}", audienceGenerationJobArn=job)
                service.clock.sleep(60)
            if is_full:
                assert service.refusal(audienceGenerationJobArn=job) == ("ServiceQuotaExceededException", 402)
            else:
                service.start(audienceGenerationJobArn=job)


class TestFaults:
    @pytest.mark.parametrize("takes_effect", [True, False])
    @pytest.mark.parametrize(
        ("kind", "error", "match"),
        [
            (FaultKind.THROTTLE, ClientError, "ThrottlingException"),
            (FaultKind.SERVER_ERROR, ClientError, "InternalServerException"),
            (FaultKind.REFUSE, ClientError, "AccessDeniedException"),
            (FaultKind.DROP, ConnectionClosedError, "Connection was closed"),
            (FaultKind.TIMEOUT, Exception, "Read timeout"),
        ],
    )
    def test_a_call_goes_wrong_as_asked(
        self, service: Service, kind: FaultKind, error: type[Exception], match: str, takes_effect: bool
    ) -> None:
        code = "AccessDeniedException"
        service.emulator.faults.append(Fault("StartAudienceExportJob", kind, takes_effect=takes_effect, code=code))
        with pytest.raises(error, match=match):
            service.start("first")
        assert len(service.state.exports) == takes_effect
        service.start("second")

    def test_a_fault_can_be_asked_for_over_http(self, service: Service) -> None:
        fault = {"operation": "ListAudienceExportJobs", "kind": "throttle", "times": 2}
        url = f"{service.emulator.url}/_faults"
        with urllib.request.urlopen(url, data=json.dumps(fault).encode()) as answer:
            assert answer.status == 204
        for _ in range(2):
            with pytest.raises(service.client.exceptions.ThrottlingException):
                service.listed()
        assert service.listed() == []

    def test_what_is_no_fault_is_refused(self, service: Service) -> None:
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(f"{service.emulator.url}/_faults", data=b'{"kind": "rain"}')
        with raised.value as error:
            assert error.code == 400
            assert b"rain" in error.read()


def test_a_catalog_says_when_a_generation_job_changes(tmp_path: Path) -> None:
    data = json.loads(catalog.DEMO.read_text())
    changes = {"becomes": "ACTIVE", "changesAfterSeconds": 60, "statusDetails": {"message": "No seeds."}}
    data["audienceGenerationJobs"][0] |= changes
    (tmp_path / "catalog.json").write_text(json.dumps(data))
    job = catalog.read(tmp_path / "catalog.json").jobs[JOB]
    assert (job.becomes, job.changes_after, job.status_details) == (
        "ACTIVE",
        timedelta(seconds=60),
        {"message": "No seeds."},
    )
