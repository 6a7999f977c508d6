"""The network of the simulation: requests of the real boto3 clients and of urllib are answered in process.

botocore serialises, signs and parses as ever; only the sending is replaced, by its own hook `before-send`.
"""

from __future__ import annotations

import io
import json
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import boto3
import botocore.endpoint
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.utils import parse_timestamp

from audience_export_handler.aws import response
from tests.fakes.deployment import forget_clients
from tests.simulation.model.deployments import imitate
from tests.simulation.model.world import SIGNATURE, World

_PATIENCE = "x-simulated-read-timeout"
_ROOMS, _STATES, _CLOUDFORMATION = "rooms", "states", "cloudformation"
_SERVICES = {"cleanroomsml": _ROOMS, "sfn": _STATES, "cloudformation": _CLOUDFORMATION}
# What a service says that refuses a call, in its own protocol.
_ERRORS = {
    "throttled": {
        _ROOMS: ("ThrottlingException", 429),
        _STATES: ("ThrottlingException", 400),
        _CLOUDFORMATION: ("Throttling", 400),
    },
    "error": {
        _ROOMS: ("InternalServerException", 500),
        _STATES: ("InternalServerError", 500),
        _CLOUDFORMATION: ("InternalFailure", 500),
    },
    "denied": {
        _ROOMS: ("AccessDeniedException", 403),
        _STATES: ("AccessDeniedException", 400),
        _CLOUDFORMATION: ("AccessDenied", 403),
    },
}
_QUERY_ERROR = """<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type>
<Code>{code}</Code><Message>simulated</Message></Error></ErrorResponse>"""

# A service may say more than an answer to CloudFormation can hold.
_MESSAGES = ("simulated", "simulated at length " * 400)

_world: World | None = None


@contextmanager
def installed() -> Iterator[None]:
    """Put the handler's clients and its PUT on the simulated wire until the block ends."""
    core = botocore.session.get_session()
    # Composing the header User-Agent and reading the same times anew for each call would take a quarter of the time.
    core.set_default_client_config(Config(user_agent="simulation"))
    core.get_component("response_parser_factory").set_parser_defaults(
        timestamp_parser=lru_cache(10_000)(parse_timestamp)
    )
    session = boto3.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1", botocore_session=core
    )
    session.events.register("request-created", _note_patience)
    session.events.register("before-send", _send)
    put = SimpleNamespace(Request=urllib.request.Request, urlopen=_urlopen)
    no_network = patch.object(response, "urllib", SimpleNamespace(request=put, error=urllib.error))
    no_tls = patch.object(response, "ssl", SimpleNamespace(create_default_context=lambda: None))
    no_waiting = patch.object(botocore.endpoint, "time", SimpleNamespace(sleep=_sleep, time=time.time))
    with patch.object(boto3, "DEFAULT_SESSION", session), no_network, no_tls, no_waiting, _watched_log():
        forget_clients()
        yield
        forget_clients()


@contextmanager
def connected(world: World) -> Iterator[None]:
    """Have a world answer."""
    global _world  # noqa: PLW0603 - the handler's clients know of no world
    _world = world
    try:
        yield
    finally:
        _world = None


def _the_world() -> World:
    assert _world is not None, "a call outside any schedule"
    return _world


def _sleep(seconds: float) -> None:
    _the_world().sleep(seconds)


def _note_patience(request: AWSRequest, **_: Any) -> None:
    request.headers[_PATIENCE] = str(request.context["client_config"].read_timeout)


def _send(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
    _, endpoint_prefix, operation = event_name.split(".")
    service = _SERVICES[endpoint_prefix]
    status, headers, body = _call(_the_world(), service, operation, request)
    return AWSResponse(request.url, status, headers, _Raw(body))


class _Raw:
    """A body as urllib3 would hand it over."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body


Answer = tuple[int, dict[str, str], bytes]


def _call(world: World, service: str, operation: str, request: AWSPreparedRequest) -> Answer:
    """One call: what befalls it, and when it takes effect."""
    invocation = world.invocation
    invocation.reaches("before", operation)
    is_new_stack = world.timeline.now - invocation.request.stack.created_at < world.iam_delay
    if is_new_stack and world.weather.strikes("iam: not known yet"):
        invocation.had_fault = True
        fault: str | None = "denied"
    else:
        fault = world.weather.call_fault(service, world.timeline.now)
    if fault is None and service == _ROOMS and world.weather.strikes("rooms: slow"):
        invocation.sleep(world.chance.uniform(1, 8))
    invocation.sleep(world.chance.uniform(0.01, 0.15))
    answered: Answer | None = None
    if fault is None or fault.endswith(" after"):
        answered = _take_effect(world, service, operation, request)
    world.watch.called(invocation, operation, fault, answered and answered[0])
    if operation == "StartAudienceExportJob" and "Name" in invocation.request.properties:
        imitate(world, json.loads(request.body))
    if fault:
        invocation.had_fault = True
        world.tell("{} for {}: {}", operation, invocation.request, fault)
        if fault.startswith("time-out"):
            invocation.sleep(float(request.headers[_PATIENCE]))
    invocation.sleep(world.chance.uniform(0.01, 0.15))
    invocation.reaches("after", operation)
    return _outcome(service, request, fault, answered)


def _outcome(service: str, request: AWSPreparedRequest, fault: str | None, answered: Answer | None) -> Answer:
    kind = fault.split()[0] if fault else ""
    if kind == "time-out":
        raise ReadTimeoutError(endpoint_url=request.url)
    if kind == "lost":
        raise ConnectionClosedError(endpoint_url=request.url)
    if kind:
        code, status = _ERRORS[kind][service]
        if service == _CLOUDFORMATION:
            return status, {"content-type": "text/xml"}, _QUERY_ERROR.format(code=code).encode()
        body = json.dumps({"message": _MESSAGES[len(request.url) % 2], "__type": code}).encode()
        return status, {"x-amzn-errortype": code, "content-type": "application/json"}, body
    assert answered is not None
    return answered


def _take_effect(world: World, service: str, operation: str, request: AWSPreparedRequest) -> Answer:
    url, body = urlsplit(request.url), request.body or b""
    body = body.encode() if isinstance(body, str) else body
    target = url.path + (f"?{url.query}" if url.query else "")
    if service == _ROOMS:
        exports = len(world.account.exports)
        response = world.account.respond(request.method, target, body)
        if len(world.account.exports) > exports:
            world.watch.started(world.invocation, world.account.exports[-1])
        return response.status, dict(response.headers), response.body
    stack = world.invocation.request.stack
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    status, answered = stack.control.respond(request.method, target, headers, body)
    if operation == "DescribeStacks":
        world.watch.asked(world.invocation)
    return status, {"content-type": "text/xml" if operation == "DescribeStacks" else "application/json"}, answered


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _urlopen(request: urllib.request.Request, *, timeout: float, context: object) -> io.BytesIO:
    """PUT of an answer."""
    world = _the_world()
    invocation, weather = world.invocation, world.weather
    invocation.reaches("before", "PUT")
    asked = world.request_of({"ResponseURL": request.full_url})
    invocation.sleep(world.chance.uniform(0.01, 0.15))
    problem = _answer_problem(world)
    if problem:
        asked.goes_out(world.timeline.now, in_delivery=invocation.is_delivery)
        world.tell("the answer to {}: {}", asked, problem)
    if problem == "refused":
        raise urllib.error.URLError(ConnectionRefusedError())
    if problem in ("403", "503"):
        raise urllib.error.HTTPError(request.full_url, int(problem), "simulated", {}, io.BytesIO())  # type: ignore[arg-type]
    assert isinstance(request.data, bytes)
    world.watch.answered(asked, request.data)
    if problem == "slow":
        invocation.sleep(timeout)
        raise TimeoutError
    invocation.sleep(world.chance.uniform(0.01, 0.15))
    invocation.reaches("after", "PUT")
    if weather.strikes("answer: confirmation lost"):
        raise ConnectionResetError
    asked.goes_on(world.timeline.now, in_delivery=invocation.is_delivery)
    return io.BytesIO()


def put_plainly(url: str, data: bytes) -> None:
    """PUT of an answer by a handler that is not ours."""
    _urlopen(urllib.request.Request(url, data=data, method="PUT"), timeout=10, context=None)


def _answer_problem(world: World) -> str | None:
    if world.weather.is_out("answer", world.timeline.now):
        return "refused"
    for problem in ("refused", "403", "503", "slow"):
        if world.weather.strikes(f"answer: {problem}"):
            return problem
    return None


class _Log(logging.Handler):
    """Shows every line of the log to the world."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if _world is None:
            return
        if SIGNATURE in text or (record.exc_info and SIGNATURE in str(record.exc_info[1])):
            _world.goes_wrong(8, "a ResponseURL is logged: {}", text)
        if _world.story is not None:
            _world.tell("    log: {}", text)


@contextmanager
def _watched_log() -> Iterator[None]:
    log, level = _Log(), logging.root.level
    handlers, logging.root.handlers[:] = logging.root.handlers[:], [log]
    try:
        yield
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
