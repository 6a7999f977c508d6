"""When a request was made: what the signature of its URL says, as far as that can be."""

from datetime import datetime, timedelta, timezone

import pytest

from audience_export_handler.core.request_time import requested_at
from audience_export_handler.core.timing import OLDEST_EVENT
from tests.builders.events import event

SEEN = datetime(2026, 3, 1, 12, 0, 30, tzinfo=timezone.utc)
URL = "https://bucket.s3.amazonaws.com/arn%3Aaws?X-Amz-Algorithm=AWS4-HMAC-SHA256{}&X-Amz-Expires=7200"


@pytest.mark.parametrize(
    "signed", [SEEN, SEEN - timedelta(seconds=1), SEEN - OLDEST_EVENT], ids=["now", "1 s ago", "64 min ago"]
)
def test_a_request_was_made_when_its_url_was_signed(signed: datetime) -> None:
    assert requested_at(event(url=URL.format(f"&X-Amz-Date={signed:%Y%m%dT%H%M%SZ}")), SEEN) == signed


@pytest.mark.parametrize(
    "date",
    [
        "",
        "&X-Amz-Date=",
        "&X-Amz-Date=yesterday",
        "&X-Amz-Date=20260301T115959",
        "&X-Amz-Date=20260301T105529Z",
        "&X-Amz-Date=20260301T120031Z",
    ],
    ids=["none", "empty", "no date", "no zone", "too long ago", "in the future"],
)
def test_otherwise_when_it_was_seen(date: str) -> None:
    assert requested_at(event(url=URL.format(date)), SEEN) == SEEN


@pytest.mark.parametrize("url", ["https://exa\u2100mple.com/?X-Amz-Date=20260301T115959Z", "https://[secret"])
def test_a_url_that_cannot_be_parsed_is_not_quoted_by_an_error(url: str) -> None:
    assert requested_at(event(url=url), SEEN) == SEEN


def test_an_event_without_a_url_was_made_when_it_was_seen() -> None:
    assert requested_at({}, SEEN) == SEEN
