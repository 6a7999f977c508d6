"""An answer fits into what CloudFormation accepts, and counts only if that confirms it."""

import json
import urllib.request
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_export_handler.aws import response
from audience_export_handler.core.failure import AnswerNotDelivered
from audience_export_handler.core.timing import PUT_SECONDS
from tests.fakes.deployment import Deployment


def body(reason: str, **data: str) -> dict[str, Any]:
    return {"Status": "FAILED", "PhysicalResourceId": "id", "Reason": reason, "Data": data, "NoEcho": False}


def test_a_short_reason_is_sent_whole() -> None:
    assert json.loads(response.encode(body("why"))) == body("why")


@given(st.text(min_size=0, max_size=3000).map(lambda text: text * 3))
def test_the_body_is_never_too_long_and_the_reason_keeps_its_start(reason: str) -> None:
    encoded = response.encode(body(reason))
    assert len(encoded) <= 4096
    kept = json.loads(encoded)["Reason"]
    plain = reason.encode("utf-8", "replace").decode()
    assert kept == plain or (kept.startswith(plain[:300]) and " … " in kept)


@pytest.mark.parametrize(
    "letter", ["x", "é", "\U0001f600", '"', "\n"], ids=["ASCII", "two bytes", "four bytes", "escaped", "control"]
)
def test_a_long_reason_loses_its_middle(letter: str) -> None:
    encoded = response.encode(body(f"Code: {letter * 9000}. What to do next."))
    kept = json.loads(encoded)["Reason"]
    assert kept.startswith("Code: ")
    assert kept.endswith("What to do next.")
    assert 4080 < len(encoded) <= 4096


def test_attributes_that_do_not_fit_leave_out_the_arn() -> None:
    sent = body("", Name="n" * 63, OutputLocation="s3://" + "x" * 1280, AudienceGenerationJobArn="a" * 2700)
    kept = json.loads(response.encode(sent))
    assert set(kept["Data"]) == {"Name", "OutputLocation"}


@pytest.mark.parametrize("status", [403, 500, 302, None], ids=["403", "500", "302", "no answer"])
def test_only_a_2xx_counts_as_delivered(deployment: Deployment, status: int | None) -> None:
    deployment.endpoint.statuses = [status] * 3
    with pytest.raises(AnswerNotDelivered) as raised:
        response.deliver(
            deployment.endpoint.url, body("why"), sleep=deployment.clock.sleep, draw=deployment.chance.random
        )
    assert "Signature" not in str(raised.value)
    assert raised.value.may_have_arrived is (status is None)
    assert len(deployment.endpoint.bodies) == 3
    assert len(deployment.clock.slept) == 2


@pytest.mark.parametrize("statuses", [[None, 503, 503], [503, 503, None]], ids=["the first", "the last"])
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


BAD_URLS = {
    "no https": "http://127.0.0.1:1/?Signature=secret",
    "a file": "file:///etc/hostname?Signature=secret",
    "no URL": "Signature=secret",
    "a port that is no number": "https://127.0.0.1:Signature=secret/",
    "a space in it": "https://127.0.0.1:1/a b?Signature=secret",
}


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
