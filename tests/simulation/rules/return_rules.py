"""What must hold of an Update that goes back: in a rollback, or by an ordinary update to what the resource holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.simulation import bounds
from tests.simulation.model.request import Request
from tests.simulation.rules.invariant import Invariant

if TYPE_CHECKING:
    from tests.simulation.model.world import World


class ReturnRules:
    """The rules of such updates in one world; `started_by` has the request that started each export, by number."""

    def __init__(self, world: World, started_by: dict[int, Request]) -> None:
        self._world = world
        self._started_by = started_by

    def check_rollback(self, request: Request, body: dict[str, Any] | None) -> None:
        """A reversed Update failed, so the stack is stuck."""
        if not self._could_not_read(request, body):
            self._world.goes_wrong(
                Invariant.STACK_DECIDES, "the rollback is stuck at {}: {}", request, body and body["Reason"]
            )

    def check_return(self, request: Request, body: dict[str, Any]) -> None:
        """Without rollback, an Update back to what the resource holds failed; it may, if the export has failed."""
        may_fail = _code(body) in ("CREATE_FAILED", "DeadlineExceeded") or not self._has_living_export(request)
        if not may_fail and not self._could_not_read(request, body):
            self._world.goes_wrong(
                Invariant.STACK_DECIDES, "{} cannot go back to its own export: {}", request, body["Reason"]
            )

    def _has_living_export(self, request: Request) -> bool:
        """Whether an export of the request's identity exists that has not failed."""
        wanted, size = request.properties, request.properties["AudienceSize"]
        name, key = wanted.get("Name"), (wanted["AudienceGenerationJobArn"], size["Type"], int(size["Value"]))
        for export in self._world.account.exports:
            owner = self._started_by.get(export.number)
            is_its = export.name == name if name else owner is not None and owner.identity == request.identity
            is_its = is_its and (export.job.arn, export.size["type"], export.size["value"]) == key
            if is_its and self._world.account.status_of(export) != "CREATE_FAILED":
                return True
        return False

    def _could_not_read(self, request: Request, body: dict[str, Any] | None) -> bool:
        """Whether, at the deadline, the last listing failed or did not reach its end, or the last reading failed."""
        # Before its deadline a request lists and reads again; at it, it decides by the last reading, if it is young.
        is_late = self._world.timeline.now >= request.settle_by - bounds.LATE
        has_failed = request.last_listing_failed or request.last_ask_failed or request.last_ask_was_stale
        is_cut_off = _code(body) == "ListingTooSlow"
        return (is_late and (has_failed or is_cut_off)) or request.was_out_at_the_end()


def _code(body: dict[str, Any] | None) -> str:
    return body["Reason"].partition(":")[0] if body else ""
