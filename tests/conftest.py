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

# The longest first, so that no worker ends its run alone. Those on a local cloud mostly wait, the simulation computes.
LONGEST_FIRST = (
    "tests/test_demo.py::test_the_demo_shows_the_main_job",
    "tests/deployment/test_life.py::test_a_time_out_and_what_finds_the_export_again",
    "tests/test_local.py",
    "tests/package/test_local.py::test_the_tests_of_the_example",
    "tests/deployment/",
    "tests/test_demo.py",
    "tests/simulation/",
    "tests/test_template.py",
    "tests/package/",
)

# They run the same lines again and again, which takes half as long again under coverage.
NOT_TRACED = (
    "/bench/",
    "/simulation/",
    "/deployment/",
    "/test_crhelper",
    "/test_deliveries.py",
    "/test_names.py",
    "/test_overtaking.py",
    "/test_queue.py",
    "/test_readings.py",
    "/test_updates.py",
)

# Products of parameters: `make test` runs every third of them, `make nightly` all.
SLICED = ("/test_deliveries.py", "/test_readings.py")

# Their tests share what a fixture of the module makes at length.
TOGETHER = ("tests/test_template.py", "tests/website/test_building.py")


class OneByOne(LoadScopeScheduling):
    """Gives each worker one test after the other, in the order of the collection; `TOGETHER` are one."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0] if nodeid.startswith(TOGETHER) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> OneByOne:
    config.option.loadscopereorder = False
    return OneByOne(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.nodeid))
    sliced = [item for item in items if any(part in item.nodeid for part in SLICED)]
    for number, item in enumerate(sliced):
        if number % 3:
            item.add_marker(pytest.mark.nightly)
    for item in items:
        if any(part in item.nodeid for part in NOT_TRACED):
            item.add_marker(pytest.mark.no_cover)


def _place(nodeid: str) -> int:
    return next((place for place, prefix in enumerate(LONGEST_FIRST) if nodeid.startswith(prefix)), len(LONGEST_FIRST))
