"""What a Delete ends: the executions that still run for the resource. There is no export that could be deleted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from audience_export_handler.aws import cloudformation, step_functions
from audience_export_handler.core import timing
from audience_export_handler.core.facts import StackPhase
from audience_export_handler.core.request_time import requested_at, signed_at


def end_executions(event: dict[str, Any], clock: Callable[[], datetime]) -> None:
    """Stop the resource's executions that began before the Delete was made: it may come late, or again.

    If its ResponseURL does not say when that was, they are stopped only if the stack really deletes or rolls back.
    """
    if "StateMachineArn" not in (event.get("ResourceProperties") or {}):
        return  # of another release
    began = clock()
    requested = requested_at(event, began)
    if signed_at(event, began) or _is_ending(event, requested):
        last_call = began + timing.DELETE_LAST_CALL
        step_functions.stop_all(event, requested_at=requested, last_call=last_call, clock=clock)


def _is_ending(event: dict[str, Any], requested: datetime) -> bool:
    seconds = timing.DELETE_CALL_SECONDS
    phase = cloudformation.read_phase(event["StackId"], requested_at=requested, call_seconds=seconds)
    return phase in (StackPhase.ENDING, StackPhase.ROLLING_BACK)
