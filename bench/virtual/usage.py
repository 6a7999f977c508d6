"""What a run uses of AWS, in the units that AWS charges for."""

from __future__ import annotations

import logging
from collections import Counter

# What Lambda itself writes for an invocation: START, END and REPORT, as the developer guide shows these lines.
PLATFORM_LOG_BYTES = 275
_MB_OF_GB = 1024


class Usage(logging.Handler):
    """Counts of one run; as a handler of the log it counts the bytes of messages."""

    def __init__(self) -> None:
        super().__init__()
        self.invocations: Counter[str] = Counter()
        self.gb_seconds = 0.0
        self.transitions = 0
        self.log_bytes = 0

    def invoked(self, function: str, seconds: float, memory: int) -> None:
        """A function of so much memory (MB) has run for so long."""
        self.invocations[function] += 1
        self.gb_seconds += seconds * memory / _MB_OF_GB
        self.log_bytes += PLATFORM_LOG_BYTES

    def emit(self, record: logging.LogRecord) -> None:
        """Count a message."""
        self.log_bytes += len(record.getMessage().encode())
