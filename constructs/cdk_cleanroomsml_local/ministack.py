"""MiniStack as a child process: CloudFormation, Lambda, Step Functions, IAM, S3 and the rest on one https port."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import trustme

from cdk_cleanroomsml_local import child, environment

_START_SECONDS = 60
_GRACE_SECONDS = 2
_LAMBDA_RUNTIME = Path(__file__).with_name("lambda_runtime")


class MiniStackDidNotStartError(RuntimeError):
    """MiniStack stopped, or was not ready in time; the message has the end of its log."""


@dataclass(frozen=True)
class MiniStack:
    """A running MiniStack: its https endpoint, and the CA bundle for its certificate."""

    url: str
    ca_bundle: Path
    log: Path

    def reset(self) -> None:
        """Remove everything of all services."""
        self._send("/_ministack/reset", b"")

    def configure(self, settings: Mapping[str, object]) -> None:
        """Change settings of MiniStack while it runs."""
        self._send("/_ministack/config", json.dumps(settings).encode())

    def _send(self, path: str, body: bytes) -> None:
        request = urllib.request.Request(f"{self.url}{path}", data=body, method="POST")
        with _opener(self).open(request, timeout=_START_SECONDS):
            pass


@contextmanager
def running(
    folder: Path,
    *,
    clean_rooms_ml_endpoint: str,
    account: str = environment.ACCOUNT,
    region: str = environment.REGION,
) -> Iterator[MiniStack]:
    """Run MiniStack until the block ends; its Lambda functions call Clean Rooms ML at `clean_rooms_ml_endpoint`."""
    if find_spec("ministack") is None:
        raise ModuleNotFoundError("ministack is not installed", name="ministack")
    ca_bundle, certificate, key = _certificates(folder)
    port = _free_port()
    stack = MiniStack(f"https://127.0.0.1:{port}", ca_bundle, folder / "ministack.log")
    # hypercorn itself, because the ministack command would also bind port 443.
    command = [sys.executable, str(child.GUARD), "hypercorn", "ministack.app:app"]
    command += ["--bind", f"127.0.0.1:{port}"]
    command += ["--certfile", str(certificate), "--keyfile", str(key), "--graceful-timeout", "1"]
    environ = _environment(folder, port, stack, clean_rooms_ml_endpoint)
    environ |= {"MINISTACK_ACCOUNT_ID": account, "MINISTACK_REGION": region}
    with child.running(
        command,
        environment=environ,
        folder=folder,
        log=stack.log,
        grace_seconds=_GRACE_SECONDS,
        stdin=subprocess.PIPE,
    ) as started:
        _wait_until_ready(started, stack)
        yield stack


def _environment(folder: Path, port: int, stack: MiniStack, clean_rooms_ml_endpoint: str) -> dict[str, str]:
    return environment.base(folder) | {
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "USE_SSL": "1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        # Lambda workers inherit this environment.
        "PYTHONPATH": str(_LAMBDA_RUNTIME),
        "SSL_CERT_FILE": str(stack.ca_bundle),
        "AWS_CA_BUNDLE": str(stack.ca_bundle),
        "AWS_ENDPOINT_URL_CLEANROOMSML": clean_rooms_ml_endpoint,
    }


def _certificates(folder: Path) -> tuple[Path, Path, Path]:
    """Write a CA for this run, and a certificate from it for 127.0.0.1."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    paths = folder / "ca.pem", folder / "certificate.pem", folder / "key.pem"
    authority.cert_pem.write_to_path(str(paths[0]))
    for blob in issued.cert_chain_pems:
        blob.write_to_path(str(paths[1]), append=True)
    issued.private_key_pem.write_to_path(str(paths[2]))
    return paths


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _opener(stack: MiniStack) -> urllib.request.OpenerDirector:
    """Return what sends requests to MiniStack, whatever proxy the machine has."""
    context = ssl.create_default_context(cafile=str(stack.ca_bundle))
    return urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))


def _wait_until_ready(started: subprocess.Popen[bytes], stack: MiniStack) -> None:
    opener = _opener(stack)
    give_up = time.monotonic() + _START_SECONDS
    while started.poll() is None and time.monotonic() < give_up:
        with suppress(OSError), opener.open(f"{stack.url}/_ministack/health", timeout=5):
            return
        time.sleep(0.1)
    end = stack.log.read_text(errors="replace")[-2000:]
    raise MiniStackDidNotStartError(f"MiniStack is not ready after {_START_SECONDS} s; its log ends with:\n{end}")
