"""An answer fits into what CloudFormation accepts, and counts only if that confirms it."""

import json
import socket
import urllib.error
import urllib.request
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audience_export_handler import lifecycle
from audience_export_handler.aws import response
from audience_export_handler.core.failure import AnswerNotDelivered
from audience_export_handler.core.timing import PUT_SECONDS
from tests.builders.arns import ACCOUNT, JOB
from tests.builders.requests import export
from tests.fakes.deployment import Deployment


def body(reason: str, **data: str) -> dict[str, Any]:
    return {"Status": "FAILED", "PhysicalResourceId": "id", "Reason": reason, "Data": data, "NoEcho": False}


def test_a_short_reason_is_sent_whole() -> None:
    assert json.loads(response.encode(body("why"))) == body("why")


@given(st.text(max_size=30), st.integers(0, 400))
@example("\udc80", 400)
@example("ab", 1900)
def test_the_body_is_never_too_long_and_the_reason_keeps_its_start(text: str, times: int) -> None:
    reason = text * times
    encoded = response.encode(body(reason))
    assert len(encoded) <= 4096
    kept = json.loads(encoded)["Reason"]
    plain = reason.encode("utf-8", "replace").decode()
    assert kept == plain or (kept.startswith(plain[:300]) and " ... " in kept)


def test_a_long_reason_keeps_two_parts_of_its_head_for_one_of_its_tail() -> None:
    kept = json.loads(response.encode(body("h" * 9000 + "t" * 9000)))["Reason"]
    head, tail = kept.split(" ... ")
    assert (set(head), set(tail)) == ({"h"}, {"t"})
    assert len(head) - 2 * len(tail) in (0, 1, 2)


def test_what_utf_8_cannot_hold_is_replaced() -> None:
    assert json.loads(response.encode(body("half a pair: \ud800")))["Reason"] == "half a pair: ?"


@pytest.mark.parametrize(
    "letter", ["x", "é", "\U0001f600", '"', "\n"], ids=["ASCII", "two bytes", "four bytes", "escaped", "control"]
)
def test_a_long_reason_loses_its_middle(letter: str) -> None:
    encoded = response.encode(body(f"Code: {letter * 9000}. What to do next."))
    kept = json.loads(encoded)["Reason"]
    assert kept.startswith("Code: ")
    assert kept.endswith("What to do next.")
    assert 4080 < len(encoded) <= 4096


TIME = "2026-03-01T12:00:00.123456+00:00"
# Everything but the two long attributes, as long as it can be: a name of 63 characters has up to three bytes for each.
LONGEST = {
    "Status": "SUCCESS",
    "PhysicalResourceId": f"{'n' * 63}-{'0' * 32}",
    "StackId": f"arn:aws-us-gov:cloudformation:us-gov-west-1:{ACCOUNT}:stack/{'S' * 128}/{'0' * 36}",
    "RequestId": "0" * 36,
    "LogicalResourceId": "L" * 255,
    "Reason": "",
    "NoEcho": False,
}
OF_LONGEST = {
    "Name": "\ufffd" * 63,
    "Status": "CREATE_IN_PROGRESS",
    "CreateTime": TIME,
    "UpdateTime": TIME,
    "AudienceSizeType": "PERCENTAGE",
    "AudienceSizeValue": "20000000",
}
BOTH = {"AudienceGenerationJobArn", "OutputLocation"}
LONG: dict[str, tuple[str, str, set[str]]] = {
    # 1,093 bytes: a bucket of 63 characters and a key of 1,024 bytes, the limits of S3.
    "as long as S3 allows": (JOB, f"s3://{'b' * 63}/{'é' * 512}", BOTH),
    "an ARN of 1,024 characters": (JOB.ljust(1024, "x"), f"s3://{'b' * 63}/{'k' * 1024}", BOTH),
    "as long as the API allows": (JOB.ljust(2048, "x"), "s3://".ljust(1285, "x"), {"OutputLocation"}),
    "as long as the API allows, two bytes each": (JOB.ljust(2048, "x"), "s3://".ljust(1285, "é"), {"OutputLocation"}),
    "as long as the API allows, four bytes each": (JOB.ljust(2048, "x"), "s3://".ljust(1285, "\U0001f600"), set()),
}


@pytest.mark.parametrize(("arn", "location", "kept"), LONG.values(), ids=list(LONG))
def test_the_longest_answers_fit_in_bytes_and_leave_long_attributes_out_whole(
    arn: str, location: str, kept: set[str]
) -> None:
    data = OF_LONGEST | {"AudienceGenerationJobArn": arn, "OutputLocation": location}
    encoded = response.encode(LONGEST | {"Data": data})
    assert len(encoded) <= 4096
    assert json.loads(encoded) == LONGEST | {"Data": {key: data[key] for key in data if key in {*OF_LONGEST, *kept}}}


def test_what_is_left_out_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    response.encode(LONGEST | {"Data": OF_LONGEST | {"OutputLocation": "s3://".ljust(4096, "x")}})
    assert "The answer has no attribute OutputLocation: it does not fit." in caplog.text


def test_the_longest_attributes_are_those_that_the_handler_sends() -> None:
    sent = lifecycle._attributes(export("mine"), of_job=False)
    assert {*OF_LONGEST, *BOTH} == sent.keys()


@pytest.mark.parametrize("letter", ["\ufffd", '"', "\\"], ids=["three bytes", "escaped", "a backslash"])
def test_a_failure_of_the_longest_export_fits_and_has_its_ends(letter: str) -> None:
    """A failed Update answers with the id that CloudFormation sent, of up to 1,024 bytes."""
    reason = f"CREATE_FAILED: {letter * 3000}. What to do next."
    sent = LONGEST | {"Status": "FAILED", "Reason": reason, "PhysicalResourceId": "i" * 1024, "Data": {}}
    encoded = response.encode(sent)
    assert 4080 < len(encoded) <= 4096
    kept = json.loads(encoded)["Reason"]
    assert kept.startswith("CREATE_FAILED: ")
    assert kept.endswith("What to do next.")


@pytest.mark.parametrize("status", [403, 500, 302, None], ids=["403", "500", "302", "no answer"])
def test_only_a_2xx_counts_as_delivered(deployment: Deployment, status: int | None) -> None:
    deployment.endpoint.statuses = [status] * 3
    with pytest.raises(AnswerNotDelivered) as raised:
        response.deliver(
            deployment.endpoint.url, body("why"), sleep=deployment.clock.sleep, draw=deployment.chance.random
        )
    assert "Signature" not in str(raised.value)
    assert raised.value.may_have_arrived is (status in (500, None)), "after a server error nobody knows"
    assert len(deployment.endpoint.bodies) == 3
    assert len(deployment.clock.slept) == 2


@pytest.mark.parametrize("statuses", [[None, 403, 403], [403, 403, None]], ids=["the first", "the last"])
def test_one_try_without_an_answer_may_have_arrived(deployment: Deployment, statuses: list[int | None]) -> None:
    deployment.endpoint.statuses = statuses
    with pytest.raises(AnswerNotDelivered) as raised:
        response.deliver(
            deployment.endpoint.url, body("why"), sleep=deployment.clock.sleep, draw=deployment.chance.random
        )
    assert raised.value.may_have_arrived


def test_tries_are_further_and_further_apart(deployment: Deployment) -> None:
    """At random, so that the answers of one deployment do not all come together again."""
    deployment.endpoint.statuses = [503, 503]
    response.deliver(deployment.endpoint.url, body("why"), sleep=deployment.clock.sleep, draw=lambda: 0.25)
    assert deployment.clock.slept == [0.75, 1.5]
    assert len(set(deployment.endpoint.raw)) == 1


def test_the_url_is_used_as_it_was_signed_and_not_waited_for_long(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is signed for an empty content type; three tries must fit into the function's time-out."""
    timeouts: list[float] = []
    really_open: Any = urllib.request.urlopen

    def watched(*arguments: Any, timeout: float, **more: Any) -> Any:
        timeouts.append(timeout)
        return really_open(*arguments, timeout=timeout, **more)

    monkeypatch.setattr(urllib.request, "urlopen", watched)
    response.deliver(deployment.endpoint.url, body("why"), sleep=deployment.clock.sleep, draw=lambda: 0.5)
    assert timeouts == [PUT_SECONDS]
    assert deployment.endpoint.headers[-1]["content-type"] == ""


def test_an_endpoint_that_is_not_there_is_not_delivered_to(deployment: Deployment) -> None:
    with pytest.raises(AnswerNotDelivered, match="ConnectionRefusedError") as raised:
        response.deliver(
            "https://127.0.0.1:1/answer", body("why"), sleep=deployment.clock.sleep, draw=deployment.chance.random
        )
    assert not raised.value.may_have_arrived


def test_a_host_that_is_not_known_is_not_delivered_to(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise urllib.error.URLError(socket.gaierror("Name or service not known"))

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    with pytest.raises(AnswerNotDelivered, match="gaierror") as raised:
        response.deliver("https://host/", body("why"), sleep=deployment.clock.sleep, draw=deployment.chance.random)
    assert not raised.value.may_have_arrived


BAD_URLS = {
    "no https": "http://127.0.0.1:1/?Signature=secret",
    "a file": "file:///etc/hostname?Signature=secret",
    "no URL": "Signature=secret",
    "a port that is no number": "https://127.0.0.1:Signature=secret/",
    "a space in it": "https://127.0.0.1:1/a b?Signature=secret",
    "half an address": "https://[::1/?Signature=secret",
    "a letter that cannot be sent": "https://127.0.0.1:1/?Signature=secret\u20ac",
}


@pytest.mark.parametrize("url", ["http://host/?Signature=s", "file:///etc/hostname", "ftp://host/", "HTTPS", ""])
def test_only_https_is_opened(deployment: Deployment, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    opened: list[object] = []
    monkeypatch.setattr(urllib.request, "urlopen", lambda request, **_: opened.append(request))
    with pytest.raises(AnswerNotDelivered, match="not https") as raised:
        response.deliver(url, body("why"), sleep=deployment.clock.sleep, draw=deployment.chance.random)
    assert opened == []
    assert not raised.value.may_have_arrived


@pytest.mark.parametrize("url", BAD_URLS.values(), ids=list(BAD_URLS))
def test_a_malformed_url_is_not_delivered_to_and_never_quoted(
    deployment: Deployment, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(AnswerNotDelivered) as raised:
        response.deliver(url, body("why"), sleep=deployment.clock.sleep, draw=deployment.chance.random)
    assert "secret" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None
    assert "secret" not in caplog.text
