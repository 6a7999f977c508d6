"""Starts and stops the local cloud as a whole: the emulator of Clean Rooms ML, MiniStack, and a client's settings."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local_cloud import environment, ministack
from local_cloud.catalog import Catalog
from local_cloud.cdk_cli import CdkCli
from local_cloud.clean_rooms_ml import CleanRoomsML
from local_cloud.emulator import Emulator

_RUNS = environment.CHECKOUT / ".local"


@dataclass(frozen=True)
class LocalCloud:
    """A running local cloud.

    Attributes:
        folder: everything that this run writes; it is removed at the end.
        aws_environment: the environment variables that a client needs to reach it.
        clean_rooms_ml: the emulator, with its calls, faults and exports.
    """

    folder: Path
    aws_environment: dict[str, str]
    clean_rooms_ml: Emulator
    ministack: ministack.MiniStack

    @property
    def cdk(self) -> CdkCli:
        """The CDK CLI, configured for this cloud."""
        environ = environment.base(self.folder) | self.aws_environment
        return CdkCli(environ, output=self.folder / "cdk.out", log=self.folder / "cdk.log")

    def client(self, service: str) -> Any:
        """Return a boto3 client for a service of MiniStack, or for Clean Rooms ML."""
        endpoint = self.clean_rooms_ml.url if service == "cleanroomsml" else self.ministack.url
        session: Any = boto3.session.Session(
            aws_access_key_id=self.aws_environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.aws_environment["AWS_SECRET_ACCESS_KEY"],
            region_name=environment.REGION,
        )
        config = Config(proxies={}, s3={"addressing_style": "path"})
        return session.client(service, endpoint_url=endpoint, verify=str(self.ministack.ca_bundle), config=config)


@contextmanager
def running(catalog: Catalog, *, wait_scale: float = 1, **settings: Any) -> Iterator[LocalCloud]:
    """Run a local cloud until the block ends, and leave nothing behind.

    Args:
        catalog: the generation jobs and models that exist.
        wait_scale: how long state machines wait, as a part of what they ask for.
        settings: passed to `CleanRoomsML`, such as its readings and its clock.
    """
    _RUNS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f"run-{os.getpid()}-", dir=_RUNS))
    try:
        emulator = Emulator(CleanRoomsML(catalog.jobs, catalog.models, **settings))
        with (
            emulator.running(),
            ministack.running(folder, clean_rooms_ml_endpoint=emulator.url, wait_scale=wait_scale) as stack,
        ):
            aws = environment.aws(endpoint=stack.url, clean_rooms_ml_endpoint=emulator.url, ca_bundle=stack.ca_bundle)
            cloud = LocalCloud(folder, aws, emulator, stack)
            _write_outputs_to_s3(cloud)
            yield cloud
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_outputs_to_s3(cloud: LocalCloud) -> None:
    s3 = cloud.client("s3")
    service = cloud.clean_rooms_ml.service
    for bucket in {model.destination[len("s3://") :].partition("/")[0] for model in service.models.values()}:
        s3.create_bucket(Bucket=bucket)
    service.write_output = lambda bucket, key, content: s3.put_object(Bucket=bucket, Key=key, Body=content)
