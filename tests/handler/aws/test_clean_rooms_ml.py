"""How the service's pages, members and errors are read: a decision can only be as right as that."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from audience_export_handler.aws import clean_rooms_ml
from audience_export_handler.core.facts import ErrorKind, ExportJob, JobMetrics, RefusalFacts, ServiceError
from cdk_cleanroomsml_contract.export_properties import AudienceSize
from cdk_cleanroomsml_local.readings import Readings
from tests.builders.arns import ACCOUNT, FAILING_JOB, JOB
from tests.builders.requests import START, TEN, TWENTY, create
from tests.fakes.deployment import Deployment

LIST, BEGIN = "list_audience_export_jobs", "start_audience_export_job"
SUMMARY: dict[str, Any] = {
    "name": "mine",
    "audienceGenerationJobArn": JOB,
    "audienceSize": {"type": "PERCENTAGE", "value": 10},
    "status": "ACTIVE",
    "createTime": START,
    "updateTime": START + timedelta(minutes=5),
}
MODEL = f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:configured-audience-model/77777777-2222-4333-8444-555555555555"


def always() -> bool:
    return True


def never() -> bool:
    return False


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """boto3's own client, which returns what a test gives it, if the service's model allows that."""
    client: Any = boto3.client("cleanroomsml", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    monkeypatch.setattr(clean_rooms_ml, "_client", lambda: client)
    with Stubber(client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


class TestListing:
    def test_goes_on_to_its_next_page_only_in_time(self, deployment: Deployment) -> None:
        deployment.emulator.service.readings = Readings(page_size=1)
        for name in ("a", "b"):
            deployment.start_elsewhere(name)
        assert len(clean_rooms_ml.list_exports(JOB, always)) == 2
        with pytest.raises(ServiceError, match="ListingTooSlow") as raised:
            clean_rooms_ml.list_exports(JOB, never)
        assert raised.value.kind is ErrorKind.UNANSWERED
        assert clean_rooms_ml.list_account(JOB, never) is None
        assert len(deployment.emulator.calls) == 3, "not even the first page of the account is listed"

    def test_reads_every_member(self, stub: Stubber) -> None:
        details = {"statusCode": "DENIED", "message": "no bucket"}
        failed = SUMMARY | {"status": "CREATE_FAILED", "statusDetails": details, "outputLocation": "s3://b/k/"}
        stub.add_response(LIST, {"audienceExportJobs": [failed]})
        updated = START + timedelta(minutes=5)
        assert clean_rooms_ml.list_exports(JOB, always) == (
            ExportJob("mine", JOB, TEN, "CREATE_FAILED", START, updated, "s3://b/k/", "DENIED", "no bucket"),
        )

    def test_reads_an_export_without_the_optional_members(self, stub: Stubber) -> None:
        stub.add_response(LIST, {"audienceExportJobs": [SUMMARY]})
        [export] = clean_rooms_ml.list_exports(JOB, always)
        assert (export.output_location, export.status_code, export.status_message) == ("", "", "")

    def test_times_are_utc(self, stub: Stubber) -> None:
        """A decision compares them, and an attribute shows one."""
        local = START.astimezone(timezone(timedelta(hours=2)))
        stub.add_response(LIST, {"audienceExportJobs": [SUMMARY | {"createTime": local, "updateTime": local}]})
        [export] = clean_rooms_ml.list_exports(JOB, always)
        assert export.create_time.isoformat() == export.update_time.isoformat() == "2026-03-01T12:00:00+00:00"

    def test_asks_for_the_job_in_the_largest_pages(self, stub: Stubber) -> None:
        expected = {"audienceGenerationJobArn": JOB, "maxResults": 100}
        stub.add_response(LIST, {"audienceExportJobs": []}, expected)
        assert clean_rooms_ml.list_exports(JOB, always) == ()

    def test_exports_of_another_generation_job_do_not_count(self, stub: Stubber) -> None:
        """Names are those of a generation job: one of another job must not look like the request's own."""
        other = SUMMARY | {"audienceGenerationJobArn": FAILING_JOB}
        stub.add_response(LIST, {"audienceExportJobs": [other, SUMMARY]})
        assert [one.audience_generation_job_arn for one in clean_rooms_ml.list_exports(JOB, always)] == [JOB]

    def test_a_summary_may_show_the_job_under_the_arn_of_the_other_account(self, stub: Stubber) -> None:
        """In the two-party flow a generation job has one ARN for each account."""
        theirs = JOB.replace(ACCOUNT, "444455556666")
        elsewhere = theirs.replace("us-east-1", "eu-west-1")
        summaries = [SUMMARY | {"audienceGenerationJobArn": arn} for arn in (theirs, elsewhere)]
        stub.add_response(LIST, {"audienceExportJobs": summaries})
        assert [one.audience_generation_job_arn for one in clean_rooms_ml.list_exports(JOB, always)] == [JOB]

    def test_the_account_s_exports_are_those_of_every_generation_job(self, stub: Stubber) -> None:
        other = SUMMARY | {"audienceGenerationJobArn": FAILING_JOB}
        stub.add_response(LIST, {"audienceExportJobs": [other, SUMMARY]}, {"maxResults": 100})
        listed = clean_rooms_ml.list_account(JOB, always)
        assert listed is not None
        assert [one.audience_generation_job_arn for one in listed] == [FAILING_JOB, JOB]

    def test_the_account_s_exports_show_the_request_s_job_under_its_own_arn(self, stub: Stubber) -> None:
        """Otherwise a conflict with an export of this job would be with one of another account's."""
        theirs = SUMMARY | {"audienceGenerationJobArn": JOB.replace(ACCOUNT, "444455556666")}
        stub.add_response(LIST, {"audienceExportJobs": [theirs]}, {"maxResults": 100})
        listed = clean_rooms_ml.list_account(JOB, always)
        assert listed is not None
        assert [one.audience_generation_job_arn for one in listed] == [JOB]

    @pytest.mark.parametrize(
        ("code", "status", "kind"),
        [
            ("ValidationException", 400, ErrorKind.UNANSWERED),
            ("ThrottlingException", 429, ErrorKind.THROTTLED),
            ("AccessDeniedException", 403, ErrorKind.DENIED),
        ],
    )
    def test_whose_next_page_is_refused_begins_anew(
        self, stub: Stubber, code: str, status: int, kind: ErrorKind
    ) -> None:
        """The token of a page may have expired; the same refusal of a first page is final."""
        stub.add_response(LIST, {"audienceExportJobs": [SUMMARY], "nextToken": "2"})
        stub.add_client_error(LIST, code, "no", status)
        error = list_refused()
        assert (error.code, error.message, error.kind) == (code, "no", kind)

    def test_the_account_s_exports_are_best_effort(self, stub: Stubber) -> None:
        stub.add_client_error(LIST, "AccessDeniedException", http_status_code=403)
        assert clean_rooms_ml.list_account(JOB, always) is None


# HTTP status, error code, and what the error says about the call.
ERRORS: dict[str, tuple[int, str, ErrorKind]] = {
    "validation": (400, "ValidationException", ErrorKind.REFUSED),
    "denied": (403, "AccessDeniedException", ErrorKind.DENIED),
    "not found": (404, "ResourceNotFoundException", ErrorKind.REFUSED),
    "conflict": (409, "ConflictException", ErrorKind.REFUSED),
    "quota": (402, "ServiceQuotaExceededException", ErrorKind.REFUSED),
    "a code that nobody knows": (400, "SomethingNewException", ErrorKind.REFUSED),
    "status 499": (499, "SomethingNewException", ErrorKind.REFUSED),
    "throttled, as the model says": (429, "ThrottlingException", ErrorKind.THROTTLED),
    "status 429 with another code": (429, "SlowDown", ErrorKind.THROTTLED),
    "ThrottlingException with status 400": (400, "ThrottlingException", ErrorKind.THROTTLED),
    "Throttling with status 400": (400, "Throttling", ErrorKind.THROTTLED),
    "TooManyRequestsException with status 400": (400, "TooManyRequestsException", ErrorKind.THROTTLED),
    "RequestLimitExceeded with status 503": (503, "RequestLimitExceeded", ErrorKind.THROTTLED),
    "ThrottledException with status 400": (400, "ThrottledException", ErrorKind.THROTTLED),
    "status 401 with another code": (401, "SomethingNewException", ErrorKind.DENIED),
    "status 403 with another code": (403, "ForbiddenException", ErrorKind.DENIED),
    "denied as of old": (403, "AccessDenied", ErrorKind.DENIED),
    "not authorized": (400, "NotAuthorized", ErrorKind.DENIED),
    "unknown credentials": (403, "UnrecognizedClientException", ErrorKind.DENIED),
    "unknown key": (403, "InvalidClientTokenId", ErrorKind.DENIED),
    "unknown key, as a bad request": (400, "InvalidClientTokenId", ErrorKind.DENIED),
    "expired credentials": (403, "ExpiredTokenException", ErrorKind.DENIED),
    "expired token": (400, "ExpiredToken", ErrorKind.DENIED),
    "no token": (403, "MissingAuthenticationTokenException", ErrorKind.DENIED),
    "a signature that is not known": (403, "InvalidSignatureException", ErrorKind.DENIED),
    "a signature that does not match": (403, "SignatureDoesNotMatch", ErrorKind.DENIED),
    "a signature with parts missing": (400, "IncompleteSignature", ErrorKind.DENIED),
    "a request that took too long": (400, "RequestTimeoutException", ErrorKind.UNANSWERED),
    "status 500": (500, "InternalServerException", ErrorKind.UNANSWERED),
    "status 503": (503, "ServiceUnavailable", ErrorKind.UNANSWERED),
}


def start_refused(name: Any = "mine") -> ServiceError:
    with pytest.raises(ServiceError) as raised:
        clean_rooms_ml.start_export(create("mine"), name)
    return raised.value


def list_refused() -> ServiceError:
    with pytest.raises(ServiceError) as raised:
        clean_rooms_ml.list_exports(JOB, always)
    return raised.value


class TestErrors:
    @pytest.mark.parametrize("operation", [BEGIN, LIST], ids=["start", "list"])
    @pytest.mark.parametrize(("status", "code", "kind"), ERRORS.values(), ids=list(ERRORS))
    def test_what_an_error_says_about_the_call(
        self, stub: Stubber, *, status: int, code: str, kind: ErrorKind, operation: str
    ) -> None:
        stub.add_client_error(operation, code, "the words of the service", status)
        error = start_refused() if operation == BEGIN else list_refused()
        assert (error.code, error.message, error.kind) == (code, "the words of the service", kind)
        assert error.quota_value is None

    def test_an_error_without_code_and_message_still_has_words(self, stub: Stubber) -> None:
        stub.add_client_error(LIST, "", "", 400)
        assert str(list_refused()) == "UnknownError: the service gave no message"

    def test_the_value_of_a_quota_is_read_if_the_sdk_models_it(self, stub: Stubber) -> None:
        modeled = {"message": "full", "quotaName": "exports", "quotaValue": 20.0}
        stub.add_client_error(BEGIN, "ServiceQuotaExceededException", "full", 402, modeled_fields=modeled)
        assert start_refused().quota_value == 20

    def test_no_answer_says_nothing_about_the_effect(self, deployment: Deployment) -> None:
        def fail(**rest: object) -> None:
            raise EndpointConnectionError(endpoint_url="https://127.0.0.1:1")

        clean_rooms_ml._client().meta.events.register("before-send", fail)
        error = start_refused()
        assert (error.code, error.kind) == ("EndpointConnectionError", ErrorKind.UNANSWERED)

    def test_what_boto3_itself_refuses_is_a_refusal(self, deployment: Deployment) -> None:
        error = start_refused(name=None)
        assert (error.code, error.kind) == ("ValidationException", ErrorKind.REFUSED)
        assert deployment.emulator.calls == []


class TestStart:
    def test_sends_only_what_is_declared(self, stub: Stubber) -> None:
        sent = {
            "name": "mine-2",
            "audienceGenerationJobArn": JOB,
            "audienceSize": {"type": "PERCENTAGE", "value": 10},
        }
        answer: dict[str, Any] = {}
        stub.add_response(BEGIN, answer, sent)
        clean_rooms_ml.start_export(create("mine"), "mine-2")
        stub.add_response(BEGIN, answer, sent | {"description": "for spring"})
        clean_rooms_ml.start_export(create("mine", Description="for spring"), "mine-2")


def add_job(stub: Stubber, **changes: Any) -> None:
    time = datetime(2026, 3, 1, tzinfo=timezone.utc)
    job = {"createTime": time, "updateTime": time, "audienceGenerationJobArn": JOB, "name": "job"}
    job |= {"status": "ACTIVE", "configuredAudienceModelArn": MODEL}
    stub.add_response("get_audience_generation_job", job | changes, {"audienceGenerationJobArn": JOB})


class TestModelAccount:
    @pytest.mark.parametrize(
        ("arn", "account"),
        [(MODEL, ACCOUNT), (MODEL.replace(ACCOUNT, "444455556666"), "444455556666")],
        ids=["own", "another"],
    )
    def test_is_the_account_in_the_arn_of_the_model(self, stub: Stubber, arn: str, account: str) -> None:
        add_job(stub, configuredAudienceModelArn=arn)
        assert clean_rooms_ml.read_model_account(JOB) == account

    def test_is_empty_if_the_job_cannot_be_read(self, stub: Stubber) -> None:
        stub.add_client_error("get_audience_generation_job", "AccessDeniedException", http_status_code=403)
        assert clean_rooms_ml.read_model_account(JOB) == ""


class TestMetrics:
    def test_are_the_scores_of_the_sizes_and_the_recall(self, stub: Stubber) -> None:
        sizes = [{"type": "PERCENTAGE", "value": value} for value in (10, 20)]
        measured = [{"audienceSize": sizes[0], "score": 0.5}, {"audienceSize": sizes[1]}]
        add_job(stub, metrics={"relevanceMetrics": measured, "recallMetric": 0.25})
        assert clean_rooms_ml.read_metrics(JOB) == JobMetrics("ACTIVE", {TEN: 0.5}, 0.25)

    def test_are_empty_if_they_are_not_shared(self, stub: Stubber) -> None:
        add_job(stub)
        assert clean_rooms_ml.read_metrics(JOB) == JobMetrics("ACTIVE", {}, None)

    def test_of_a_job_that_cannot_be_read_are_an_error(self, stub: Stubber) -> None:
        stub.add_client_error("get_audience_generation_job", "AccessDeniedException", "no", 403)
        with pytest.raises(ServiceError, match="AccessDeniedException: no"):
            clean_rooms_ml.read_metrics(JOB)


class TestRefusalFacts:
    def add_model(self, stub: Stubber, **changes: Any) -> None:
        model: dict[str, Any] = {
            "createTime": START,
            "updateTime": START,
            "configuredAudienceModelArn": MODEL,
            "name": "model",
            "audienceModelArn": MODEL.replace("configured-", ""),
            "outputConfig": {
                "destination": {"s3Destination": {"s3Uri": "s3://b/k/"}},
                "roleArn": f"arn:aws:iam::{ACCOUNT}:role/writer",
            },
            "status": "ACTIVE",
            "sharedAudienceMetrics": ["ALL"],
        }
        stub.add_response("get_configured_audience_model", model | changes, {"configuredAudienceModelArn": MODEL})

    def read(self) -> RefusalFacts:
        return clean_rooms_ml.read_refusal_facts(JOB, always)

    def test_of_an_active_job_are_the_sizes_that_it_has(self, stub: Stubber) -> None:
        measured = [{"audienceSize": {"type": "PERCENTAGE", "value": 20}}]
        add_job(stub, metrics={"relevanceMetrics": measured})
        self.add_model(stub, audienceSizeConfig={"audienceSizeType": "ABSOLUTE", "audienceSizeBins": [1, 5]})
        offered = (AudienceSize("ABSOLUTE", 1), AudienceSize("ABSOLUTE", 5))
        assert self.read() == RefusalFacts("", offered, (TWENTY,), ACCOUNT)

    def test_of_a_job_that_is_not_active_are_its_status_too(self, stub: Stubber) -> None:
        add_job(stub, status="CREATE_FAILED")
        self.add_model(stub)
        assert self.read() == RefusalFacts("CREATE_FAILED", model_account=ACCOUNT)

    def test_are_empty_if_the_job_cannot_be_read(self, stub: Stubber) -> None:
        stub.add_client_error("get_audience_generation_job", "AccessDeniedException", http_status_code=403)
        assert self.read() == RefusalFacts(unread=ErrorKind.DENIED)

    def test_of_a_failed_job_are_its_details(self, stub: Stubber) -> None:
        add_job(stub, status="CREATE_FAILED", statusDetails={"statusCode": "BAD_DATA", "message": "No seeds."})
        self.add_model(stub)
        assert self.read().job_details == "BAD_DATA: No seeds."

    @pytest.mark.parametrize(("status", "calls"), [("CREATE_PENDING", 1), ("ACTIVE", 2)])
    def test_leave_out_the_model_while_the_job_is_waited_for(
        self, deployment: Deployment, status: str, calls: int
    ) -> None:
        service = deployment.emulator.service
        service.jobs[JOB] = replace(service.jobs[JOB], status=status)
        found = clean_rooms_ml.read_refusal_facts(JOB, always, is_waiting=True)
        assert bool(found.offered) == (calls > 1)
        assert len(deployment.emulator.calls) == calls

    def test_leave_out_the_model_if_that_cannot_be_read(self, stub: Stubber) -> None:
        add_job(stub, status="CREATE_FAILED")
        stub.add_client_error("get_configured_audience_model", "AccessDeniedException", http_status_code=403)
        assert self.read() == RefusalFacts("CREATE_FAILED", model_account=ACCOUNT)

    def test_leave_out_the_model_if_time_is_up(self, deployment: Deployment) -> None:
        assert clean_rooms_ml.read_refusal_facts(JOB, never).offered == ()
        assert [call.operation for call in deployment.emulator.calls] == ["GetAudienceGenerationJob"]


def test_no_call_is_repeated_or_outlasts_its_share_of_the_function(deployment: Deployment) -> None:
    """botocore's retries would send a start twice; its 60 s of waiting would outlast the function."""
    config: Any = clean_rooms_ml._client().meta.config
    assert config.retries["total_max_attempts"] == 1
    assert (config.connect_timeout, config.read_timeout) == (5, 10)
