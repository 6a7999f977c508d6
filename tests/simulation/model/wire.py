"""The network of the simulation: requests of the real boto3 clients and of urllib are answered in process.

botocore checks and serialises the request and parses the response as always. Between the two a client without retries
is answered through its hook `before-call`, which leaves out signatures and connections; a client that retries, as some
wrong handlers have, sends its request, and is answered through the hook `before-send`.
"""

from __future__ import annotations

import io
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from copy import copy
from dataclasses import dataclass
from email.message import Message
from functools import cache, lru_cache
from types import SimpleNamespace
from typing import Any, NamedTuple
from unittest.mock import patch
from urllib.parse import urlencode

import boto3
import botocore.context
import botocore.endpoint
import botocore.session
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.model import OperationModel
from botocore.parsers import ResponseParser, ResponseParserFactory
from botocore.regions import EndpointRulesetResolver
from botocore.utils import parse_timestamp
from crhelper import log_helper

from audience_export_handler.aws import response
from tests.fakes.deployment import forget_clients
from tests.simulation import odds
from tests.simulation.model import service_calls
from tests.simulation.model.world import SIGNATURE, World
from tests.simulation.rules.invariant import Invariant

_SERVICES = {
    "cleanroomsml": service_calls.ROOMS,
    "sfn": service_calls.STATES,
    "cloudformation": service_calls.CLOUDFORMATION,
}

_PLAIN_TIMEOUT = 10
_TIMES_CACHED = 10_000
_RESPONSES_CACHED = 1_000
# Statuses from here on are errors to botocore.
_ERRORS = 300

_world: World | None = None


@contextmanager
def installed() -> Iterator[None]:
    """Connect the handler's clients and its PUT to the simulated network until the block ends."""
    core = botocore.session.get_session()
    # The header User-Agent and the times in responses, made and parsed again for each call, took a quarter of a run.
    # Nobody here checks a signature.
    core.set_default_client_config(Config(user_agent="simulation", signature_version=UNSIGNED))
    core.get_component("response_parser_factory").set_parser_defaults(
        timestamp_parser=lru_cache(_TIMES_CACHED)(parse_timestamp)
    )
    session = boto3.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1", botocore_session=core
    )
    session.events.register("before-call", _answer)  # type: ignore[arg-type] # these two may return a response
    session.events.register("request-created", _note_patience)
    session.events.register("before-send", _send)  # type: ignore[arg-type]
    put = SimpleNamespace(Request=urllib.request.Request, urlopen=_urlopen)
    no_network = patch.object(response, "urllib", SimpleNamespace(request=put, error=urllib.error))
    no_tls = patch.object(response, "ssl", SimpleNamespace(create_default_context=lambda: None))
    no_waiting = patch.object(botocore.endpoint, "time", SimpleNamespace(sleep=_sleep, time=time.time))
    quick = (_quick_botocore(), _quick_log(), _watched_log())
    with patch.object(boto3, "DEFAULT_SESSION", session), no_network, no_tls, no_waiting, ExitStack() as stack:
        for change in quick:
            stack.enter_context(change)
        forget_clients()
        yield
        forget_clients()


@contextmanager
def connected(world: World) -> Iterator[None]:
    """Let a world answer until the block ends."""
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


def _answer(
    event_name: str, model: OperationModel, params: dict[str, Any], context: dict[str, Any], **_: Any
) -> tuple[Answered, dict[str, Any]] | None:
    config = context["client_config"]
    if (config.retries or {}).get("total_max_attempts") != 1:
        return None
    body = params["body"]
    headers = {**params["headers"], service_calls.PATIENCE: str(config.read_timeout)}
    request = Sent(params["method"], params["url"], headers, urlencode(body) if isinstance(body, dict) else body)
    status, received, content = service_calls.call(_the_world(), _service_of(event_name), model.name, request)
    return Answered(status), _parse(_Received(status, tuple(received.items()), content), model)


@dataclass(frozen=True)
class Sent:
    """What a request has when it is sent."""

    method: str
    url: str
    headers: dict[str, str]
    body: str | bytes


@dataclass(frozen=True)
class Answered:
    """What botocore wants to know of a response that it need not parse."""

    status_code: int


class _Received(NamedTuple):
    """A response as the network brings it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@lru_cache(_RESPONSES_CACHED)
def _parse(received: _Received, model: OperationModel) -> dict[str, Any]:
    """Parse a response as botocore's endpoint does: an error for its general members, then for its own.

    Most steps get the response of the step before; nobody changes what is returned.
    """
    headers = {name.lower(): value for name, value in received.headers}
    about = {"operation_name": model.name}
    response = {"status_code": received.status, "headers": headers, "body": received.body, "context": about}
    parser = _parser(model.service_model.resolved_protocol)
    parsed: dict[str, Any] = parser.parse(response, model.output_shape)  # type: ignore[arg-type] # None is no output
    if received.status >= _ERRORS:
        shape = model.service_model.shape_for_error_code(parsed.get("Error", {}).get("Code"))
        if shape is not None:
            parsed.update(parser.parse(response, shape))
    return parsed


@cache
def _parser(protocol: str) -> ResponseParser:
    factory = ResponseParserFactory()
    factory.set_parser_defaults(timestamp_parser=lru_cache(_TIMES_CACHED)(parse_timestamp))
    return factory.create_parser(protocol)


def _service_of(event_name: str) -> str:
    return _SERVICES[event_name.split(".")[1]]


def _note_patience(request: AWSRequest, **_: Any) -> None:
    patience = str(request.context["client_config"].read_timeout)
    request.headers[service_calls.PATIENCE] = patience


def _send(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
    operation = event_name.split(".")[2]
    body = request.body or b""
    assert isinstance(body, str | bytes)
    sent = Sent(request.method, request.url, _texts(request.headers), body)
    status, headers, body = service_calls.call(_the_world(), _service_of(event_name), operation, sent)
    return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), _Raw(body))


def _texts(headers: Any) -> dict[str, str]:
    return {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in headers.items()}


class _Raw:
    """A body as urllib3 returns it."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._body


def _urlopen(request: urllib.request.Request, *, timeout: float, context: object) -> io.BytesIO:
    """PUT of an answer."""
    world = _the_world()
    invocation, weather = world.invocation, world.weather
    invocation.reaches("before", "PUT")
    asked = world.request_of({"ResponseURL": request.full_url})
    invocation.sleep(world.chance.uniform(*odds.ON_THE_WAY))
    problem = _answer_problem(world)
    if problem:
        asked.goes_out(world.timeline.now, in_delivery=invocation.is_delivery)
        world.tell("the answer to {}: {}", asked, problem)
    if problem and problem != "slow":
        raise _refusal(problem, request.full_url)
    assert isinstance(request.data, bytes)
    world.watch.answered(asked, request.data)
    if problem == "slow":
        invocation.sleep(timeout)
        raise TimeoutError
    invocation.sleep(world.chance.uniform(*odds.ON_THE_WAY))
    invocation.reaches("after", "PUT")
    if weather.strikes("answer: confirmation lost"):
        raise ConnectionResetError
    asked.goes_on(world.timeline.now, in_delivery=invocation.is_delivery)
    return io.BytesIO()


def put_plainly(url: str, data: bytes) -> None:
    """PUT of an answer by another handler: it waits `_PLAIN_TIMEOUT` seconds for the response."""
    _urlopen(urllib.request.Request(url, data=data, method="PUT"), timeout=_PLAIN_TIMEOUT, context=None)


def _answer_problem(world: World) -> str | None:
    if world.weather.is_out("answer", world.timeline.now):
        return "refused"
    for problem in ("refused", "403", "503", "slow"):
        if world.weather.strikes(f"answer: {problem}"):
            return problem
    return None


def _refusal(problem: str, url: str) -> urllib.error.URLError:
    if problem == "refused":
        return urllib.error.URLError(ConnectionRefusedError())
    return urllib.error.HTTPError(url, int(problem), "simulated", Message(), io.BytesIO())


class _Log(logging.Handler):
    """Shows every line of the log to the world."""

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if _world is None:
            return
        if SIGNATURE in text or (record.exc_info and SIGNATURE in str(record.exc_info[1])):
            _world.goes_wrong(Invariant.SECRETS, "a ResponseURL is logged: {}", text)
        if _world.story is not None:
            _world.tell("    log: {}", text)


@contextmanager
def _quick_botocore() -> Iterator[None]:
    """Work out once what botocore works out in each call, and what no schedule changes.

    That is the endpoint of an operation, a class for each paginator, and a copy of the features that a call notes for
    its header User-Agent.
    """
    resolve = EndpointRulesetResolver.construct_endpoint
    endpoints: dict[tuple[EndpointRulesetResolver, str], Any] = {}

    def resolve_once(self: EndpointRulesetResolver, operation_model: OperationModel, *rest: Any, **named: Any) -> Any:
        key = self, operation_model.name
        if key not in endpoints:
            endpoints[key] = resolve(self, operation_model, *rest, **named)
        return endpoints[key]

    once = patch.object(EndpointRulesetResolver, "construct_endpoint", resolve_once)
    paginators = patch.object(BaseClient, "get_paginator", cache(BaseClient.get_paginator))
    features = patch.object(botocore.context, "deepcopy", copy)
    with once, paginators, features:
        yield


@contextmanager
def _quick_log() -> Iterator[None]:
    """Leave out what takes time and changes nothing.

    crhelper sets up the log and the levels of botocore's loggers in each invocation, and each time all loggers forget
    what they have worked out. botocore has tens of debug lines in each call, which nobody wants. A line need not know
    its caller, thread and process.
    """
    set_level = logging.Logger.setLevel

    def set_new_level(self: logging.Logger, level: int | str) -> None:
        number = logging.getLevelName(level) if isinstance(level, str) else level
        if number != self.level:
            set_level(self, level)

    set_up = log_helper.setup
    is_set_up: list[bool] = []

    def set_up_once(*settings: Any, **named: Any) -> None:
        if not is_set_up:
            is_set_up.append(True)
            set_up(*settings, **named)

    unknown: Any = {"_srcfile": None, "logThreads": False, "logProcesses": False, "logMultiprocessing": False}
    silent = [logger for name, logger in logging.root.manager.loggerDict.items() if name.startswith("botocore.")]
    with ExitStack() as stack:
        stack.enter_context(patch.object(logging.Logger, "setLevel", set_new_level))
        stack.enter_context(patch.object(log_helper, "setup", set_up_once))
        stack.enter_context(patch.multiple(logging, **unknown))
        for logger in silent:
            if isinstance(logger, logging.Logger):
                stack.enter_context(patch.object(logger, "debug", _say_nothing))
        yield


def _say_nothing(*_: object, **__: object) -> None:
    """Instead of a debug line."""


@contextmanager
def _watched_log() -> Iterator[None]:
    log, level = _Log(), logging.root.level
    handlers, logging.root.handlers[:] = logging.root.handlers[:], [log]
    try:
        yield
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
