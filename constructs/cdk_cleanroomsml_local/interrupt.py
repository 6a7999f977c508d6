"""Stops a command cleanly on Ctrl-C, on SIGTERM, and when its terminal is closed."""

from __future__ import annotations

import signal
import threading
from types import FrameType

# Set with the first signal.
_came = threading.Event()


def end_in_order() -> None:
    """Turn the first signal into KeyboardInterrupt, so that every `finally` block runs."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of signal handlers
    # Later signals must not interrupt the cleanup.
    for later in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(later, signal.SIG_IGN)
    _came.set()
    raise KeyboardInterrupt


def check() -> None:
    """Raise KeyboardInterrupt if a signal came: Python drops one that it raises in a callback, as during an import."""
    if _came.is_set():
        raise KeyboardInterrupt
