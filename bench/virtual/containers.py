"""Handlers of peers as Lambda loads them: a container imports a user's module anew, with what it needs from outside."""

from __future__ import annotations

import importlib
import json
import os
import sys
import urllib.error
from types import ModuleType
from typing import Any
from unittest.mock import patch

import cfn_handler._internal.poller as cfn_poller
from cfn_handler.exceptions import ResponseError

from bench.virtual.rules import Rules
from tests.simulation.model import wire
from tests.simulation.model.lambda_function import Handler
from tests.simulation.model.world import World

# Milliseconds that a function has left, as its context says; the libraries' own time-outs never strike here.
_LEFT = 60_000
_PAUSE_BETWEEN_PUTS = 2


def forget_clients() -> None:
    """Have the handlers make their clients anew."""
    for name in ("peer_exports", "peer_step_functions"):
        importlib.import_module(name).service.cache_clear()


def load(name: str, attribute: str) -> Handler:
    """Import a module of `peers/handlers` anew, and return its entry point."""
    handler: Handler = getattr(_imported_anew(name), attribute)
    return handler


def _imported_anew(name: str) -> ModuleType:
    """A separate module object for each container; the module that the peers share is the same in all."""
    sys.modules.pop(name, None)
    try:
        return importlib.import_module(name)
    finally:
        sys.modules.pop(name, None)


def step_functions(attribute: str, machine_arn: str) -> Handler:
    """The handler beside the state machine, whose PUT goes to the world."""
    module: Any = _imported_anew("peer_step_functions")
    module.put = wire.put_plainly
    module.os = _Environment({"STATE_MACHINE_ARN": machine_arn})
    handler: Handler = getattr(module, attribute)
    return handler


class _Environment:
    """`os` with a separate environment."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.environ = environ


def crhelper(world: World, rules: Rules) -> Handler:
    """The handler with crhelper, which calls the world's rules, and answers into the world."""
    # With it set, crhelper makes no clients.
    with patch.dict(os.environ, {"AWS_SAM_LOCAL": "true"}):
        module: Any = _imported_anew("peer_crhelper")
    helper = module.helper
    helper._sam_local = None
    helper._lambda_client = helper._events_client = rules
    # A timer would be a thread in real time.
    helper._set_timeout = lambda: None
    send = helper._send

    def put(url: str, body: dict[str, Any], _: object) -> None:
        """crhelper's own: any response counts as delivered, anything else is tried again without end."""
        while True:
            try:
                wire.put_plainly(url, json.dumps(body).encode())
            except urllib.error.HTTPError:
                return
            except OSError:
                world.sleep(_PAUSE_BETWEEN_PUTS)
            else:
                return

    helper._send = lambda status=None, reason="": send(status, reason, put)
    return _with_context(module.handler)


def cfn_handler(rules: Rules) -> Handler:
    """The handler with cfn-handler, which calls the world's rules, and answers into the world."""
    module: Any = _imported_anew("peer_cfn_handler")

    def put(url: str, payload: dict[str, Any]) -> None:
        try:
            wire.put_plainly(url, json.dumps(payload).encode())
        except OSError as error:
            raise ResponseError(str(error)) from error

    module.resource._transport = put
    handle = _with_context(module.handler)

    def handle_with_rules(event: dict[str, Any], context: Any) -> Any:
        clients = {"_events_client": lambda _: rules, "_lambda_client": lambda _: rules}
        # Set for the whole process, and always to the rules of the one world that runs.
        for name, client in clients.items():
            setattr(cfn_poller, name, client)
        return handle(event, context)

    return handle_with_rules


def _with_context(handler: Any) -> Handler:
    def handle(event: dict[str, Any], context: Any) -> Any:
        context.get_remaining_time_in_millis = lambda: _LEFT
        return handler(event, context)

    return handle
