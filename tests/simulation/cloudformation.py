"""CloudFormation for stacks of audience exports: operations, rollbacks, cleanups, and the answers that it waits for.

Resources of an operation go side by side. What AWS leaves open is drawn once for each schedule, see `Habits`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from typing import TYPE_CHECKING, Any

from local_cloud.readings import Repeat
from tests.fakes.control_plane import ControlPlane
from tests.simulation.lambda_function import Function
from tests.simulation.request import Request
from tests.simulation.step_functions import Executions
from tests.simulation.timeline import Promise

if TYPE_CHECKING:
    from tests.simulation.world import World

Template = dict[str, dict[str, Any]]  # logical id → ResourceProperties, scalars as strings


@dataclass(frozen=True)
class Habits:
    """Ways of CloudFormation that its documentation leaves open, or that were seen both ways.

    `records_failed_ids`: the physical id of a FAILED Update becomes the recorded one (aws-cdk 13527, 30012).
    `abandons`: what is under way when a stack fails is given up at once; otherwise it is waited for.
    `reuses_request_ids`: a repeated deployment sends the RequestId of the earlier one (aws-cdk 35957).
    """

    records_failed_ids: bool
    abandons: bool
    reuses_request_ids: bool

    @classmethod
    def draw(cls, chance: Random) -> Habits:
        return cls(chance.random() < 0.5, chance.random() < 0.6, chance.random() < 0.4)


@dataclass
class Resource:
    """`stale_ids` are those of replaced ones, which the cleanup deletes."""

    physical_id: str
    properties: dict[str, Any]
    stale_ids: list[str] = field(default_factory=list)


class Operation:
    """One operation of a stack; it fails once, for whatever comes first."""

    def __init__(self, world: World, kind: str) -> None:
        self.kind = kind
        self.failed = Promise(world.timeline)
        self.is_over = False

    def fail(self, reason: str) -> None:
        if not self.is_over:
            self.failed.set(reason)


class Stack:
    """A stack with a provider of its own. `status` is what DescribeStacks tells."""

    def __init__(self, world: World, name: str, number: int) -> None:
        self.world = world
        self.name = name
        self.id = f"arn:aws:cloudformation:us-east-1:111122223333:stack/{name}/{number:08}"
        self.control = ControlPlane()
        self.function = Function(world, world.deployed, world.make_handler)
        self.control.machine = Executions(world, world.deployed.definition, self.function)
        self.machine_arn = f"arn:aws:states:us-east-1:111122223333:stateMachine:{name}-{number}"
        self.resources: dict[str, Resource] = {}
        self.operation = Operation(world, "none")
        self._unfinished: tuple[Template, list[str]] = ({}, [])
        self.status = "REVIEW_IN_PROGRESS"
        self.created_at = world.timeline.now

    @property
    def status(self) -> str:
        return self._status

    @status.setter
    def status(self, status: str) -> None:
        self._status = status
        self.control.stack_status = status
        self.world.tell("stack {} is {}", self.name, status)

    @property
    def goes_forward(self) -> bool:
        return self.status in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")

    def create(self, template: Template, meanwhile: Callable[[Operation], None]) -> None:
        """Create the stack; ends as CREATE_COMPLETE, ROLLBACK_COMPLETE or ROLLBACK_FAILED, or deleted meanwhile."""
        operation = self._begin("CREATE_IN_PROGRESS", meanwhile)
        self._side_by_side([partial(self._create_resource, operation, *item) for item in template.items()])
        self._side_by_side_end(operation)
        if not operation.failed.is_set:
            self._finish("CREATE_COMPLETE")
        elif operation.failed.value == "deleted":
            self.delete()
        else:
            self._begin("ROLLBACK_IN_PROGRESS")
            self._finish("ROLLBACK_COMPLETE" if self._delete_all() else "ROLLBACK_FAILED")

    def update(self, template: Template, meanwhile: Callable[[Operation], None]) -> None:
        """Update the stack; ends as UPDATE_COMPLETE, UPDATE_ROLLBACK_COMPLETE or UPDATE_ROLLBACK_FAILED."""
        before = {logical_id: dict(resource.properties) for logical_id, resource in self.resources.items()}
        self.control.stack_updated = self.world.timeline.time(self.world.skews["cloudformation"])
        operation = self._begin("UPDATE_IN_PROGRESS", meanwhile)
        touched: list[str] = []
        tasks: list[Callable[[], object]] = []
        for logical_id, properties in template.items():
            if logical_id not in before:
                tasks.append(partial(self._create_resource, operation, logical_id, properties))
            elif before[logical_id] != properties:
                tasks.append(partial(self._update_resource, operation, logical_id, properties, touched))
        self._side_by_side(tasks)
        self._side_by_side_end(operation)
        if not operation.failed.is_set:
            self._begin("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            self._clean_up(keep=set(template))
            self._finish("UPDATE_COMPLETE")
            return
        self._roll_back(before, touched)

    def continue_rollback(self) -> None:
        """What a person does about UPDATE_ROLLBACK_FAILED."""
        before, left = self._unfinished
        self._roll_back(before, left)

    def delete(self) -> None:
        """Delete the stack; ends as DELETE_COMPLETE or DELETE_FAILED."""
        self._begin("DELETE_IN_PROGRESS")
        self._finish("DELETE_COMPLETE" if self._delete_all() else "DELETE_FAILED")

    def _begin(self, status: str, meanwhile: Callable[[Operation], None] | None = None) -> Operation:
        self.operation = Operation(self.world, status)
        self.status = status
        if meanwhile:
            meanwhile(self.operation)
        return self.operation

    def _finish(self, status: str) -> None:
        self.operation.is_over = True
        self.status = status

    def _side_by_side(self, tasks: list[Callable[[], object]]) -> None:
        """Run the tasks at the same time, until the last has ended."""
        if not tasks:
            return
        left, done = len(tasks), Promise(self.world.timeline)

        def run(task: Callable[[], object]) -> None:
            nonlocal left
            task()
            left -= 1
            if not left:
                done.set(None)

        for task in tasks:
            # Dependencies make some begin later.
            self.world.timeline.spawn(partial(run, task), after=self.world.chance.choice((0.1, 0.2, 3.0)))
        done.wait()

    def _side_by_side_end(self, operation: Operation) -> None:
        """The failure of a neighbour may come after the last export, as long as the neighbour is at it."""
        if not operation.failed.is_set and self.world.chance.random() < self.world.late_failures:
            operation.fail("a neighbour failed")
        operation.is_over = True

    def _create_resource(self, operation: Operation, logical_id: str, properties: dict[str, Any]) -> None:
        if operation.failed.is_set:
            return
        resource = self.resources[logical_id] = Resource(self._made_up_id(logical_id), dict(properties))
        request = self._send("Create", logical_id, properties)
        body = self._await(request, operation)
        if body:
            resource.physical_id = body["PhysicalResourceId"]
        if not body or body["Status"] != "SUCCESS":
            operation.fail(f"{logical_id} failed")

    def _update_resource(
        self, operation: Operation, logical_id: str, properties: dict[str, Any], touched: list[str]
    ) -> None:
        if operation.failed.is_set:
            return
        touched.append(logical_id)
        if not self._change(operation, logical_id, properties):
            operation.fail(f"{logical_id} failed")

    def _change(self, operation: Operation, logical_id: str, properties: dict[str, Any]) -> bool:
        resource = self.resources[logical_id]
        request = self._send("Update", logical_id, properties, resource, is_rollback="ROLLBACK" in operation.kind)
        resource.properties = dict(properties)
        body = self._await(request, operation)
        has_succeeded = body is not None and body["Status"] == "SUCCESS"
        if body and (has_succeeded or self.world.habits.records_failed_ids):
            answered = body["PhysicalResourceId"]
            if answered != resource.physical_id:
                resource.stale_ids.append(resource.physical_id)
                resource.physical_id = answered
        if not has_succeeded and "ROLLBACK" in operation.kind:
            self.world.watch.stuck(request, body)
        return has_succeeded

    def _roll_back(self, before: Template, touched: list[str]) -> None:
        operation = self._begin("UPDATE_ROLLBACK_IN_PROGRESS")
        failed: list[str] = []

        def back(logical_id: str) -> None:
            if not self._change(operation, logical_id, before[logical_id]):
                failed.append(logical_id)

        self._side_by_side([partial(back, logical_id) for logical_id in touched])
        if failed:
            self._unfinished = (before, failed)
            self._finish("UPDATE_ROLLBACK_FAILED")
            return
        self._begin("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
        self._clean_up(keep=set(before))
        self._finish("UPDATE_ROLLBACK_COMPLETE")

    def _clean_up(self, keep: set[str]) -> None:
        """Delete what was replaced and what is no longer declared; a failure here fails nothing."""
        tasks: list[Callable[[], object]] = []
        for logical_id, resource in list(self.resources.items()):
            tasks += [partial(self._delete_one, logical_id, id_, resource.properties) for id_ in resource.stale_ids]
            resource.stale_ids.clear()
            if logical_id not in keep:
                del self.resources[logical_id]
                tasks.append(partial(self._delete_one, logical_id, resource.physical_id, resource.properties))
        self._side_by_side(tasks)

    def _delete_all(self) -> bool:
        outcomes: dict[str, bool] = {}

        def delete(logical_id: str, resource: Resource) -> None:
            outcomes[logical_id] = self._delete_one(logical_id, resource.physical_id, resource.properties)

        self._side_by_side([partial(delete, *item) for item in self.resources.items()])
        for logical_id, is_gone in outcomes.items():
            if is_gone:
                del self.resources[logical_id]
        return not self.resources

    def _delete_one(self, logical_id: str, physical_id: str, properties: dict[str, Any]) -> bool:
        request = self._send("Delete", logical_id, properties, Resource(physical_id, {}))
        body = self._await(request, self.operation)
        return body is not None and body["Status"] == "SUCCESS"

    def _await(self, request: Request, operation: Operation) -> dict[str, Any] | None:
        """Wait for the answer; None where it does not come in time, or CloudFormation does not wait for it."""
        world = self.world
        is_forward = operation.kind in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
        if is_forward and (world.habits.abandons or operation.kind == "CREATE_IN_PROGRESS"):
            operation.failed.then(partial(self._abandon, request, operation))
        is_settled = request.settled.wait(request.gives_up_at - world.timeline.now)
        if not is_settled:
            request.settled.set(None)
            world.watch.gave_up(request)
        return request.settled.value

    def _abandon(self, request: Request, operation: Operation) -> None:
        world = self.world
        if request.is_open and (world.habits.abandons or operation.failed.value == "deleted"):
            request.abandoned_at = world.timeline.now
            request.settled.set(None)
            world.tell("{} is abandoned", request)

    def _send(
        self,
        request_type: str,
        logical_id: str,
        properties: dict[str, Any],
        held: Resource | None = None,
        *,
        is_rollback: bool = False,
    ) -> Request:
        world = self.world
        number = world.next_number()
        wire = dict(properties) | {"StateMachineArn": self.machine_arn}
        if "Name" in wire and world.account.readings.repeat is Repeat.SILENT:
            # Where the service swallows repeats, nobody can tell who started what two sent to the letter.
            wire["Description"] = f"{wire.get('Description', 'an audience')} of {self.name}-{logical_id}"
        event = {
            "RequestType": request_type,
            "ResponseURL": world.sign(number),
            "StackId": self.id,
            "RequestId": self._request_id(request_type, logical_id, wire, number),
            "ResourceType": "Custom::CleanRoomsMLAudienceExport",
            "LogicalResourceId": logical_id,
            "ResourceProperties": wire,
        }
        if held:
            event["PhysicalResourceId"] = held.physical_id
        if held and request_type == "Update":
            event["OldResourceProperties"] = dict(held.properties) | {"StateMachineArn": self.machine_arn}
        timeout = int(properties.get("TimeoutSeconds", 3600))
        now = world.timeline.now
        request = Request(
            event,
            self,
            self.operation,
            sent_at=now,
            gives_up_at=now + timeout,
            # docs/decision-table.md: less a twentieth, at least 20 s; the second in which the URL was signed is cut.
            settle_by=now + timeout - max(20, timeout / 20) - 1,
            is_rollback=is_rollback,
            settled=Promise(world.timeline),
        )
        world.requests[event["ResponseURL"]] = request
        world.watch.sent(request)
        world.tell("{} is sent: {}", request, properties)
        self.function.deliver(request)
        return request

    def _request_id(self, request_type: str, logical_id: str, wire: dict[str, Any], number: int) -> str:
        if not self.world.habits.reuses_request_ids:
            return f"request-{number}"
        # Of what is deployed, not of when.
        content = json.dumps([request_type, logical_id, wire, self.name], sort_keys=True)
        return "request-" + hashlib.sha256(content.encode()).hexdigest()[:12]

    def _made_up_id(self, logical_id: str) -> str:
        return f"{self.name}-{logical_id}-{self.world.chance.randrange(16**8):08X}"
