"""Fixtures of the handler's tests. What needs boto3 is imported inside them: the tests of core/ run without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.builders.arns import JOB, OTHER_JOB, THIRD_JOB

if TYPE_CHECKING:
    from tests.fakes.deployment import Deployment
    from tests.fakes.plain_crhelper import PlainResource


@pytest.fixture
def deployment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> Iterator[Deployment]:
    """A deployment; no test of one may log a ResponseURL, but for those of plain crhelper, which does."""
    from cdk_cleanroomsml_local import catalog
    from cdk_cleanroomsml_local.clean_rooms_ml import CleanRoomsML
    from cdk_cleanroomsml_local.emulator import Emulator
    from tests.fakes.answer_endpoint import answer_endpoint
    from tests.fakes.clock import VirtualClock
    from tests.fakes.control_plane import ControlPlane
    from tests.fakes.deployment import SIGNATURE, Deployment, forget_clients
    from tests.fakes.http_server import serving

    clock, control = VirtualClock(), ControlPlane()
    given = catalog.read(catalog.DEMO)
    more = {arn: replace(given.jobs[JOB], arn=arn) for arn in (OTHER_JOB, THIRD_JOB)}
    emulator = Emulator(CleanRoomsML(given.jobs | more, given.models, clock=clock))
    with answer_endpoint(tmp_path) as (endpoint, ca_file), emulator.running(), serving(control.respond) as control_url:
        settings = {
            "AWS_ENDPOINT_URL": control_url,
            "AWS_ENDPOINT_URL_CLEANROOMSML": emulator.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "SSL_CERT_FILE": str(ca_file),
            "NO_PROXY": "127.0.0.1",
        }
        for name in ("AWS_PROFILE", "AWS_CA_BUNDLE", "AWS_SESSION_TOKEN"):
            monkeypatch.delenv(name, raising=False)
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        forget_clients()
        yield Deployment(emulator, control, endpoint, clock)
        forget_clients()
    if not request.node.path.name.startswith("test_crhelper"):
        assert not any(SIGNATURE in record.getMessage() for record in caplog.get_records("call"))


@pytest.fixture
def full(deployment: Deployment) -> Deployment:
    """An account in which nothing can start for ten minutes: requests wait for a slot."""
    from cdk_cleanroomsml_local.readings import Readings

    deployment.emulator.service.readings = Readings(in_progress_for=timedelta(minutes=10))
    deployment.fill_account()
    return deployment


@pytest.fixture
def plain(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> PlainResource:
    """Plain crhelper, to compare the handler with."""
    from tests.fakes.plain_crhelper import PlainResource

    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return PlainResource()
