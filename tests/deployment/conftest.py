from collections.abc import Iterator
from datetime import timedelta

import pytest

from local_cloud import catalog, cloud, environment
from local_cloud.cloud import LocalCloud
from local_cloud.readings import Readings

QUICK = Readings(in_progress_for=timedelta(seconds=3))


@pytest.fixture(scope="session")
def bootstrapped_cloud() -> Iterator[LocalCloud]:
    with cloud.running(catalog.read(catalog.DEMO)) as running:
        target = f"aws://{environment.ACCOUNT}/{environment.REGION}"
        assert running.cdk.run("bootstrap", target) == 0, running.cdk.log.read_text()
        yield running


@pytest.fixture
def local_cloud(bootstrapped_cloud: LocalCloud) -> LocalCloud:
    """A cloud without exports, in which one takes five seconds."""
    service = bootstrapped_cloud.clean_rooms_ml.service
    service.readings = QUICK
    service.exports.clear()
    bootstrapped_cloud.clean_rooms_ml.calls.clear()
    return bootstrapped_cloud
