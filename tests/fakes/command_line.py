"""The command line as a person runs it, against the emulator and a fake CloudFormation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from typer.testing import CliRunner, Result

from cdk_cleanroomsml_cli.commands import make_app
from local_cloud.emulator import Emulator
from tests.builders.arns import JOB
from tests.fakes.aws_clients import FakeClients, FakeCloudFormation
from tests.fakes.clock import VirtualClock


@dataclass
class CommandLine:
    emulator: Emulator
    cloudformation: FakeCloudFormation
    clock: VirtualClock
    clients: FakeClients
    runner: CliRunner = field(default_factory=CliRunner)

    def run(self, *arguments: object, columns: int = 100) -> Result:
        app = make_app(open_session=lambda profile, region: self.clients, clock=self.clock, sleep=self.clock.sleep)
        return self.runner.invoke(app, list(map(str, arguments)), env={"COLUMNS": str(columns)})

    def json(self, *arguments: object) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)

    def start(self, name: str, *, job: str = JOB, percent: int = 10) -> None:
        size = {"type": "PERCENTAGE", "value": percent}
        request = {"name": name, "audienceGenerationJobArn": job, "audienceSize": size}
        self.emulator.service.call("StartAudienceExportJob", request)

    def calls(self) -> list[str]:
        return [call.operation for call in self.emulator.calls]
