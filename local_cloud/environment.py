"""The environment of every child process of this checkout: nothing is inherited, and the checkout's tools come first.

A machine may have an old Node.js first on its PATH, which has broken a run. Only jsii's unpacked libraries stay in the
checkout: they are the same for every run, and unpacking them takes longer than most commands.
"""

from __future__ import annotations

from pathlib import Path

from cdk_cleanroomsml_local import environment

CHECKOUT = Path(__file__).resolve().parents[1]
TOOLS = f"{CHECKOUT / '.venv' / 'bin'}:{CHECKOUT / 'node_modules' / '.bin'}"


def base(folder: Path) -> dict[str, str]:
    """Return an environment with homes and caches below `folder`, and with the tools of this checkout."""
    plain = environment.base(folder)
    return plain | {
        "PATH": f"{TOOLS}:{plain['PATH']}",
        # jsii unpacks its kernel here, instead of in the home directory.
        "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(CHECKOUT / ".cache" / "jsii"),
        "JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION": "1",
    }
