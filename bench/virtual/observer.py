"""Sees what happens to exports and requests in a world, and judges nothing: every peer is seen the same way.

It takes the place of the simulation's rules, most of which are promises of this project that no peer makes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from cdk_cleanroomsml_local.clean_rooms_ml import Export
from tests.simulation import facts
from tests.simulation.model.lambda_function import Invocation
from tests.simulation.model.request import Request
from tests.simulation.model.stack_status import Status
from tests.simulation.model.world import World


@dataclass(frozen=True)
class Start:
    """An export that a request started; `was_forward` is whether its stack was creating or updating then."""

    at: float
    export: Export
    was_forward: bool


@dataclass(frozen=True)
class Answer:
    """The first answer to a request; `export_status` is the status that the declared export had then, "" if none."""

    at: float
    request: Request
    body: dict[str, Any]
    export_status: str


class Observer:
    """`timed_out` are the requests that CloudFormation gave up."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.starts: list[Start] = []
        self.answers: list[Answer] = []
        self.timed_out: list[Request] = []
        self.violations: list[Any] = []
        self.returns = SimpleNamespace(check_rollback=_ignore, check_return=_ignore)

    def started(self, invocation: Invocation, export: Export) -> None:
        """An export was started for a request."""
        is_forward = invocation.request.stack.status in facts.FORWARD
        self.starts.append(Start(self._world.timeline.now, export, is_forward))

    def answered(self, request: Request, data: bytes) -> None:
        """An answer arrived; the first one counts, if CloudFormation still waits."""
        body = json.loads(data)
        body.setdefault("Data", {})
        request.bodies.append(body)
        if len(request.bodies) == 1 and request.abandoned_at is None:
            status = self._status_of_declared(request)
            self.answers.append(Answer(self._world.timeline.now, request, body, status))
            request.settled.set(body)

    def _status_of_declared(self, request: Request) -> str:
        account, wanted = self._world.account, request.properties
        job, name = wanted["AudienceGenerationJobArn"], wanted.get("Name")
        found = [export for export in account.exports if (export.job.arn, export.name) == (job, name)]
        return account.status_of(found[-1]) if found else ""

    def gave_up(self, request: Request) -> None:
        """CloudFormation gave up a request at its time-out."""
        self.timed_out.append(request)

    def asked(self, invocation: Invocation, shown: Status) -> None:
        """A handler read the stack's status."""

    def called(self, *_: object) -> None:
        """A call was made."""

    def stepped(self, *_: object) -> None:
        """The state machine called the handler."""

    def stopped(self, *_: object) -> None:
        """An execution was stopped."""

    def handler_raised(self, *_: object) -> None:
        """A handler raised an error."""

    def returned(self, *_: object) -> None:
        """An invocation returned."""


def _ignore(*_: object) -> None:
    """Instead of a rule."""
