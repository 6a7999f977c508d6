"""The network of the simulation: requests of the real boto3 clients and of urllib are answered in process.

botocore serialises, signs and parses as always; only sending is replaced, through its hook `before-send`.
"""

from __future__ import annotations

import io
import logging
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import botocore.endpoint
import botocore.session
from botocore.awsrequest import AWSPreparedRequest, AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.utils import parse_timestamp

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

_world: World | None = None


@contextmanager
def installed() -> Iterator[None]:
    """Connect the handler's clients and its PUT to the simulated network until the block ends."""
    core = botocore.session.get_session()
    # The header User-Agent and the times in responses, made and parsed again for each call, took a quarter of a run.
    core.set_default_client_config(Config(user_agent="simulation"))
    core.get_component("response_parser_factory").set_parser_defaults(
        timestamp_parser=lru_cache(_TIMES_CACHED)(parse_timestamp)
    )
    session = boto3.Session(
        aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1", botocore_session=core
    )
    session.events.register("request-created", _note_patience)
    session.events.register("before-send", _send)  # type: ignore[arg-type] # this hook may return a response
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


def _note_patience(request: AWSRequest, **_: Any) -> None:
    patience = str(request.context["client_config"].read_timeout)
    request.headers[service_calls.PATIENCE] = patience


def _send(request: AWSPreparedRequest, event_name: str, **_: Any) -> AWSResponse:
    endpoint_prefix, operation = event_name.split(".")[1:]
    service = _SERVICES[endpoint_prefix]
    status, headers, body = service_calls.call(_the_world(), service, operation, request)
    return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), _Raw(body))


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
def _watched_log() -> Iterator[None]:
    log, level = _Log(), logging.root.level
    handlers, logging.root.handlers[:] = logging.root.handlers[:], [log]
    try:
        yield
    finally:
        logging.root.handlers[:] = handlers
        logging.root.setLevel(level)
