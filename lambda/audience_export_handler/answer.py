"""The answer to CloudFormation: one PUT of a bounded body to the request's ResponseURL.

The URL is signed and is never logged; neither is an exception that might quote it.
"""

from __future__ import annotations

import json
import logging
import random
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

logger = logging.getLogger(__name__)

MAXIMUM_BYTES = 4096  # of the whole body; CloudFormation, custom resource response objects
_CUT = " … "
_TIMEOUT_SECONDS = 10
_TRIES = 3


class AnswerNotDelivered(Exception):
    """CloudFormation has not confirmed the answer; sending the same body again is right."""


def encode(body: dict[str, Any]) -> bytes:
    """Return the body as JSON of at most 4,096 UTF-8 bytes; a long Reason loses its middle, never its start."""
    reason = str(body.get("Reason", ""))
    kept = len(reason)
    encoded = _json(body)
    while len(encoded) > MAXIMUM_BYTES and kept > 0:
        kept = max(0, kept - max(len(_CUT), len(encoded) - MAXIMUM_BYTES))
        encoded = _json(body | {"Reason": _shortened(reason, kept)})
    if len(encoded) > MAXIMUM_BYTES:
        # Only an ARN near its limit of 2,048 beside a long output location gets here; the reader knows the ARN.
        data = {key: value for key, value in body.get("Data", {}).items() if key != "AudienceGenerationJobArn"}
        encoded = _json(body | {"Reason": _shortened(reason, 0), "Data": data})
    return encoded


def deliver(response_url: str, body: dict[str, Any], *, sleep: Callable[[float], None]) -> None:
    """PUT the body; AnswerNotDelivered after a few tries without a 2xx."""
    data = encode(body)
    for attempt in range(_TRIES):
        problem = _put(response_url, data)
        if problem is None:
            logger.info("Answered %s.", body["Status"])
            return
        logger.warning("The answer was not confirmed: %s", problem)
        if attempt + 1 < _TRIES:
            sleep(random.uniform(0.5, 1.5) * 2**attempt)  # noqa: S311 - jitter, not a secret
    raise AnswerNotDelivered(f"CloudFormation did not confirm the answer in {_TRIES} tries; last: {problem}")


def _put(response_url: str, data: bytes) -> str | None:
    """Return None for a 2xx, or what went wrong in words without the URL."""
    # The URL is signed for an empty content type.
    request = urllib.request.Request(response_url, data=data, method="PUT", headers={"Content-Type": ""})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310 - the URL is CloudFormation's
            return None
    except urllib.error.HTTPError as error:
        with error:
            return f"HTTP {error.code}"
    except OSError as error:
        return type(getattr(error, "reason", error)).__name__


def _shortened(reason: str, kept: int) -> str:
    """The head two thirds and the tail of what may be kept: the code stands first, the advice last."""
    if kept >= len(reason):
        return reason
    tail = kept // 3
    return reason[: kept - tail] + _CUT + (reason[-tail:] if tail else "")


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
