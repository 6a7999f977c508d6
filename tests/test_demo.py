"""`make demo` as a person sees it, also one who interrupts it."""

import signal
from pathlib import Path

import pytest

from tests.fakes.processes import processes_of, program_running, run_folders
from tests.fakes.waiting import wait_until
from website import recording


def test_the_demo_shows_the_main_job() -> None:
    with program_running("-m", "local_cloud.demo") as demo:
        output, _ = demo.communicate(timeout=300)
    assert demo.returncode == 0, output
    assert max(map(len, output.splitlines())) <= 100
    for line in (
        " Custom::CleanRoomsMLAudienceExport\n",
        "1 would start, 0 exist already, 0 would fail, 0 unknown.",
        "export  CREATE_PENDING",
        "export  CREATE_IN_PROGRESS",
        "export  ACTIVE",
        "as expected: the stack is CREATE_COMPLETE",
        'as expected: the reason says "ConflictException"',
        'as expected: the reason says "PERCENTAGE 1, 5, 10, 20"',
        "as expected: cdk destroy succeeds",
        "Every outcome was as expected",
    ):
        assert line in output, line
    assert "NOT AS EXPECTED" not in output
    recorded = recording.without_times(recording.TEXT.read_text())
    assert recording.without_times(recording.excerpt(output)) == recorded, "make recording refreshes the picture"
    assert run_folders(demo) == set()
    assert processes_of(demo) == []


# What each signal does is shown in tests/local_cloud/test_interrupt.py; the demo takes all of them the same way.
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")
@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.nightly),
        pytest.param(signal.SIGHUP, marks=pytest.mark.nightly),
    ],
)
def test_an_interrupted_demo_leaves_nothing_behind(number: signal.Signals) -> None:
    with program_running("-m", "local_cloud.demo") as demo:
        wait_until(lambda: any("cdk" in line for line in processes_of(demo)), "the CDK CLI has started")
        assert run_folders(demo)
        demo.send_signal(number)
        output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 130, output
    assert output.endswith("Interrupted. Nothing is left running.\n")
    assert processes_of(demo) == []
    assert run_folders(demo) == set()
