"""The command line against the emulator and a fake CloudFormation, on a clock that tests move."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cdk_cleanroomsml_cli.commands import make_app
from cdk_cleanroomsml_contract.export_properties import AudienceSize
from local_cloud import catalog
from local_cloud.clean_rooms_ml import CleanRoomsML
from local_cloud.emulator import Emulator
from tests.builders.arns import JOB
from tests.fakes.aws_clients import FakeClients, FakeCloudFormation
from tests.fakes.clock import VirtualClock

TEN = AudienceSize("PERCENTAGE", 10)


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


@pytest.fixture
def command_line() -> Iterator[CommandLine]:
    clock, given = VirtualClock(), catalog.read(catalog.DEMO)
    emulator = Emulator(CleanRoomsML(given.jobs, given.models, clock=clock))
    with emulator.running():
        cloudformation = FakeCloudFormation(at=clock())
        yield CommandLine(emulator, cloudformation, clock, FakeClients(emulator, cloudformation))
