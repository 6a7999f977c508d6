"""Starts a local cloud and ends it with the block: servers, child processes and files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from cdk_cleanroomsml_local import environment, ministack
from cdk_cleanroomsml_local.catalog import Catalog
from cdk_cleanroomsml_local.clean_rooms_ml import CleanRoomsML
from cdk_cleanroomsml_local.cloud import Cloud
from cdk_cleanroomsml_local.emulator import Emulator
from cdk_cleanroomsml_local.readings import Readings

Kind = TypeVar("Kind", bound=Cloud)


@contextmanager
def running(
    catalog: Catalog | None = None,
    *,
    account: str = environment.ACCOUNT,
    region: str = environment.REGION,
    readings: Readings | None = None,
) -> Iterator[Cloud]:
    """Run a local cloud until the block ends, and leave nothing behind.

    Args:
        catalog: the generation jobs and models that exist, by default none.
        account: twelve digits.
        region: the only Region that it has.
        readings: how the emulator behaves where AWS documents nothing, and how long exports take.
    """
    with running_as(
        Cloud, catalog or Catalog({}, {}), account=account, region=region, readings=readings or Readings()
    ) as cloud:
        yield cloud


@contextmanager
def running_as(
    kind: type[Kind],
    catalog: Catalog,
    *,
    account: str = environment.ACCOUNT,
    region: str = environment.REGION,
    runs: Path | None = None,
    **settings: Any,
) -> Iterator[Kind]:
    """Run a local cloud of a subclass, with its folder in `runs`; `settings` are passed to `CleanRoomsML`."""
    folder = Path(tempfile.mkdtemp(prefix=f"run-{os.getpid()}-", dir=runs))
    try:
        emulator = Emulator(CleanRoomsML(dict(catalog.jobs), dict(catalog.models), **settings))
        with (
            emulator.running(),
            ministack.running(folder, clean_rooms_ml_endpoint=emulator.url, account=account, region=region) as stack,
        ):
            aws = environment.aws(
                endpoint=stack.url,
                clean_rooms_ml_endpoint=emulator.url,
                ca_bundle=stack.ca_bundle,
                account=account,
                region=region,
            )
            cloud = kind(folder, aws, emulator, stack, account, region)
            cloud.write_outputs_to_s3()
            yield cloud
    finally:
        shutil.rmtree(folder, ignore_errors=True)
