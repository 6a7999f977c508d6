"""The environment of every child process: nothing is inherited, so the machine's settings have no effect.

A machine may set ``AWS_*``, proxies or certificate bundles. Each of these has broken a run. Homes, caches and temporary
files are stored in the run's own folder and are removed with it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import botocore.session

REGION = "us-east-1"
ACCOUNT = "111122223333"


def base(folder: Path) -> dict[str, str]:
    """Return an environment with homes and caches below `folder`."""
    places = {"HOME": folder / "home", "TMPDIR": folder / "tmp", "XDG_CACHE_HOME": folder / "cache"}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        **{name: str(place) for name, place in places.items()},
    }


def aws(
    *, endpoint: str, clean_rooms_ml_endpoint: str, ca_bundle: Path, account: str = ACCOUNT, region: str = REGION
) -> dict[str, str]:
    """Return the variables that make the AWS SDKs, the CDK CLI and the AWS CLI use the local cloud."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_CLEANROOMSML": clean_rooms_ml_endpoint,
        # MiniStack reads the account from the access key.
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CA_BUNDLE": str(ca_bundle),
        "NODE_EXTRA_CA_CERTS": str(ca_bundle),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "NO_PROXY": "127.0.0.1",
    }


def plain_session() -> botocore.session.Session:
    """Return a session that reads no profile and no file of the user, whatever ``AWS_*`` variables are set."""
    nothing = (None, None, os.devnull, None)
    variables = {"profile": (None, None, None, None), "config_file": nothing, "credentials_file": nothing}
    return botocore.session.Session(session_vars=variables)


@contextmanager
def applied(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables in this process until the block ends, and hide all other ``AWS_*``; then restore what was."""
    concerned = {*variables, *(name for name in os.environ if name.startswith("AWS_"))}
    before = {name: os.environ.get(name) for name in concerned}
    for name in concerned:
        os.environ.pop(name, None)
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
