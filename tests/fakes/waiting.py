"""Waits for something on the local cloud, which reports nothing by itself."""

import time
from collections.abc import Callable

_LOOK_EVERY_SECONDS = 0.2
_GIVE_UP_SECONDS = 180


def wait_until(holds: Callable[[], object], what: str) -> None:
    """Return as soon as it holds; AssertionError says what has not come about."""
    give_up = time.monotonic() + _GIVE_UP_SECONDS
    while not holds():
        assert time.monotonic() < give_up, f"still not so after {_GIVE_UP_SECONDS} s: {what}"
        time.sleep(_LOOK_EVERY_SECONDS)
