"""`make local`: keeps a local cloud running, for this checkout's tools."""

from __future__ import annotations

import argparse
import sys
from datetime import timedelta
from pathlib import Path

from cdk_cleanroomsml_local import catalog, console, interrupt
from cdk_cleanroomsml_local.readings import Readings
from local_cloud import cloud, environment

_SETTINGS = environment.CHECKOUT / ".local" / "env"


def main() -> int:
    """Run until interrupted; returns the exit status."""
    arguments = _arguments()
    interrupt.end_in_order()
    given = catalog.read(arguments.catalog)
    readings = Readings(in_progress_for=timedelta(seconds=arguments.export_seconds))
    try:
        with cloud.running(given, readings=readings) as local_cloud:
            console.keep_running(local_cloud, settings=_SETTINGS, tools=environment.TOOLS)
    except KeyboardInterrupt:
        print("\nThe local cloud has stopped. Nothing is left running.")
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local_cloud", description=__doc__)
    parser.add_argument(
        "--catalog",
        type=Path,
        default=catalog.DEMO,
        help="JSON file with generation jobs and models (default: %(default)s)",
    )
    parser.add_argument(
        "--export-seconds", type=float, default=8, help="seconds that an export is in progress (default: %(default)s)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
