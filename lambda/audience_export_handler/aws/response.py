"""The only sender of an answer to CloudFormation: one PUT of a bounded body to the request's ResponseURL.

The URL is signed and is never logged; neither is an exception that might quote it.
"""

from __future__ import annotations

import http.client
import json
import logging
import ssl
import urllib.error
import urllib.request
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from audience_export_handler.core.failure import AnswerNotDelivered
from audience_export_handler.core.timing import PUT_SECONDS
from cdk_cleanroomsml_contract.attributes import AUDIENCE_GENERATION_JOB_ARN, OUTPUT_LOCATION

logger = logging.getLogger(__name__)

MAXIMUM_BYTES = 4096  # of the whole body; CloudFormation, custom resource response objects
_CUT = " ... "
# The two attributes that can be long: 2,048 and 1,285 characters. The ARN goes first, because the reader knows it.
_LONG_ATTRIBUTES = (AUDIENCE_GENERATION_JOB_ARN, OUTPUT_LOCATION)
_TRIES = 3
# Problems after which the answer has surely not arrived: it was refused, or never sent. A server error is not one.
_REFUSED = ("HTTP 3", "HTTP 4", "not https", "ConnectionRefusedError", "gaierror")


def encode(body: dict[str, Any]) -> bytes:
    """Return the body as JSON of at most 4,096 UTF-8 bytes.

    A long Reason loses its middle, never its start. Attributes that do not fit are left out whole, because a part of an
    ARN or a location would be wrong: then a template that refers to one fails, and others succeed.
    """
    encoded = _json(body)
    if len(encoded) <= MAXIMUM_BYTES:
        return encoded
    reason = str(body.get("Reason", ""))
    too_long = bisect_right(range(len(reason)), MAXIMUM_BYTES, key=lambda kept: len(_with_reason(body, reason, kept)))
    encoded = _with_reason(body, reason, max(0, too_long - 1))
    for attribute in _LONG_ATTRIBUTES:
        if len(encoded) > MAXIMUM_BYTES:
            logger.warning("The answer has no attribute %s: it does not fit.", attribute)
            body = body | {"Data": {key: value for key, value in body.get("Data", {}).items() if key != attribute}}
            encoded = _with_reason(body, reason, 0)
    return encoded


def deliver(
    response_url: str, body: dict[str, Any], *, sleep: Callable[[float], None], draw: Callable[[], float]
) -> None:
    """PUT the body; raises AnswerNotDelivered if no try returns 2xx."""
    data, may_have_arrived = encode(body), False
    for attempt in range(_TRIES):
        problem = _put(response_url, data)
        if problem is None:
            logger.info("Answered %s.", body["Status"])
            return
        logger.warning("The answer was not confirmed: %s", problem)
        may_have_arrived = may_have_arrived or not problem.startswith(_REFUSED)
        if attempt + 1 < _TRIES:
            sleep((0.5 + draw()) * 2**attempt)
    raise AnswerNotDelivered(
        f"CloudFormation did not confirm the answer in {_TRIES} tries; last: {problem}",
        may_have_arrived=may_have_arrived,
    )


def _put(response_url: str, data: bytes) -> str | None:
    """Return None for a 2xx, or what went wrong in words without the URL: some exceptions quote it."""
    if not response_url.startswith("https://"):
        return "not https"
    # A new context each time: since Python 3.12 urllib keeps the first one, with the authorities of that time.
    authorities = ssl.create_default_context()
    try:
        # The URL is signed for an empty content type.
        request = urllib.request.Request(response_url, data=data, method="PUT", headers={"Content-Type": ""})  # noqa: S310
        with urllib.request.urlopen(request, timeout=PUT_SECONDS, context=authorities):  # noqa: S310
            return None
    except urllib.error.HTTPError as error:
        with error:
            return f"HTTP {error.code}"
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)  # of a UnicodeError it is a text
        return type(reason if isinstance(reason, Exception) else error).__name__


def _with_reason(body: dict[str, Any], reason: str, kept: int) -> bytes:
    """The body with so many characters of the reason: two thirds from its head, where the code is, and its tail."""
    tail = kept // 3
    shortened = reason[: kept - tail] + _CUT + reason[len(reason) - tail :] if reason else ""
    return _json(body | {"Reason": shortened})


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
