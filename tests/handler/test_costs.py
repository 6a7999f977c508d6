"""docs/costs.md says how often an export calls what AWS charges for or limits: here it is counted."""

import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from cdk_cleanroomsml_local.readings import Readings
from tests.fakes.deployment import Deployment

PAGE = (Path(__file__).parents[2] / "docs" / "costs.md").read_text()
# Minutes of an export, then what is counted.
ROWS = re.findall(r"^\| (\d+) min \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)


def test_the_page_has_the_table() -> None:
    assert [int(row[0]) for row in ROWS] == [1, 10, 30, 55]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} min")
def test_calls_of_an_export(deployment: Deployment, row: tuple[str, ...]) -> None:
    minutes, *stated = map(int, row)
    readings = Readings(pending_for=timedelta(0), in_progress_for=timedelta(minutes=minutes))
    deployment.emulator.service.readings = readings
    assert deployment.request()["Status"] == "SUCCESS"
    tasks, waits = sum(deployment.machine.invocations.values()), len(deployment.machine.waits)
    # A Choice follows each task; the last state is Succeeded.
    states = 2 * tasks + waits + 1
    calls = Counter(call.operation for call in deployment.emulator.calls)
    assert calls["StartAudienceExportJob"] == 1
    # The first invocation takes the event of CloudFormation.
    assert stated == [
        1 + tasks,
        states,
        calls["ListAudienceExportJobs"],
        deployment.control.calls.count("DescribeStacks"),
    ]
