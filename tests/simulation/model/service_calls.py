"""One call of a service: the faults that strike it, when it takes effect, and what the handler gets to see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ConnectionClosedError, ReadTimeoutError

from tests.simulation import facts, odds
from tests.simulation.model import tenants

if TYPE_CHECKING:
    from tests.simulation.model.lambda_function import Invocation
    from tests.simulation.model.wire import Sent
    from tests.simulation.model.world import World

ROOMS, STATES, CLOUDFORMATION = "rooms", "states", "cloudformation"
# Header that carries the client's read time-out to the model.
PATIENCE = "x-simulated-read-timeout"
_ERROR_XML = """<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
<Code>{code}</Code><Message>simulated</Message></Error></ErrorResponse>"""

Response = tuple[int, dict[str, str], bytes]


def call(world: World, service: str, operation: str, request: Sent) -> Response:
    """Make a call in the running invocation."""
    invocation = world.invocation
    invocation.reaches("before", operation)
    fault = _draw_fault(world, service, operation, invocation)
    if fault is None and service == ROOMS and world.weather.strikes("rooms: slow"):
        invocation.sleep(world.chance.uniform(*odds.SLOW_CALL))
    invocation.sleep(world.chance.uniform(*odds.ON_THE_WAY))
    response: Response | None = None
    if fault is None or fault.endswith(" after"):
        response = _take_effect(world, service, operation, request)
    world.watch.called(invocation, operation, fault, response and response[0])
    if operation == "StartAudienceExportJob" and "Name" in invocation.request.properties:
        tenants.imitate(world, json.loads(_body(request)))
    if fault:
        world.tell("{} for {}: {}", operation, invocation.request, fault)
        if fault.startswith("time-out"):
            invocation.sleep(float(request.headers[PATIENCE]))
    invocation.sleep(world.chance.uniform(*odds.ON_THE_WAY))
    invocation.reaches("after", operation)
    return _response(world, service, request, fault, response)


def _draw_fault(world: World, service: str, operation: str, invocation: Invocation) -> str | None:
    fault = invocation.request.stack.permissions.refusal(operation)
    if fault is None and not world.traffic.admits(operation):
        world.weather.counts["limits: throttled"] += 1
        fault = "throttled"
    if fault is None:
        fault = world.weather.call_fault(service, world.timeline.now)
    invocation.had_fault = invocation.had_fault or fault is not None
    return fault


def _response(world: World, service: str, request: Sent, fault: str | None, response: Response | None) -> Response:
    """What the handler's client receives."""
    kind = fault.split()[0] if fault else ""
    if kind == "time-out":
        raise ReadTimeoutError(endpoint_url=request.url)
    if kind == "lost":
        raise ConnectionClosedError(endpoint_url=request.url)
    if kind:
        code, status = facts.REFUSALS[kind][service]
        if service == CLOUDFORMATION:
            return status, {"content-type": "text/xml"}, _ERROR_XML.format(code=code).encode()
        body = json.dumps({"message": world.chance.choice(odds.MESSAGES), "__type": code}).encode()
        return status, {"x-amzn-errortype": code, "content-type": "application/json"}, body
    assert response is not None
    return response


def _take_effect(world: World, service: str, operation: str, request: Sent) -> Response:
    url = urlsplit(request.url)
    target = url.path + (f"?{url.query}" if url.query else "")
    if service == ROOMS:
        exports = len(world.account.exports)
        response = world.account.respond(request.method, target, _body(request))
        if len(world.account.exports) > exports:
            world.watch.started(world.invocation, world.account.exports[-1])
        return response.status, dict(response.headers), response.body
    stack = world.invocation.request.stack
    if operation == "DescribeStacks":
        world.watch.asked(world.invocation, stack.show())
    if operation == "DescribeStackResource":
        stack.control.resources = stack.shown_resources.read()
    headers = {name.lower(): value for name, value in request.headers.items()}
    status, body = stack.control.respond(request.method, target, headers, _body(request))
    return status, {"content-type": "text/xml" if service == CLOUDFORMATION else "application/json"}, body


def _body(request: Sent) -> bytes:
    """The body, which botocore's clients for these services give as text or bytes."""
    return request.body.encode() if isinstance(request.body, str) else request.body
