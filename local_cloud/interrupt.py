"""Ends a command in order on Ctrl-C, on a polite kill and when its terminal goes away."""

from __future__ import annotations

import signal
from types import FrameType


def end_in_order() -> None:
    """Turn the signals that ask for an end into KeyboardInterrupt, so that every `finally` runs; once is enough."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of signal handlers
    # What has begun to end is not interrupted again.
    for later in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(later, signal.SIG_IGN)
    raise KeyboardInterrupt
