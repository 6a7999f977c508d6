"""What stands behind a ResponseURL: an https endpoint that keeps every body and can misbehave."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme

from tests.fakes.http_server import serving


class AnswerEndpoint:
    """`statuses` are those of the next answers, 200 after them; None drops the connection after taking the body."""

    def __init__(self) -> None:
        self.url = ""
        self.bodies: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int | None] = []
        self.before_answer: Callable[[], object] = lambda: None

    def _respond(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes] | None:
        assert method == "PUT"
        self.raw.append(body)
        self.bodies.append(json.loads(body))
        self.headers.append(headers)
        self.before_answer()
        status = self.statuses.pop(0) if self.statuses else 200
        return None if status is None else (status, b"")


@contextmanager
def answer_endpoint(folder: Path) -> Iterator[tuple[AnswerEndpoint, Path]]:
    """Run an endpoint; yields it and the CA file that vouches for it."""
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    ca_file = folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    endpoint = AnswerEndpoint()
    with serving(endpoint._respond, tls) as url:
        endpoint.url = f"{url}/answer?Signature=secret"
        yield endpoint, ca_file
