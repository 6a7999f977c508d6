"""What must hold of the words of a failure: what they claim about starting, and that their code is true."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from cdk_cleanroomsml_local.clean_rooms_ml import Export
from tests.simulation import bounds, facts, handler_spans
from tests.simulation.model.request import Request, identity_of
from tests.simulation.rules.invariant import Invariant

if TYPE_CHECKING:
    from tests.simulation.model.world import World

_UNREADABLE = ("StackUnreadable", "ExecutionsUnreadable")
_SENTENCES = re.compile(r"(?<=[.!?])\s+")
_DENIES_A_START = re.compile(r"\bnothing was started\b|\bno export was started\b|\bstarted nothing\b", re.I)
# A sentence with `may` or `if` claims nothing, and one in the plural is advice for any resource.
_SPEAKS_OF_AN_EXPORT = re.compile(
    r"\b(an|the|its|this|your) export (that )?(was|has been|is) (started|running)\b|"
    r"\bexport\b[^.]*\b(continues|goes on)\b|\bhad not ended\b",
    re.I,
)
_CLAIMS_NOTHING = re.compile(r"\b(may|if)\b", re.I)
_NOT_LISTED = re.compile(r"no export of this request is listed|the export is (not|no longer) listed", re.I)
# What helps an update that keeps its export, and one of a rollback that has failed.
_KEPT = ("CREATE_FAILED", "ExportNotFound")
_ANOTHER = re.compile(r"deploying again does not start another one\b.*\bset another (name|revision)\b")
_OUT_OF_TIME = ("DeadlineExceeded", "GenerationJobNotActive")
_STUCK = ("RollbackWithoutExport", "ResourceNotFoundException", *_OUT_OF_TIME, *_UNREADABLE)
_CONTINUES = re.compile(r"\bcontinue the rollback\b", re.I)
# These are reported only when no time is left to try again.
_ONLY_AT_THE_DEADLINE = (*_UNREADABLE, *_OUT_OF_TIME)


class ReasonRules:
    """The rules of reasons in one world; `started_by` has the request that started each export, by number."""

    def __init__(self, world: World, started_by: dict[int, Request]) -> None:
        self._world = world
        self._started_by = started_by

    def check(self, request: Request, reason: str, *, is_early: bool) -> None:
        """Apply those of the words, and of the code."""
        if any(unicodedata.category(character) == "Cc" for character in reason):
            self._is_untrue("{} fails for a reason with control characters: {!r}", request, reason)
        self._check_claims(request, reason)
        code = reason.partition(":")[0]
        if is_early and code in _ONLY_AT_THE_DEADLINE:
            self._is_untrue("{} gives up before its deadline: {}", request, reason)
        is_untrue = {
            "StackMovedOn": self._is_stack_forward,
            "StackUnreadable": lambda request: not request.last_ask_failed,
            "ExecutionsUnreadable": lambda request: not request.last_stop_failed,
            "RollbackWithoutExport": self._is_rollback_impatient,
            "ExportNotListed": self._is_listed_or_not_accepted,
            "ExportNotFound": self._is_listed,
        }
        if code in is_untrue and is_untrue[code](request):
            self._is_untrue("{} fails for what is not so: {}", request, reason)

        if code in _KEPT and request.keeps_its_export and not _ANOTHER.search(reason):
            self._is_untrue("{} keeps its export, and its advice does not help: {}", request, reason)
        if code in _STUCK and request.is_rollback and not _CONTINUES.search(reason):
            self._is_untrue("{} belongs to a rollback, and its advice does not help: {}", request, reason)

    def _is_untrue(self, text: str, *about: object) -> None:
        self._world.goes_wrong(Invariant.TRUE_REASONS, text, *about)

    def _check_claims(self, request: Request, reason: str) -> None:
        """Nobody who started an export hears that nothing was started, and nobody else that one was."""
        for sentence in _SENTENCES.split(reason):
            if _DENIES_A_START.search(sentence) and self._has_started(request):
                self._is_untrue(
                    "{} started an export, and the reason says that nothing was started: {}", request, reason
                )
            elif (
                _SPEAKS_OF_AN_EXPORT.search(sentence)
                and not _DENIES_A_START.search(sentence)
                and not _CLAIMS_NOTHING.search(sentence)
                and not self._exports_of(request)
            ):
                self._is_untrue("{}: the reason is about an export, and there is none: {}", request, reason)
            if _NOT_LISTED.search(sentence) and self._shows_its_start(request):
                self._is_untrue("{} has a listed export, and the reason says that it has none: {}", request, reason)
            # After a refused quota the handler lists the account's exports as well, and that may fail.
            is_of_its_exports = not reason.startswith("ServiceQuotaExceededException")
            if _NOT_LISTED.search(sentence) and request.last_listing_failed and is_of_its_exports:
                self._is_untrue(
                    "{}: the reason says that nothing is listed, and its last listing failed: {}", request, reason
                )

    def _has_started(self, request: Request) -> bool:
        return any(owner is request for owner in self._started_by.values())

    def _shows_its_start(self, request: Request) -> bool:
        """Whether the last listing showed a living export that the request itself started."""
        return any(
            self._started_by.get(one.number) is request and self._is_listed_by(request, one)
            for one in self._exports_of(request)
            if self._world.account.status_of(one) != "CREATE_FAILED"
        )

    def _is_stack_forward(self, request: Request) -> bool:
        """Whether the stack is still in the request's operation; at the deadline a stale reading counts, too."""
        stack, is_last = request.stack, self._world.timeline.now >= request.settle_by - bounds.LAST_READ
        if is_last and request.last_ask_was_stale:
            return False
        return stack.status in facts.FORWARD and stack.operation is request.operation

    def _is_rollback_impatient(self, request: Request) -> bool:
        """Whether the stack is not rolling back, or the export is listed, or it had less time to be listed."""
        patience = handler_spans.PATIENCE_WITH_LISTING - bounds.CLOCK_DIFFERENCE
        is_hasty = self._world.timeline.now - request.sent_at < patience
        return not request.is_rollback or is_hasty or self._is_listed(request)

    def _is_listed(self, request: Request) -> bool:
        return any(self._is_listed_by(request, export) for export in self._exports_of(request))

    def _is_listed_or_not_accepted(self, request: Request) -> bool:
        return not request.was_accepted or self._shows_its_start(request)

    def _is_listed_by(self, request: Request, export: Export) -> bool:
        """Whether the request's last listing shows an export; one that has just become visible does not count."""
        if request.last_listing_failed:
            return False
        visible_at = self._world.second_of(export.created) + bounds.LISTING_LAG
        return visible_at < request.last_listing_at - bounds.LONGEST_CALL

    def _exports_of(self, request: Request) -> list[Export]:
        """The exports that the request may mean: of its name, job and size, or those of its resource."""
        arn, kind, value, name, _ = identity_of(request.properties)
        return [
            export
            for export in self._world.account.exports
            if (export.job.arn, export.size["type"], str(export.size["value"])) == (arn, kind, value)
            and (export.name == name if name else self._is_of_resource(export, request))
        ]

    def _is_of_resource(self, export: Export, request: Request) -> bool:
        owner = self._started_by.get(export.number)
        return owner is not None and owner.identity == request.identity
