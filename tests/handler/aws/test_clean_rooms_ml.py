"""How the service's pages, members and errors are read."""

import pytest

from audience_export_handler.aws import clean_rooms_ml
from audience_export_handler.core.facts import ServiceError
from local_cloud.readings import Readings
from tests.builders.arns import JOB
from tests.fakes.deployment import Deployment


def test_a_listing_goes_on_to_its_next_page_only_in_time(deployment: Deployment) -> None:
    deployment.emulator.service.readings = Readings(page_size=1)
    for name in ("a", "b"):
        deployment.start_elsewhere(name)
    assert len(clean_rooms_ml.list_exports(JOB, lambda: True)) == 2
    with pytest.raises(ServiceError, match="ListingTooSlow"):
        clean_rooms_ml.list_exports(JOB, lambda: False)
    assert clean_rooms_ml.list_account(lambda: False) is None
