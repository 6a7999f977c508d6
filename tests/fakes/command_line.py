"""The command line as a person runs it, against the emulator and a fake CloudFormation.

`during_pauses` is what happens while a command sleeps, pause by pause.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from typer.testing import CliRunner, Result

from cdk_cleanroomsml_cli.commands import make_app
from cdk_cleanroomsml_local.emulator import Emulator
from tests.builders.arns import JOB
from tests.fakes.aws_clients import FakeClients, FakeCloudFormation
from tests.fakes.clock import VirtualClock


@dataclass
class CommandLine:
    emulator: Emulator
    cloudformation: FakeCloudFormation
    clock: VirtualClock
    clients: FakeClients
    during_pauses: list[Callable[[], object]] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    runner: CliRunner = field(default_factory=CliRunner)

    def run(self, *arguments: object, columns: int = 100) -> Result:
        app = make_app(open_session=lambda profile, region: self.clients, clock=self.clock, sleep=self._sleep)
        return self.runner.invoke(app, list(map(str, arguments)), env={"COLUMNS": str(columns)})

    def _sleep(self, seconds: float) -> None:
        """Let time pass, and what happens meanwhile; a command that sleeps once more than expected fails the test."""
        self.clock.sleep(seconds)
        self.slept.append(seconds)
        self.during_pauses.pop(0)()

    def json(self, *arguments: object) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def start(self, name: str, *, job: str = JOB, percent: int = 10) -> None:
        size = {"type": "PERCENTAGE", "value": percent}
        request = {"name": name, "audienceGenerationJobArn": job, "audienceSize": size}
        self.emulator.service.call("StartAudienceExportJob", request)

    def calls(self) -> list[str]:
        return [call.operation for call in self.emulator.calls]
