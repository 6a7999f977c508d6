"""Stops a command cleanly on Ctrl-C, on SIGTERM, and when its terminal is closed."""

from __future__ import annotations

import signal
from types import FrameType


def end_in_order() -> None:
    """Turn the first signal into KeyboardInterrupt, so that every `finally` block runs."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of signal handlers
    # Later signals must not interrupt the cleanup.
    for later in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(later, signal.SIG_IGN)
    raise KeyboardInterrupt
