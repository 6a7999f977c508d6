"""pytest fixtures for tests of stacks with audience exports: a cloud on this machine.

pytest loads this module in every environment that has the library and pytest. So it imports nothing of the extra
`local` before a test requests one of its fixtures.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cdk_cleanroomsml_local import Cloud, Readings


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the settings of the local cloud to pytest's configuration file."""
    parser.addini("cleanroomsml_account", "account of the local cloud, twelve digits", default="111122223333")
    parser.addini("cleanroomsml_region", "Region of the local cloud", default="us-east-1")


@pytest.fixture(scope="session")
def cleanroomsml_running(request: pytest.FixtureRequest) -> Iterator[Cloud]:
    """The local cloud that the tests of a session share. Tests use `cleanroomsml_cloud`."""
    account, region = (str(request.config.getini(f"cleanroomsml_{name}")) for name in ("account", "region"))
    if not re.fullmatch(r"\d{12}", account):
        raise pytest.UsageError(f"cleanroomsml_account must have twelve digits; got {account!r}")
    with _extra_is_needed():
        from cdk_cleanroomsml_local import running  # noqa: PLC0415 - what it imports may be missing

        cloud = running(account=account, region=region)
    with cloud as started:
        yield started


@pytest.fixture
def cleanroomsml_readings() -> Readings:
    """How the emulator behaves at the beginning of each test: an export takes a second. Override it to change that."""
    with _extra_is_needed():
        from cdk_cleanroomsml_local import Readings  # noqa: PLC0415 - what it imports may be missing
    return Readings(pending_for=timedelta(seconds=0.5), in_progress_for=timedelta(seconds=0.5))


@pytest.fixture
def cleanroomsml_cloud(cleanroomsml_running: Cloud, cleanroomsml_readings: Readings) -> Iterator[Cloud]:
    """An empty local cloud. During the test, AWS clients that this process makes reach it, and nothing else."""
    cleanroomsml_running.reset(readings=cleanroomsml_readings)
    with cleanroomsml_running.environment():
        yield cleanroomsml_running


@contextmanager
def _extra_is_needed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        pytest.fail(f"The local cloud needs {error.name}. Run: pip install 'cdk-cleanroomsml[local]'", pytrace=False)
