"""The CDK CLI that users run, as a child process pointed at the local cloud."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cdk_cleanroomsml_local import child
from local_cloud.environment import CHECKOUT


@dataclass(frozen=True)
class CdkCli:
    """The CDK CLI with an environment.

    Attributes:
        output: folder for the synthesised app.
        log: file for everything that it prints.
    """

    environment: Mapping[str, str]
    output: Path
    log: Path

    @contextmanager
    def running(self, *arguments: str, app_folder: Path = CHECKOUT) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command of the CLI in the folder of an app; at the end of the block it is stopped if it still runs."""
        cli = CHECKOUT / "node_modules" / "aws-cdk" / "bin" / "cdk"
        command = ["node", str(cli), "--no-notices", "--ci", "--output", str(self.output), *arguments]
        with self.log.open("a") as log:
            log.write(f"\n$ cdk {' '.join(arguments)}\n")
        with child.running(command, environment=self.environment, folder=app_folder, log=self.log) as started:
            yield started

    def run(self, *arguments: str, app_folder: Path = CHECKOUT) -> int:
        """Run a command of the CLI to its end and return its exit status."""
        with self.running(*arguments, app_folder=app_folder) as started:
            return started.wait()
