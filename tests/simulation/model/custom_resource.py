"""One export of a stack: what CloudFormation has recorded of it, and the requests that it sends for it."""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.fakes.control_plane import FOLLOWER_NAME
from tests.simulation import facts, handler_spans
from tests.simulation.model.request import Request
from tests.simulation.model.timeline import Promise

if TYPE_CHECKING:
    from tests.simulation.model.cloudformation import Stack
    from tests.simulation.model.operation import Operation

Properties = dict[str, Any]  # ResourceProperties, scalars as strings
Body = dict[str, Any]
_EIGHT_HEX_DIGITS = 16**8


class CustomResource:
    """A resource from its first Create on.

    `physical_id` and `properties` are what CloudFormation has recorded. `held` are the properties of its last success,
    None before there was one, `held_id` its physical id then, and `held_since` the creation time of its export.
    `stale_ids` are those of replaced resources, which
    the cleanup deletes. `has_failed` says that the last request for it failed.
    """

    def __init__(self, stack: Stack, logical_id: str) -> None:
        self._stack, self._world = stack, stack.world
        self.logical_id = logical_id
        self.physical_id = self._made_up_id()
        self.properties: Properties = {}
        self.held: Properties | None = None
        self.held_id = self.held_since = ""
        self.stale_ids: list[str] = []
        self.has_failed = False

    def create(self, operation: Operation, properties: Properties) -> bool:
        """Create it; a Create that is never answered leaves it with an id that CloudFormation made up."""
        self.properties = dict(properties)
        self._show("CREATE_IN_PROGRESS")
        request = self._send(operation, "Create", properties)
        body = self._await(request, operation)
        if body:
            self.physical_id = body["PhysicalResourceId"]
        self._show("CREATE_COMPLETE" if body and body["Status"] == "SUCCESS" else "CREATE_FAILED")
        return self._note(body)

    def update(self, operation: Operation, properties: Properties) -> bool:
        """Update it, to a new template or back to an old one; a new id means that it was replaced."""
        is_return = self.held == properties and self.held_id == self.physical_id
        before = self.properties
        request = self._send(operation, "Update", properties, held_id=self.physical_id, old=before)
        self.properties = dict(properties)
        body = self._await(request, operation)
        if body and self._is_refused_replacement(operation, body):
            # The export goes on, and the resource does not hold it.
            self.has_failed = True
            return False
        has_succeeded = body is not None and body["Status"] == "SUCCESS"
        if body and (has_succeeded or self._world.habits.records_failed_ids):
            answered = body["PhysicalResourceId"]
            if answered != self.physical_id:
                self.stale_ids.append(self.physical_id)
                self.physical_id = answered
        self._show("UPDATE_COMPLETE" if has_succeeded else "UPDATE_FAILED")
        if not has_succeeded and operation.is_rollback:
            self._world.watch.returns.check_rollback(request, body)
        elif not has_succeeded and body and is_return:
            self._world.watch.returns.check_return(request, body)
        if not has_succeeded and operation.keeps and not self._world.habits.keeps_attempted:
            self.properties = before
        return self._note(body)

    def delete(self, operation: Operation, physical_id: str) -> bool:
        """Delete it, or what it replaced."""
        request = self._send(operation, "Delete", self.properties, held_id=physical_id)
        body = self._await(request, operation)
        return body is not None and body["Status"] == "SUCCESS"

    def _show(self, status: str) -> None:
        self._stack.shown_resources.record(self.logical_id, self.physical_id, status)

    def _is_refused_replacement(self, operation: Operation, body: Body) -> bool:
        """Whether CloudFormation refuses to replace the resource, in a stack without rollback."""
        is_replaced = body["Status"] == "SUCCESS" and body["PhysicalResourceId"] != self.physical_id
        return is_replaced and operation.keeps and self._world.habits.refuses_replacement

    def _note(self, body: Body | None) -> bool:
        self.has_failed = body is None or body["Status"] != "SUCCESS"
        if not self.has_failed:
            assert body is not None
            self.held, self.held_id = self.properties, self.physical_id
            self.held_since = body["Data"].get("CreateTime", "")
        return not self.has_failed

    def _await(self, request: Request, operation: Operation) -> Body | None:
        """Wait for the answer; None if it does not come in time, or CloudFormation does not wait for it."""
        world = self._world
        if operation.is_forward and (world.habits.abandons or operation.kind == "CREATE_IN_PROGRESS"):
            operation.failed.then(partial(self._abandon, request, operation))
        is_settled = request.settled.wait(request.gives_up_at - world.timeline.now)
        if not is_settled:
            request.settled.set(None)
            world.watch.gave_up(request)
        answered: Body | None = request.settled.value
        return answered

    def _abandon(self, request: Request, operation: Operation) -> None:
        world = self._world
        if request.is_open and (world.habits.abandons or operation.failed.value == "deleted"):
            request.abandoned_at = world.timeline.now
            request.settled.set(None)
            world.tell("{} is abandoned", request)

    def _send(
        self,
        operation: Operation,
        request_type: str,
        properties: Properties,
        *,
        held_id: str | None = None,
        old: Properties | None = None,
    ) -> Request:
        world, stack = self._world, self._stack
        event = self._event(request_type, properties)
        if held_id is not None:
            event["PhysicalResourceId"] = held_id
        if old is not None:
            event["OldResourceProperties"] = self._sent_properties(old)
        now, timeout = world.timeline.now, int(properties.get("TimeoutSeconds", facts.DEFAULT_TIMEOUT))
        request = Request(
            event,
            stack,
            operation,
            sent_at=now,
            gives_up_at=now + timeout,
            settle_by=_deadline(now, timeout),
            held=self.held if held_id == self.held_id else None,
            held_since=self.held_since,
            settled=Promise(world.timeline),
        )
        world.requests[event["ResponseURL"]] = request
        world.tell("{} is sent: {}", request, properties)
        stack.function.deliver(request)
        return request

    def _event(self, request_type: str, properties: Properties) -> dict[str, Any]:
        number, sent = self._world.next_number(), self._sent_properties(properties)
        return {
            "RequestType": request_type,
            "ResponseURL": self._world.sign(number),
            "StackId": self._stack.id,
            "RequestId": self._request_id(request_type, sent, number),
            "ResourceType": "Custom::CleanRoomsMLAudienceExport",
            "LogicalResourceId": self.logical_id,
            "ResourceProperties": sent,
        }

    def _sent_properties(self, properties: Properties) -> Properties:
        """The properties, with what the construct adds: the state machine, and the path of a nested stack."""
        sent = properties | {"StateMachineArn": self._stack.machine_arn}
        if self._stack.followers:
            sent |= {"FollowerArn": f"{self._stack.machine_arn}{FOLLOWER_NAME}"}
        return sent | ({"StackPath": self._stack.path} if self._stack.path and "Name" not in sent else {})

    def _request_id(self, request_type: str, sent: Properties, number: int) -> str:
        if not self._world.habits.reuses_request_ids:
            return f"request-{number}"
        # Made of what is deployed, not of when.
        content = json.dumps([request_type, self.logical_id, sent, self._stack.name], sort_keys=True)
        return "request-" + hashlib.sha256(content.encode()).hexdigest()[:12]

    def _made_up_id(self) -> str:
        return f"{self._stack.name}-{self.logical_id}-{self._world.chance.randrange(_EIGHT_HEX_DIGITS):08X}"


def _deadline(sent_at: float, timeout: int) -> float:
    """The handler's own, which counts from the second in which the ResponseURL was signed."""
    left_over = max(handler_spans.DEADLINE_LEAST, timeout / handler_spans.DEADLINE_PART)
    return sent_at + timeout - left_over - facts.SIGNATURE_RESOLUTION
