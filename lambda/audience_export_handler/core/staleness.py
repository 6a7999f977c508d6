"""What a read of the stack's status can show. DescribeStacks is eventually consistent, so one stale read never decides.

For up to a minute it may show the status from before the request's operation: COMPLETE while an update is under way,
or an update that has become a rollback. Only a later operation is beyond doubt: a read cannot be ahead. A read that is
not answered shows nothing, so the stack is read again; at the deadline a rollback counts that was read a moment before.
"""

from __future__ import annotations

from datetime import timedelta

from audience_export_handler.core import timing
from audience_export_handler.core.facts import StackPhase
from audience_export_handler.core.situation import Situation
from cdk_cleanroomsml_contract import identity


def known_phase(situation: Situation) -> StackPhase | None:
    """Return the stack's phase as far as its reads can show it; None: read it again."""
    if not _was_read(situation):
        return StackPhase.ROLLING_BACK if is_last_read(situation) and _was_rolling_back(situation) else None
    if _may_have_gone_back(situation) and not is_last_read(situation):
        return None
    if situation.stack in (StackPhase.FORWARD, StackPhase.LATER) or cannot_be_stale(situation):
        return situation.stack
    return None


def may_be_rollback(situation: Situation) -> bool:
    """Return whether the request may be a rollback that no read has shown: an Update to what exists."""
    request = situation.request
    is_old_enough = situation.now - situation.requested_at >= timing.STALE_STACK
    is_shown = is_old_enough and _was_read(situation) and not _may_have_gone_back(situation)
    if not request.is_update or situation.stack is StackPhase.LATER or is_shown:
        return False
    names = (request.name,) if request.name_is_given else identity.ordinals(request.name)
    return any(one.name in names and one.audience_size == request.audience_size for one in situation.exports)


def cannot_be_stale(situation: Situation) -> bool:
    """Return whether the request is so old that no read is stale, or there is no time to read again."""
    return situation.now - situation.requested_at >= timing.STALE_STACK or is_last_read(situation)


def is_last_read(situation: Situation) -> bool:
    """Return whether there is no time to read the stack again."""
    next_read = situation.now + timedelta(seconds=timing.BEFORE_NEXT_READ)
    return next_read > timing.deadline(situation.requested_at, situation.request.timeout)


def _was_read(situation: Situation) -> bool:
    return situation.stack not in (None, StackPhase.UNREADABLE)


def _may_have_gone_back(situation: Situation) -> bool:
    """Whether the read may show the status from before a rollback once more."""
    return situation.stack is StackPhase.FORWARD and _was_rolling_back(situation)


def _was_rolling_back(situation: Situation) -> bool:
    """Whether a read showed a rollback, so recently that a read that shows none may be stale."""
    read_at = situation.progress.rolling_back_at
    return read_at is not None and situation.now - read_at < timing.STALE_STACK
