"""docs/local-cloud.md shows a catalog that can be read."""

import re
from pathlib import Path

from cdk_cleanroomsml_local import catalog
from local_cloud.environment import CHECKOUT
from tests.builders.arns import JOB


def test_the_catalog_of_the_page_can_be_read(tmp_path: Path) -> None:
    [shown] = re.findall(r"```json\n(.*?)```", (CHECKOUT / "docs" / "local-cloud.md").read_text(), re.DOTALL)
    file = tmp_path / "jobs.json"
    file.write_text(shown)
    read = catalog.read(file)
    assert [*read.jobs] == [JOB]
    assert [*read.models] == [read.jobs[JOB].configured_audience_model_arn]
