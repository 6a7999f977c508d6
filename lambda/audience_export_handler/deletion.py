"""What a Delete ends: the executions that still run for the resource. There is no export that could be deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from audience_export_handler import executions, stack
from audience_export_handler.request_time import asked_at
from audience_export_handler.stack import StackPhase

# All of it takes at most five seconds: no call begins after three, and none takes more than two, of which one is for
# the connection.
_LAST_CALL, _CALL_SECONDS = timedelta(seconds=3), 1


def end_executions(event: dict[str, Any], clock: Callable[[], datetime]) -> None:
    """Stop the resource's executions, if the stack really is at its end: a Delete may come late, or again."""
    if "StateMachineArn" not in (event.get("ResourceProperties") or {}):
        return  # of another release
    began = clock()
    asked = asked_at(event, began)
    phase = stack.read_phase(event["StackId"], asked_at=asked, call_seconds=_CALL_SECONDS)
    if phase in (StackPhase.ENDING, StackPhase.ROLLING_BACK):
        executions.stop_all(
            event, asked_at=asked, call_seconds=_CALL_SECONDS, last_call=began + _LAST_CALL, clock=clock
        )
