"""When CloudFormation made a request: its time-out runs from then, and a request of an earlier operation is stale.

An event can reach the handler minutes after it was sent, so the time at which it arrives says too little.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

from audience_export_handler.core.timing import OLDEST_EVENT


def requested_at(event: dict[str, Any], seen_at: datetime) -> datetime:
    """Return when the event was made: when its ResponseURL was signed, or `seen_at` if the URL does not say; UTC."""
    return signed_at(event, seen_at) or seen_at


def signed_at(event: dict[str, Any], seen_at: datetime) -> datetime | None:
    """Return when the event's ResponseURL was signed; None if it does not say so. Both times are UTC.

    A time that no delivery can explain, later than `seen_at` or long before it, is ignored.
    """
    signed = _signature_date(event)
    return signed if signed and seen_at - OLDEST_EVENT <= signed <= seen_at else None


def _signature_date(event: dict[str, Any]) -> datetime | None:
    """The X-Amz-Date of a URL signed by AWS Signature Version 4: the second in which it was signed.

    None if the URL cannot be parsed: the error would quote it, so it is not raised.
    """
    try:
        dates = parse_qs(urlsplit(str(event.get("ResponseURL", ""))).query).get("X-Amz-Date", [])
        return datetime.strptime(dates[0], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc) if dates else None
    except ValueError:
        return None
