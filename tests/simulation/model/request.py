"""One request of CloudFormation: the event that it sends, the answer that it waits for, and what delayed it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.simulation import bounds
from tests.simulation.model.timeline import Promise

if TYPE_CHECKING:
    from tests.simulation.model.cloudformation import Stack
    from tests.simulation.model.operation import Operation

Identity = tuple[Any, ...]


def identity_of(properties: dict[str, Any]) -> Identity:
    """What identifies an export: its generation job, its size, and its name or revision if given (README.md).

    It is written down again here, so that a wrong handler does not change what it is checked by.
    """
    size = properties.get("AudienceSize") or {}
    return (
        properties.get("AudienceGenerationJobArn"),
        size.get("Type"),
        size.get("Value"),
        properties.get("Name"),
        properties.get("Revision"),
    )


@dataclass(eq=False)
class Request:
    """Times are seconds of the timeline.

    `answered_at` is when its first answer arrived.
    `settle_by` is the handler's own deadline, `gives_up_at` CloudFormation's. `held` are the properties with which the
    resource last succeeded under the id that is sent, and `held_since` is the creation time of its export. `settled` is
    set to the answer, or to None if CloudFormation does not wait any more. `outages` are spans in which Lambda, Step
    Functions or the answer's endpoint kept the request from going on; `is_lost` says that Lambda has given up on its
    event. `last_fault_at` is when a call last failed, `last_weather_at` when a fault last struck one,
    `job_unread_since` since when reads of its generation job have failed, `last_listing_at` when exports were last
    listed, `queued_since` when the service first refused a start for a quota. `last_listing_failed`, `last_ask_failed`
    and `last_stop_failed` are about its last call to list exports, to read the stack, and to list or stop executions;
    `last_ask_was_stale` says that the last reading showed an earlier status. `was_accepted` says that the service
    accepted a start, and said so; `under_way` is the span in which a start was under way that may have taken effect.
    """

    event: dict[str, Any]
    stack: Stack
    operation: Operation
    sent_at: float
    gives_up_at: float
    settle_by: float
    held: dict[str, Any] | None
    held_since: str
    settled: Promise
    bodies: list[dict[str, Any]] = field(default_factory=list)
    answered_at: float = 0.0
    abandoned_at: float | None = None
    outages: list[tuple[float, float]] = field(default_factory=list)
    _out_since: float | None = None
    has_execution: bool = False
    is_lost: bool = False
    last_listing_failed: bool = False
    last_listing_at: float = 0.0
    last_ask_failed: bool = False
    last_ask_was_stale: bool = False
    last_stop_failed: bool = False
    was_accepted: bool = False
    queued_since: float | None = None
    last_fault_at: float = 0.0
    last_weather_at: float = 0.0
    job_unread_since: float | None = None
    steps_began: tuple[float, float] = (0.0, 0.0)
    under_way: tuple[float, float] | None = None

    @property
    def type(self) -> str:
        request_type: str = self.event["RequestType"]
        return request_type

    @property
    def properties(self) -> dict[str, Any]:
        properties: dict[str, Any] = self.event["ResourceProperties"]
        return properties

    @property
    def identity(self) -> Identity:
        """Identity of the export that this resource requests, the same in every deployment."""
        return (self.stack.name, self.event["LogicalResourceId"], *identity_of(self.properties))

    @property
    def keeps_its_export(self) -> bool:
        """Whether it is an Update to the export that the resource holds: the one of its last success, by its id."""
        return (
            self.type == "Update" and self.held is not None and identity_of(self.held) == identity_of(self.properties)
        )

    @property
    def is_rollback(self) -> bool:
        """Whether it is a reversed Update."""
        return self.type == "Update" and self.operation.is_rollback

    @property
    def waits(self) -> bool:
        return bool(self.properties.get("WaitForCompletion", "true") == "true")

    @property
    def adopts(self) -> bool:
        return bool(self.properties.get("OnConflict") == "ADOPT")

    @property
    def is_open(self) -> bool:
        """Whether CloudFormation still waits for the answer."""
        return not self.settled.is_set

    def goes_out(self, now: float, *, in_delivery: bool = False) -> None:
        """From now on something other than Clean Rooms ML keeps it from going on.

        A fault of the delivery of its event matters only until its execution has started.
        """
        if not (in_delivery and self.has_execution) and self._out_since is None:
            self._out_since = now

    def goes_on(self, now: float, *, in_delivery: bool = False) -> None:
        """It does go on again."""
        if not (in_delivery and self.has_execution) and self._out_since is not None:
            self.outages.append((self._out_since, now))
            self._out_since = None

    def begins_step(self, now: float) -> None:
        """The state machine takes another step for it."""
        self.steps_began = (self.steps_began[1], now)

    def may_have_started(self, until: float) -> None:
        """A start that may take effect until then was announced in the step before this one at the earliest."""
        begin = self.under_way[0] if self.under_way else self.steps_began[0] - bounds.CLOCKS
        self.under_way = (begin, max(until, self.under_way[1] if self.under_way else until))

    def was_out_at_the_end(self) -> bool:
        """Whether it was kept from going on across its deadline."""
        spans = self.outages + ([(self._out_since, float("inf"))] if self._out_since is not None else [])
        return any(begin <= self.gives_up_at and end >= self.settle_by for begin, end in spans)

    def __str__(self) -> str:
        return f"{self.type} of {self.stack.name}/{self.event['LogicalResourceId']} ({self.event['RequestId']})"
