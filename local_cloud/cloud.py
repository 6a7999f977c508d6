"""A local cloud of this checkout: what it writes is stored in .local, and the checkout's CDK CLI deploys to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cdk_cleanroomsml_local import lifetime
from cdk_cleanroomsml_local.catalog import Catalog
from cdk_cleanroomsml_local.cloud import Cloud
from local_cloud import environment
from local_cloud.cdk_cli import CdkCli

_RUNS = environment.CHECKOUT / ".local"


class LocalCloud(Cloud):
    """A running local cloud with the CDK CLI."""

    @property
    def cdk(self) -> CdkCli:
        """The CDK CLI, configured for this cloud."""
        environ = environment.base(self.folder) | self.aws_environment
        return CdkCli(environ, output=self.folder / "cdk.out", log=self.folder / "cdk.log")


@contextmanager
def running(catalog: Catalog, **settings: Any) -> Iterator[LocalCloud]:
    """Run a local cloud until the block ends, and leave nothing behind.

    Args:
        catalog: the generation jobs and models that exist.
        settings: passed to `CleanRoomsML`, such as its readings and its clock.
    """
    _RUNS.mkdir(exist_ok=True)
    with lifetime.running_as(LocalCloud, catalog, runs=_RUNS, **settings) as started:
        yield started
