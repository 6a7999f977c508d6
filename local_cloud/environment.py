"""The environment of every child process: nothing is inherited, so the machine's settings have no effect.

A machine may set ``AWS_*``, proxies or certificate bundles, or have an old Node.js first on its PATH. Each of these
has broken a run. Homes, caches and temporary files are stored in the run's own folder and are removed with it. Only
jsii's unpacked libraries stay in the checkout: they are the same for every run, and unpacking them takes longer than
most commands.
"""

from __future__ import annotations

import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]

REGION = "us-east-1"
ACCOUNT = "111122223333"


def base(folder: Path) -> dict[str, str]:
    """Return an environment with homes and caches below `folder`."""
    places = {"HOME": folder / "home", "TMPDIR": folder / "tmp", "XDG_CACHE_HOME": folder / "cache"}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    tools = [CHECKOUT / ".venv" / "bin", CHECKOUT / "node_modules" / ".bin", Path(sys.executable).parent]
    return {
        "PATH": ":".join([*map(str, tools), "/usr/bin", "/bin"]),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        # jsii unpacks its kernel here, instead of in the home directory.
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(CHECKOUT / ".cache" / "jsii"),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
        **{name: str(place) for name, place in places.items()},
    }


def aws(*, endpoint: str, clean_rooms_ml_endpoint: str, ca_bundle: Path) -> dict[str, str]:
    """Return the variables that make the AWS SDKs, the CDK CLI and the AWS CLI use the local cloud."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ENDPOINT_URL_CLEANROOMSML": clean_rooms_ml_endpoint,
        "AWS_ACCESS_KEY_ID": ACCOUNT,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CA_BUNDLE": str(ca_bundle),
        "NODE_EXTRA_CA_CERTS": str(ca_bundle),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "NO_PROXY": "127.0.0.1",
    }
