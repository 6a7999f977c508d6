"""What the answers of Clean Rooms ML become, and its errors: a member that is read wrongly is wrong everywhere."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from cdk_cleanroomsml_cli import service
from cdk_cleanroomsml_cli.facts import GenerationJob, ListedExport, Unread
from cdk_cleanroomsml_contract.export_properties import AudienceSize
from tests.builders.arns import ACCOUNT, JOB, OTHER_JOB
from tests.builders.exports import AT, TEN, TWENTY, listed
from tests.fakes.answers import Answers, NotFoundError
from tests.fakes.aws_clients import error

MODEL = f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:configured-audience-model/1"
SHARED = JOB.replace(ACCOUNT, "444455556666")
NO_ANSWER = ConnectTimeoutError(endpoint_url="https://example.com")
# AWS answers in the time zone of the machine.
LOCAL = timezone(timedelta(hours=2))


def summary(**changes: Any) -> dict[str, Any]:
    one = {
        "name": "mine",
        "audienceGenerationJobArn": JOB,
        "audienceSize": {"type": "PERCENTAGE", "value": 10},
        "status": "ACTIVE",
        "createTime": AT.astimezone(LOCAL),
    }
    return one | changes


def listing(*summaries: dict[str, Any]) -> Answers:
    return Answers(list_audience_export_jobs=[{"audienceExportJobs": [one]} for one in summaries])


def job_client(model: object = None, **changes: Any) -> Answers:
    answer = {"status": "ACTIVE", "configuredAudienceModelArn": MODEL} | changes
    return Answers(get_audience_generation_job=answer, get_configured_audience_model=model or {})


class TestListing:
    def test_every_page_is_read(self) -> None:
        client = listing(summary(), summary(name="other"))
        assert service.list_exports(client) == (listed("mine"), listed("other"))

    def test_it_is_of_the_account_or_of_a_job(self) -> None:
        client = listing(summary())
        pages = {"PaginationConfig": {"PageSize": 100}}
        service.list_exports(client)
        service.list_exports(client, JOB)
        filters = [request for _, request in client.requests]
        assert filters == [pages, pages | {"audienceGenerationJobArn": JOB}]

    def test_times_are_utc(self) -> None:
        updated = datetime(2026, 3, 1, 14, 0, tzinfo=LOCAL)
        [export] = read(summary(updateTime=updated))
        assert export.created.isoformat() == "2026-03-01T11:50:00+00:00"
        assert export.updated.isoformat() == "2026-03-01T12:00:00+00:00"

    def test_an_export_without_an_update_was_updated_when_it_was_created(self) -> None:
        [export] = read(summary())
        assert export.updated.isoformat() == "2026-03-01T11:50:00+00:00"

    def test_a_shared_job_has_the_requested_arn(self) -> None:
        assert read(summary(audienceGenerationJobArn=SHARED))[0].job == SHARED
        assert read(summary(audienceGenerationJobArn=SHARED), job=JOB)[0].job == JOB
        assert read(summary(audienceGenerationJobArn=OTHER_JOB), job=JOB)[0].job == OTHER_JOB

    @pytest.mark.parametrize(
        ("raised", "code"),
        [(error("List", "AccessDenied", "not you"), "AccessDenied"), (NO_ANSWER, "ConnectTimeoutError")],
    )
    def test_one_that_fails_is_unread(self, raised: Exception, code: str) -> None:
        found = service.list_exports(Answers(list_audience_export_jobs=raised))
        assert isinstance(found, Unread)
        assert (found.operation, found.code) == ("ListAudienceExportJobs", code)


def read(*summaries: dict[str, Any], job: str | None = None) -> tuple[ListedExport, ...]:
    found = service.list_exports(listing(*summaries), job)
    assert not isinstance(found, Unread)
    return found


class TestJob:
    def test_it_has_the_sizes_of_its_model_and_its_own_scores(self) -> None:
        metrics = [
            {"audienceSize": {"type": "PERCENTAGE", "value": 10}, "score": 0.8},
            {"audienceSize": {"type": "ABSOLUTE", "value": 500}},
        ]
        model = {"audienceSizeConfig": {"audienceSizeType": "PERCENTAGE", "audienceSizeBins": [10, 20]}}
        client = job_client(model, metrics={"relevanceMetrics": metrics})
        scores = {TEN: 0.8, AudienceSize("ABSOLUTE", 500): None}
        assert service.read_job(client, JOB) == GenerationJob("ACTIVE", (TEN, TWENTY), scores, ACCOUNT)
        assert client.requests == [
            ("get_audience_generation_job", {"audienceGenerationJobArn": JOB}),
            ("get_configured_audience_model", {"configuredAudienceModelArn": MODEL}),
        ]

    @pytest.mark.parametrize(
        "metrics", [{}, {"metrics": None}, {"metrics": {}}, {"metrics": {"relevanceMetrics": None}}]
    )
    @pytest.mark.parametrize("model", [{}, {"audienceSizeConfig": None}])
    def test_what_is_not_shared_is_empty(self, metrics: Any, model: object) -> None:
        assert service.read_job(job_client(model, **metrics), JOB) == GenerationJob("ACTIVE", (), {}, ACCOUNT)

    def test_a_model_without_bins_lists_no_size(self) -> None:
        model = {"audienceSizeConfig": {"audienceSizeType": "PERCENTAGE"}}
        assert service.read_job(job_client(model), JOB) == GenerationJob("ACTIVE", (), {}, ACCOUNT)

    @pytest.mark.parametrize(("model", "calls"), [("", 1), ("a-model", 2)])
    def test_without_the_arn_of_a_model_its_account_is_not_known(self, model: str, calls: int) -> None:
        client = job_client(configuredAudienceModelArn=model)
        assert service.read_job(client, JOB) == GenerationJob("ACTIVE")
        assert len(client.requests) == calls

    def test_an_answer_without_a_model_is_read_too(self) -> None:
        client = Answers(get_audience_generation_job={"status": "CREATE_PENDING"})
        assert service.read_job(client, JOB) == GenerationJob("CREATE_PENDING")

    @pytest.mark.parametrize(
        ("raised", "code"),
        [(error("Get", "AccessDenied", "not you"), "AccessDenied"), (NO_ANSWER, "ConnectTimeoutError")],
    )
    def test_what_fails_is_unread(self, raised: Exception, code: str) -> None:
        client = Answers(get_audience_generation_job=raised)
        for found in (service.read_job(client, JOB), service.is_being_created(client, JOB)):
            assert isinstance(found, Unread)
            assert (found.operation, found.code) == ("GetAudienceGenerationJob", code)

    @pytest.mark.parametrize(
        ("raised", "code"),
        [(error("Get", "AccessDenied", "not you"), "AccessDenied"), (NO_ANSWER, "ConnectTimeoutError")],
    )
    def test_a_model_that_cannot_be_read_leaves_the_job_readable(self, raised: Exception, code: str) -> None:
        found = service.read_job(job_client(raised), JOB)
        assert isinstance(found, GenerationJob)
        assert isinstance(found.offered, Unread)
        assert (found.status, found.model_account) == ("ACTIVE", ACCOUNT)
        assert (found.offered.operation, found.offered.code) == ("GetConfiguredAudienceModel", code)

    def test_one_that_does_not_exist_has_no_status(self) -> None:
        client = Answers(get_audience_generation_job=NotFoundError())
        assert service.read_job(client, JOB) == GenerationJob("")
        assert service.is_being_created(client, JOB) is False

    def test_whether_it_is_being_created(self) -> None:
        client = job_client(status="CREATE_PENDING")
        assert service.is_being_created(client, JOB) is True
        assert client.requests == [("get_audience_generation_job", {"audienceGenerationJobArn": JOB})]
        assert service.is_being_created(job_client(), JOB) is False


def test_an_export_gets_the_arn_that_its_job_has_in_an_account() -> None:
    assert service.in_account(listed("mine", job=SHARED), ACCOUNT) == listed("mine", job=JOB)


class TestUnread:
    def test_an_error_of_the_service_has_its_code_and_message(self) -> None:
        assert service.unread("Get", error("Get", "AccessDenied", "not you")) == Unread(
            "Get", "AccessDenied", "not you"
        )

    @pytest.mark.parametrize("response", [{}, {"Error": {"Code": "", "Message": ""}}])
    def test_an_error_without_a_code_has_one_too(self, response: Any) -> None:
        assert service.unread("Get", ClientError(response, "Get")) == Unread("Get", "UnknownError", "")

    def test_a_call_without_an_answer_is_named_by_its_type(self) -> None:
        found = service.unread("Get", NO_ANSWER)
        assert found == Unread("Get", "ConnectTimeoutError", str(NO_ANSWER))
        assert "example.com" in found.message
