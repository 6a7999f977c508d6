"""Clean Rooms ML over HTTP: the wire protocol of the service model in front of `clean_rooms_ml`, and its faults."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cdk_cleanroomsml_local.clean_rooms_ml import CleanRoomsML
from cdk_cleanroomsml_local.service_model import ApiError, Response, of_service

# Longer than the handler's read time-out of 10 s.
_HANG_SECONDS = 30


class FaultKind(Enum):
    """How a call can fail."""

    THROTTLE = "throttle"
    SERVER_ERROR = "server-error"
    TIMEOUT = "timeout"
    DROP = "drop"
    REFUSE = "refuse"


@dataclass
class Fault:
    """The next `times` calls of `operation` fail, before or after they take effect.

    REFUSE returns the error `code`. A code that the operation does not model has status 400. `where` limits the fault
    to requests with these members; None stands for a member that is left out.
    """

    operation: str
    kind: FaultKind
    times: int = 1
    takes_effect: bool = False
    code: str = ""
    message: str = "refused on request"
    where: dict[str, Any] = field(default_factory=dict)

    def concerns(self, operation: str, request: dict[str, Any]) -> bool:
        """Return whether the fault applies to this call."""
        is_meant = all(request.get(member) == value for member, value in self.where.items())
        return self.times > 0 and self.operation == operation and is_meant


@dataclass(frozen=True)
class Call:
    """One received call; `answer` is its status and error code, or that it got no answer."""

    operation: str
    request: dict[str, Any]
    at: datetime
    answer: str


class Emulator:
    """The service on a free port of 127.0.0.1.

    Attributes:
        service: the state, which can be read and changed while the emulator runs.
        faults: the faults for later calls, in order.
        calls: every call so far, in the order of their answers.
    """

    def __init__(self, service: CleanRoomsML) -> None:
        self.service = service
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self._model = of_service("cleanroomsml")
        self._stopping = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self))
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Endpoint for ``AWS_ENDPOINT_URL_CLEANROOMSML``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def started(self) -> list[Call]:
        """Return the calls that start an export, with any answer."""
        return [call for call in self.calls if call.operation == "StartAudienceExportJob"]

    @contextmanager
    def running(self) -> Iterator[Emulator]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._stopping.set()
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def respond(self, method: str, target: str, body: bytes) -> Response | None:
        """Return the response to a request, or None if the connection must be dropped."""
        if (method, target) == ("POST", "/_faults"):
            return self._add_fault(body)
        route = self._model.route(method, target)
        if route is None:
            return self._model.failure(ApiError("UnknownOperationException", f"no route {method} {target}", status=404))
        operation, labels = route
        request: dict[str, Any] = {}
        try:
            request = self._model.parse(operation, labels, target, body)
            response = self._answer(operation, request)
        except ApiError as error:
            response = self._model.failure(error)
            answer = f"{response.status} {error.code}"
        else:
            answer = str(response.status) if response else "no answer"
        self.calls.append(Call(operation.name, request, self.service.clock(), answer))
        return response

    def _answer(self, operation: Any, request: dict[str, Any]) -> Response | None:
        fault = self._next_fault(operation.name, request)
        if fault is None or fault.takes_effect:
            output = self.service.call(operation.name, request)
            if fault is None:
                return self._model.success(operation, output)
        if fault.kind is FaultKind.THROTTLE:
            raise ApiError("ThrottlingException", "Rate exceeded", status=429)
        if fault.kind is FaultKind.SERVER_ERROR:
            raise ApiError("InternalServerException", "An internal error occurred", status=500)
        if fault.kind is FaultKind.REFUSE:
            known = fault.code in {shape.name for shape in operation.error_shapes}
            raise ApiError(fault.code, fault.message, status=None if known else 400)
        if fault.kind is FaultKind.TIMEOUT:
            self._stopping.wait(_HANG_SECONDS)
        return None

    def _next_fault(self, operation: str, request: dict[str, Any]) -> Fault | None:
        for fault in self.faults:
            if fault.concerns(operation, request):
                fault.times -= 1
                return fault
        return None

    def _add_fault(self, body: bytes) -> Response:
        """Add a fault over HTTP: ``{"operation": …, "kind": "throttle", "times": 2, "takes_effect": false}``."""
        try:
            data = json.loads(body)
            self.faults.append(Fault(**data | {"kind": FaultKind(data["kind"])}))
        except (ValueError, KeyError, TypeError) as error:
            return Response(400, f"not a fault: {error}\n".encode())
        return Response(204, b"")


def _handler_for(emulator: Emulator) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body are two writes; Nagle's algorithm would delay the second one by 40 ms.
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._respond()

        def do_POST(self) -> None:
            self._respond()

        def do_PUT(self) -> None:
            self._respond()

        def do_PATCH(self) -> None:
            self._respond()

        def do_DELETE(self) -> None:
            self._respond()

        def _respond(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            response = emulator.respond(self.command, self.path, body)
            if response is None:
                self.close_connection = True
                return
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(response.body)))
            self.end_headers()
            self.wfile.write(response.body)

        def log_message(self, *args: object) -> None:
            """Print nothing; `calls` is the log."""

    return Handler
