"""`make demo` as a person sees it, also one who interrupts it."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def start_demo() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "local_cloud.demo"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_of(run_folder: str, *, but_of: Iterable[Path] = ()) -> list[str]:
    """Command lines of the processes that know the folder of a run: by argument, directory or environment.

    Those that know one of the folders `but_of` are left out.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            known = (process / "environ").read_bytes() + bytes((process / "cwd").readlink())
            known += (process / "cmdline").read_bytes()
            if run_folder.encode() in known and not any(bytes(folder) in known for folder in but_of):
                found.append((process / "cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def run_folders() -> set[Path]:
    return set((ROOT / ".local").glob("run-*"))


def test_the_demo_shows_the_main_job() -> None:
    before = run_folders()
    demo = start_demo()
    output, _ = demo.communicate(timeout=300)
    assert demo.returncode == 0, output
    assert max(map(len, output.splitlines())) <= 100
    for told in (
        " Custom::CleanRoomsMLAudienceExport\n",
        "export  CREATE_PENDING",
        "export  CREATE_IN_PROGRESS",
        "export  ACTIVE",
        "as expected: the stack is CREATE_COMPLETE",
        'as expected: the reason says "ConflictException"',
        'as expected: the reason says "PERCENTAGE 1, 5, 10, 20"',
        "as expected: cdk destroy succeeds",
        "Every outcome was as expected",
    ):
        assert told in output, told
    assert "NOT AS EXPECTED" not in output
    assert run_folders() == before
    # A cloud of another test that still runs starts and ends processes of its own.
    assert processes_of(f"{ROOT}/.local/run-", but_of=before) == []


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="finds processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_demo_leaves_nothing_behind(number: signal.Signals) -> None:
    before = run_folders()
    demo = start_demo()
    give_up = time.monotonic() + 60
    new: set[Path] = set()
    while not (new and any("cdk" in line for line in processes_of(str(next(iter(new)))))):
        assert time.monotonic() < give_up, "the CDK CLI has not started"
        time.sleep(0.2)
        new = run_folders() - before
    [folder] = new
    demo.send_signal(number)
    output, _ = demo.communicate(timeout=60)
    assert demo.returncode == 130, output
    assert output.endswith("Interrupted. Nothing is left running.\n")
    assert processes_of(str(folder)) == []
    assert not folder.exists()
