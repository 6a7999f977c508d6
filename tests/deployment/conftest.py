from collections.abc import Iterator
from datetime import timedelta

import pytest

from cdk_cleanroomsml_local import catalog
from cdk_cleanroomsml_local.readings import Readings
from local_cloud import cloud
from local_cloud.cloud import LocalCloud
from tests.deployment.clients import Api, CdkCommands, Client, prepare
from tests.deployment.stack import DeployedStack, NewStack

QUICK = Readings(pending_for=timedelta(seconds=0.5), in_progress_for=timedelta(seconds=0.5))


@pytest.fixture(scope="session")
def prepared_cloud() -> Iterator[LocalCloud]:
    with cloud.running(catalog.read(catalog.DEMO)) as running:
        prepare(running)
        yield running


@pytest.fixture
def local_cloud(prepared_cloud: LocalCloud) -> LocalCloud:
    """A cloud without exports, in which one takes a second."""
    service = prepared_cloud.clean_rooms_ml.service
    service.readings = QUICK
    service.exports.clear()
    prepared_cloud.clean_rooms_ml.calls.clear()
    return prepared_cloud


# A test may name one of the two with `indirect=True`.
@pytest.fixture(params=[Api, pytest.param(CdkCommands, marks=pytest.mark.nightly)])
def client(request: pytest.FixtureRequest, local_cloud: LocalCloud) -> Client:
    made: Client = request.param(local_cloud)
    return made


@pytest.fixture
def new_stack(local_cloud: LocalCloud, client: Client) -> NewStack:
    """Names a stack after its client too: the tests share a cloud, and the stack of the other client may be there."""
    return lambda name: DeployedStack(local_cloud, client, f"{name}-{type(client).__name__}")
