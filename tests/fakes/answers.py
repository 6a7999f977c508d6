"""Clients of boto3 that give fixed answers: also those that the emulator and the fake stacks never give."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

from botocore.exceptions import ClientError


class NotFoundError(ClientError):
    def __init__(self) -> None:
        super().__init__({"Error": {"Code": "ResourceNotFoundException", "Message": "no such thing"}}, "Get")


class Answers:
    """The answer of each method by its name, a list of pages if it is read in pages. An exception is raised.

    `requests` are the methods that were called, with their arguments.
    """

    exceptions = SimpleNamespace(ResourceNotFoundException=NotFoundError)

    def __init__(self, **answers: object) -> None:
        self._answers = answers
        self.requests: list[tuple[str, dict[str, Any]]] = []

    def __getattr__(self, method: str) -> Any:
        return partial(self._answer, method)

    def get_paginator(self, operation: str) -> Any:
        return SimpleNamespace(paginate=partial(self._pages, operation))

    def _answer(self, method: str, **request: Any) -> Any:
        self.requests.append((method, request))
        answer = self._answers[method]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _pages(self, operation: str, **request: Any) -> Iterator[Any]:
        """As with boto3, nothing is read before the first page is."""
        yield from self._answer(operation, **request)


class AnsweringClients:
    """What the command line is given instead of a session; each client is one of these or of tests.fakes."""

    def __init__(self, region: str = "us-east-1", **clients: Any) -> None:
        self.region = region
        self._clients = clients

    def client(self, service: str, region: str | None = None) -> Any:
        return self._clients[service]
