"""The wire protocol of Clean Rooms ML, as botocore's model of the service describes it.

Routes, shapes, limits and error codes come from the model. botocore's client checks only required members, types and
minima. This module also checks patterns, maxima and enums, as the service does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.model import OperationModel, Shape, StructureShape

from cdk_cleanroomsml_local import environment


@dataclass(frozen=True)
class Response:
    """A response over HTTP."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class ApiError(Exception):
    """An error of the service; a `code` that the operation does not model needs a `status`."""

    def __init__(self, code: str, message: str, *, status: int | None = None, **members: Any) -> None:
        self.code = code
        self.message = message
        self.status = status
        self.members = members
        super().__init__(f"{code}: {message}")


class ServiceModel:
    """The parts of one service's model that a server needs."""

    def __init__(self, service: str) -> None:
        self._model = environment.plain_session().get_service_model(service)
        self._routes = [
            (operation.http["method"], _route_pattern(operation.http["requestUri"]), operation)
            for operation in map(self._model.operation_model, self._model.operation_names)
        ]

    def route(self, method: str, target: str) -> tuple[OperationModel, dict[str, str]] | None:
        """Return the operation for a method and request target, and the labels of its path, or None."""
        path = urlsplit(target).path
        for known_method, pattern, operation in self._routes:
            if known_method == method and (match := pattern.fullmatch(path)):
                return operation, {label: unquote(value) for label, value in match.groupdict().items()}
        return None

    def parse(self, operation: OperationModel, labels: dict[str, str], target: str, body: bytes) -> dict[str, Any]:
        """Return the operation's checked input; raise ApiError with ValidationException for the first broken rule."""
        shape = operation.input_shape
        if not isinstance(shape, StructureShape):
            return {}
        query = {key: values[-1] for key, values in parse_qs(urlsplit(target).query).items()}
        payload = _json_object(body)
        values: dict[str, Any] = {}
        for name, member in shape.members.items():
            wire = member.serialization.get("name", name)
            location = member.serialization.get("location")
            source: Mapping[str, Any] = labels if location == "uri" else query if location == "querystring" else payload
            if wire in source:
                values[name] = _from_text(member, source[wire]) if location else source[wire]
        _check(shape, values, "")
        return values

    def success(self, operation: OperationModel, output: dict[str, Any]) -> Response:
        """Return the response for an operation's output, in which times are datetimes."""
        body = b"" if operation.output_shape is None else json.dumps(output, default=_iso_time).encode()
        return Response(operation.http.get("responseCode", 200), body, {"Content-Type": "application/json"})

    def failure(self, error: ApiError) -> Response:
        """Return the response for an error, with its own status or the one in the model."""
        status = error.status
        if status is None:
            status = self._model.shape_for(error.code).metadata["error"]["httpStatusCode"]
        body = json.dumps({"message": error.message} | error.members).encode()
        return Response(status, body, {"Content-Type": "application/json", "x-amzn-ErrorType": error.code})


@cache
def of_service(service: str) -> ServiceModel:
    """Return the model of a service, such as ``cleanroomsml``; it is read once for each process."""
    return ServiceModel(service)


def _route_pattern(request_uri: str) -> re.Pattern[str]:
    """Turn ``/audience-generation-job/{arn}`` into a pattern; ARNs arrive percent-encoded, so a label has no slash."""
    parts = re.split(r"\{(\w+)\+?\}", request_uri)
    return re.compile(
        "".join(f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(body) if body else {}
    except ValueError as error:
        raise ApiError("ValidationException", "the body is not JSON") from error
    if not isinstance(payload, dict):
        raise ApiError("ValidationException", "the body is not a JSON object")
    return payload


def _from_text(shape: Shape, text: str) -> Any:
    """Convert a value of the path or the query, which is text, to the type of its shape."""
    if shape.type_name == "integer":
        return int(text) if re.fullmatch(r"-?\d{1,9}", text) else text
    return text


def _check(shape: Shape, value: Any, path: str) -> None:
    if isinstance(shape, StructureShape):
        _check_structure(shape, value, path)
    elif shape.type_name == "integer":
        _require(isinstance(value, int) and not isinstance(value, bool), path, "must be an integer", value)
        _check_range(shape, value, value, path, "")
    elif shape.type_name == "string":
        _require(isinstance(value, str), path, "must be a string", value)
        _check_string(shape, value, path)


def _check_structure(shape: StructureShape, value: Any, path: str) -> None:
    _require(isinstance(value, dict), path or "body", "must be an object", value)
    for name in shape.required_members:
        _require(value.get(name) is not None, f"{path}{name}", "is required", None)
    for name, member in shape.members.items():
        if value.get(name) is not None:
            _check(member, value[name], f"{path}{name}" + ("." if isinstance(member, StructureShape) else ""))


def _check_string(shape: Shape, value: str, path: str) -> None:
    allowed, pattern = shape.metadata.get("enum"), shape.metadata.get("pattern")
    _require(not allowed or value in allowed, path, f"must be one of {allowed}", value)
    _check_range(shape, len(value), value, path, " characters")
    _require(not pattern or re.fullmatch(pattern, value), path, f"must match {pattern}", value)


def _check_range(shape: Shape, size: int, value: Any, path: str, unit: str) -> None:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    _require(low is None or size >= low, path, f"must be at least {low}{unit}", value)
    _require(high is None or size <= high, path, f"must be at most {high}{unit}", value)


def _require(holds: object, path: str, rule: str, value: Any) -> None:
    if not holds:
        raise ApiError("ValidationException", f"1 validation error detected: {path.rstrip('.')} {rule}; got {value!r}")


def _iso_time(value: object) -> str:
    if not isinstance(value, datetime):
        raise TypeError(f"not JSON: {value!r}")
    return value.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
