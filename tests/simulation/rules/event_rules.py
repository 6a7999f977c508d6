"""What must hold of the events: each is true, and none is missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.simulation import bounds
from tests.simulation.model.request import Request
from tests.simulation.rules.invariant import Invariant

if TYPE_CHECKING:
    from cdk_cleanroomsml_local.clean_rooms_ml import Export
    from tests.simulation.model.cloudformation import Stack
    from tests.simulation.model.world import World

_DONE = ("ACTIVE", "CREATE_FAILED")
# Part of the reason of a request that has no verdict.
_HANDLER_FAILED = "failed on every try"


class EventRules:
    """Sees every event of a world; `missing` is for its end."""

    def __init__(self, world: World, started_by: dict[int, Request]) -> None:
        self._world, self._started_by = world, started_by
        self._published: set[tuple[str, str, int]] = set()

    def published(self, stack: Stack, request: Request, entry: dict[str, Any]) -> None:
        """EventBridge takes an event."""
        world, detail, now = self._world, entry["Detail"], self._world.timeline.now
        world.tell("EVENT for {}: {} is {}", request, detail["name"], detail["status"])
        if "X-Amz-Signature" in json.dumps(entry):
            world.goes_wrong(Invariant.SECRETS, "an event has a ResponseURL")
        export = self._export_of(detail)
        if export is None:
            world.goes_wrong(Invariant.EVENTS, "an event for {} is about no export: {}", request, detail)
            return
        if world.account.status_of(export) != detail["status"] or detail["status"] not in _DONE:
            world.goes_wrong(Invariant.EVENTS, "an event for {} has another status: {}", request, detail)
        if (detail["stackId"], detail["logicalResourceId"]) != (stack.id, request.event["LogicalResourceId"]):
            world.goes_wrong(Invariant.EVENTS, "an event for {} names another resource: {}", request, detail)
        if not request.bodies:
            world.goes_wrong(Invariant.EVENTS, "an event for {} comes before its answer", request)
        elif self._is_late_for_deleted(stack, request, export, now):
            world.goes_wrong(Invariant.EVENTS, "an event for {} comes after its resource was deleted", request)
        if (
            request.keeps_its_export
            and request.held_since == detail["createTime"]
            and self._ended_before(request, export)
        ):
            world.goes_wrong(Invariant.EVENTS, "{} publishes again what ended before it", request)
        self._published.add((stack.id, request.event["LogicalResourceId"], export.number))

    def missing(self) -> Iterator[str]:
        """Which events are missing, now that nothing happens any more."""
        for request in self._world.requests.values():
            if self._is_heard_of(request):
                for export in self._left_by(request):
                    if self._is_missing(request, export):
                        yield f"no event says that export {export.number} of {request} has ended"

    def _is_missing(self, request: Request, export: Export) -> bool:
        world, logical_id = self._world, request.event["LogicalResourceId"]
        ended_at = world.second_of(world.account.ended_at(export))
        answered_id = request.bodies[0]["PhysicalResourceId"]
        until = max(ended_at, request.answered_at) + self._patience()
        resources = request.stack.shown_resources
        if ended_at - request.answered_at > bounds.FOLLOWED_AT_LEAST:
            return False
        if not resources.held_between(logical_id, answered_id, request.answered_at + 1, until):
            return False
        if self._is_confused(request, export):
            return False
        return (request.stack.id, logical_id, export.number) not in self._published

    def _patience(self) -> float:
        """Within how many seconds of its end an export has its event."""
        weather = self._world.weather
        if weather.is_calm:
            return bounds.EVENT_WITHIN_IN_CALM
        return bounds.EVENT_WITHIN + sum(end - begin for begin, end in weather.outages.values())

    def _is_confused(self, request: Request, export: Export) -> bool:
        """Whether somebody else started such an export while a start of the request was under way (invariant 4)."""
        if request.under_way is None:
            return False
        begin, end = request.under_way
        return any(
            (one.name, one.job.arn, one.size) == (export.name, export.job.arn, export.size)
            and one is not export
            and begin <= self._world.second_of(one.created) <= end
            for one in self._world.account.exports
        )

    def _is_heard_of(self, request: Request) -> bool:
        """Whether a request was followed to its answer, and nothing newer stopped it before it was done."""
        if request.type == "Delete" or not request.bodies or request.abandoned_at is not None:
            return False
        if request.answered_at > request.gives_up_at:
            return False
        machine = request.stack.executions
        executions = [one for one in machine.executions.values() if one.input["Request"] == request.event]
        return any(one.status != "ABORTED" and one.name not in machine.broken for one in executions)

    def _left_by(self, request: Request) -> list[Export]:
        """The exports whose end its resource has to hear of; one that it holds was an earlier request's."""
        body, exports = request.bodies[0], self._world.account.exports
        if request.event.get("PhysicalResourceId") == body["PhysicalResourceId"] and body["Status"] == "SUCCESS":
            return []
        if body["Status"] == "SUCCESS" and not request.is_rollback:
            found = body["Data"]
            return [
                one for one in exports if (one.name, one.created.isoformat()) == (found["Name"], found["CreateTime"])
            ]
        if _HANDLER_FAILED in body["Reason"]:
            return []
        return [one for one in exports if self._started_by.get(one.number) is request]

    def _is_late_for_deleted(self, stack: Stack, request: Request, export: Export, now: float) -> bool:
        ended_at = self._world.second_of(self._world.account.ended_at(export))
        if ended_at <= request.answered_at:
            return False  # it had ended, and was published because of the answer
        answered_id, logical_id = request.bodies[0]["PhysicalResourceId"], request.event["LogicalResourceId"]
        since = now - bounds.EVENT_AFTER_DELETE
        return since > request.answered_at and stack.shown_resources.gone_since(logical_id, answered_id, since)

    def _ended_before(self, request: Request, export: Export) -> bool:
        return self._world.second_of(self._world.account.ended_at(export)) < request.sent_at - bounds.CLOCKS

    def _export_of(self, detail: dict[str, Any]) -> Export | None:
        created = datetime.fromisoformat(detail["createTime"])
        for export in self._world.account.exports:
            is_same_time = abs((export.created - created).total_seconds()) < bounds.CREATE_TIME
            wanted = (detail["name"], detail["audienceGenerationJobArn"], detail["audienceSize"])
            if is_same_time and (export.name, export.job.arn, export.size) == wanted:
                return export
        return None
