"""What must hold of an answer that CloudFormation waits for: its id, and whose export a success reports."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from cdk_cleanroomsml_local.clean_rooms_ml import Export
from tests.simulation import bounds, facts
from tests.simulation.model.declarations import MISSPELLED
from tests.simulation.model.request import Request, identity_of
from tests.simulation.rules.failure_rules import FailureRules
from tests.simulation.rules.invariant import Invariant

if TYPE_CHECKING:
    from tests.simulation.model.world import World

ATTRIBUTES = {
    "Name",
    "Status",
    "OutputLocation",
    "CreateTime",
    "UpdateTime",
    "AudienceGenerationJobArn",
    "AudienceSizeType",
    "AudienceSizeValue",
}


class AnswerRules:
    """The rules of answers in one world; `started_by` has the request that started each export, by number."""

    def __init__(self, world: World, started_by: dict[int, Request]) -> None:
        self._world = world
        self._started_by = started_by
        self._failures = FailureRules(world, started_by)
        self._ids: dict[tuple[Any, ...], str] = {}
        self._owners: dict[str, tuple[Any, ...]] = {}

    def check(self, request: Request, body: dict[str, Any]) -> None:
        """Apply those of the request's kind and the answer's status."""
        if request.type == "Delete":
            self._check_delete(request, body)
        elif body["Status"] == "SUCCESS":
            self._check_success(request, body)
        else:
            self._check_failure(request, body)

    def _check_delete(self, request: Request, body: dict[str, Any]) -> None:
        if body["Status"] != "SUCCESS" or body["PhysicalResourceId"] != request.event["PhysicalResourceId"]:
            self._world.goes_wrong(Invariant.DELETES_AND_IDS, "{} is answered {}", request, body)

    def _check_id(self, request: Request, answered: str) -> None:
        """One id for one identity of a resource, on every path, and another one for any other identity."""
        if self._ids.setdefault(request.identity, answered) != answered:
            had = self._ids[request.identity]
            self._world.goes_wrong(
                Invariant.DELETES_AND_IDS, "{} has the physical id {}, and had {}", request, answered, had
            )
        # Two resources may declare the same named export; then they may have the same id.
        owner = identity_of(request.properties) if "Name" in request.properties else request.identity
        if self._owners.setdefault(answered, owner) != owner:
            self._world.goes_wrong(
                Invariant.DELETES_AND_IDS, "{} has the physical id of {}", request, self._owners[answered]
            )

    def _check_success(self, request: Request, body: dict[str, Any]) -> None:
        world = self._world
        self._check_id(request, body["PhysicalResourceId"])
        if (
            MISSPELLED in request.properties
            or request.properties["AudienceSize"]["Value"] == facts.IMPOSSIBLE_PERCENTAGE
        ):
            world.goes_wrong(Invariant.RIGHT_EXPORT, "{} succeeds with properties that are not valid", request)
        if set(body["Data"]) != ATTRIBUTES:
            world.goes_wrong(
                Invariant.RIGHT_EXPORT, "{} succeeds with the attributes {}", request, sorted(body["Data"])
            )
            return
        export = self._export_of(request, body["Data"])
        if export is None:
            world.goes_wrong(
                Invariant.RIGHT_EXPORT, "{} succeeds with an export that does not exist: {}", request, body["Data"]
            )
            return
        self._check_export(request, export, body["Data"])
        self._check_owner(request, export)

    def _export_of(self, request: Request, data: dict[str, str]) -> Export | None:
        """The export that the attributes name; of two that were created at the same moment, the one of its size."""
        created, size = datetime.fromisoformat(data["CreateTime"]), request.properties["AudienceSize"]["Value"]
        named = [
            export
            for export in self._world.account.exports
            if (export.name, export.job.arn) == (data["Name"], data["AudienceGenerationJobArn"])
            and abs(export.created - created) < timedelta(seconds=bounds.CREATE_TIME)
        ]
        of_its_size = [export for export in named if str(export.size["value"]) == size]
        return next(iter(of_its_size or named), None)

    def _check_export(self, request: Request, export: Export, data: dict[str, str]) -> None:
        """It has exactly the requested identity, and the status that the request waits for."""
        world, wanted = self._world, request.properties
        size = (wanted["AudienceSize"]["Type"], int(wanted["AudienceSize"]["Value"]))
        if size != (export.size["type"], export.size["value"]) or export.job.arn != wanted["AudienceGenerationJobArn"]:
            world.goes_wrong(Invariant.RIGHT_EXPORT, "{} succeeds with an export of another job or size", request)
        if (data["AudienceSizeType"], int(data["AudienceSizeValue"])) != size:
            world.goes_wrong(Invariant.RIGHT_EXPORT, "{} succeeds with the size of another export: {}", request, data)
        if datetime.fromisoformat(data["UpdateTime"]) < datetime.fromisoformat(data["CreateTime"]):
            world.goes_wrong(Invariant.RIGHT_EXPORT, "{} succeeds with an export changed too early: {}", request, data)
        self._check_location(request, export, data["OutputLocation"])
        if request.is_rollback:
            return
        status = world.account.status_of(export)
        if request.waits and (data["Status"], status) != ("ACTIVE", "ACTIVE"):
            world.goes_wrong(Invariant.RIGHT_EXPORT, "{} succeeds, its export is {}", request, status)
        if data["Status"] == "CREATE_FAILED":
            world.goes_wrong(Invariant.RIGHT_EXPORT, "{} succeeds with a failed export", request)

    def _check_location(self, request: Request, export: Export, answered: str) -> None:
        """It is the export's own; none is reported only if the request did not wait for it."""
        own = self._world.account.output_location(export)
        if answered not in ("", own):
            self._world.goes_wrong(
                Invariant.RIGHT_EXPORT, "{} succeeds with another output location, {}", request, answered
            )
        is_visible = self._world.account.readings.output_locations_are_visible
        # At the deadline there is no time to wait for it.
        is_late = self._world.timeline.now >= request.settle_by - bounds.LATE
        if not answered and is_visible and request.waits and not request.is_rollback and not is_late:
            self._world.goes_wrong(Invariant.RIGHT_EXPORT, "{} succeeds without the output location", request)

    def _check_owner(self, request: Request, export: Export) -> None:
        """Whose export it is: its own, or one that the request may take."""
        owner = self._started_by.get(export.number)
        if request.properties.get("Name") is None:
            is_own = owner is not None and owner.identity == request.identity
            if not request.is_rollback and not is_own:
                text = "{} succeeds with export {}, which {} started"
                self._world.goes_wrong(Invariant.RIGHT_EXPORT, text, request, export.number, owner)
            return
        if export.name != request.properties["Name"]:
            self._world.goes_wrong(
                Invariant.RIGHT_EXPORT, "{} succeeds with an export of the name {}", request, export.name
            )
        if request.keeps_its_export:
            self._check_kept(request, export)
        may_take = (
            request.adopts or request.keeps_its_export or request.is_rollback or self._may_be_own(request, export)
        )
        if owner is not request and not may_take:
            text = "{} adopts export {}, which {} started"
            self._world.goes_wrong(Invariant.TAKEN_NAMES, text, request, export.number, owner or "another")

    def _check_kept(self, request: Request, export: Export) -> None:
        """An Update that keeps its export reports that very one, though somebody else may have started another since.

        If it has failed, or the resource's last success reported none, it may be any. An older one that no listing
        showed when it was started cannot be distinguished from it.
        """
        if not request.held_since:
            return
        arn = request.properties["AudienceGenerationJobArn"]
        named = {"Name": export.name, "CreateTime": request.held_since, "AudienceGenerationJobArn": arn}
        held = self._export_of(request, named)
        if held is None or held is export or self._world.account.status_of(held) == "CREATE_FAILED":
            return
        if not timedelta(0) < held.created - export.created <= timedelta(seconds=bounds.UNSEEN_AT_START):
            text = "{} keeps export {}, and reports {}"
            self._world.goes_wrong(Invariant.RIGHT_EXPORT, text, request, held.number, export.number)

    def _may_be_own(self, request: Request, export: Export) -> bool:
        """Whether it was created while a start of the request may have been under way; then nobody could tell."""
        begin, end = request.under_way or (0.0, -1.0)
        return begin <= self._world.second_of(export.created) <= end

    def _check_failure(self, request: Request, body: dict[str, Any]) -> None:
        if request.type == "Create":
            self._check_id(request, body["PhysicalResourceId"])
        elif body["PhysicalResourceId"] != request.event["PhysicalResourceId"]:
            self._world.goes_wrong(
                Invariant.DELETES_AND_IDS, "{} fails with another physical id, {}", request, body["PhysicalResourceId"]
            )
        self._failures.check(request, body["Reason"])
