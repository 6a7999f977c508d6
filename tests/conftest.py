import os

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from local_cloud import environment

# The machine's presets reach no test: what a test needs of the environment, it sets. Homes and temporary files lie in
# the checkout, and jsii runs on the Node.js that the project installs.
_kept = {name: os.environ[name] for name in ("TERM", "COLUMNS") if name in os.environ}
os.environ.clear()
os.environ.update(environment.base(environment.CHECKOUT / ".local" / "test") | _kept)

# Time on a busy machine is noise, and a run is to be the same everywhere.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")

ON_LOCAL_CLOUD = ("tests/deployment/", "tests/test_demo.py", "tests/test_local.py")


class OneCloudAtATime(LoadScopeScheduling):
    """Tests on the local cloud run one after the other, on one worker; all others wherever there is room.

    pytest-xdist 3.8 has groups for that (`--dist loadgroup`), which pytest 9.2 passes over.
    """

    def _split_scope(self, nodeid: str) -> str:
        return "local cloud" if nodeid.startswith(ON_LOCAL_CLOUD) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneCloudAtATime:
    return OneCloudAtATime(config, log)
