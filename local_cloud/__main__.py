"""`make local`: keeps a local cloud running, and prints the settings that a client needs."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from datetime import timedelta
from pathlib import Path

from local_cloud import catalog, cloud, interrupt
from local_cloud.clean_rooms_ml import CleanRoomsML
from local_cloud.cloud import LocalCloud
from local_cloud.environment import CHECKOUT
from local_cloud.readings import Readings

_SETTINGS = CHECKOUT / ".local" / "env"


def main() -> int:
    """Run until interrupted; returns the exit status."""
    arguments = _arguments()
    interrupt.end_in_order()
    given = catalog.read(arguments.catalog)
    readings = Readings(in_progress_for=timedelta(seconds=arguments.export_seconds))
    try:
        with cloud.running(given, readings=readings) as local_cloud:
            _introduce(local_cloud)
            _tell_exports(local_cloud.clean_rooms_ml.service)
    except KeyboardInterrupt:
        print("\nThe local cloud has stopped. Nothing is left running.")
    finally:
        _SETTINGS.unlink(missing_ok=True)
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


def _introduce(local_cloud: LocalCloud) -> None:
    tools = f"{CHECKOUT / '.venv' / 'bin'}:{CHECKOUT / 'node_modules' / '.bin'}"
    # The reader's own profile or session token would override the keys; NO_PROXY keeps a proxy out of the way.
    lines = ["unset AWS_PROFILE AWS_SESSION_TOKEN"]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in local_cloud.aws_environment.items()]
    lines.append(f'export PATH={shlex.quote(tools)}:"$PATH"')
    _SETTINGS.write_text("\n".join([*lines, ""]))
    print("The local cloud is running. In another terminal, run these lines:\n")
    print("\n".join(f"    {line}" for line in lines))
    print(f"\nThis does the same:\n\n    . {shlex.quote(str(_SETTINGS))}\n")
    print("Then run, in this checkout or in your own app:\n")
    print("    cdk bootstrap    # once\n    cdk deploy       # or cdk diff, cdk destroy, aws ...\n")
    print("Generation jobs in the catalog:")
    for job in local_cloud.clean_rooms_ml.service.jobs.values():
        print(f"    {job.arn}  {job.name}")
    print("\nStatus changes of exports (Ctrl-C stops the cloud):", flush=True)


def _tell_exports(service: CleanRoomsML) -> None:
    shown: dict[int, str] = {}
    while True:
        for export in list(service.exports):
            status = service.status_of(export)
            if shown.get(export.number) != status:
                shown[export.number] = status
                print(f"    {status:<20} {export.name}", flush=True)
        time.sleep(0.5)


if __name__ == "__main__":
    sys.exit(main())
