"""The command line on a clock that tests move."""

from collections.abc import Iterator

import pytest

from cdk_cleanroomsml_local import catalog
from cdk_cleanroomsml_local.clean_rooms_ml import CleanRoomsML
from cdk_cleanroomsml_local.emulator import Emulator
from tests.fakes.aws_clients import FakeClients, FakeCloudFormation
from tests.fakes.clock import VirtualClock
from tests.fakes.command_line import CommandLine


@pytest.fixture
def command_line() -> Iterator[CommandLine]:
    clock, given = VirtualClock(), catalog.read(catalog.DEMO)
    emulator = Emulator(CleanRoomsML(given.jobs, given.models, clock=clock))
    with emulator.running():
        cloudformation = FakeCloudFormation(at=clock())
        yield CommandLine(emulator, cloudformation, clock, FakeClients(emulator, cloudformation))
