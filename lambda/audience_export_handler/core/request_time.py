"""When CloudFormation made a request: its time-out runs from then, and a request of an earlier operation is stale.

An event can reach the handler minutes after it was sent, so the time at which it arrives says too little.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

from audience_export_handler.core.timing import OLDEST_EVENT


def requested_at(event: dict[str, Any], seen_at: datetime) -> datetime:
    """Return when the event was made: when its ResponseURL was signed, or `seen_at` if the URL does not say.

    A time that no delivery can explain, later than `seen_at` or long before it, is ignored. Both are UTC.
    """
    signed_at = _signed_at(event)
    if signed_at is None or not seen_at - OLDEST_EVENT <= signed_at <= seen_at:
        return seen_at
    return signed_at


def _signed_at(event: dict[str, Any]) -> datetime | None:
    """The X-Amz-Date of a URL signed by AWS Signature Version 4: the second in which it was signed.

    None if the URL cannot be parsed: the error would quote it, so it is not raised.
    """
    try:
        dates = parse_qs(urlsplit(str(event.get("ResponseURL", ""))).query).get("X-Amz-Date", [])
        return datetime.strptime(dates[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc) if dates else None
    except ValueError:
        return None
