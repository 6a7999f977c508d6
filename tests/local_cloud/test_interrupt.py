"""A command that ends in order: whichever signal asks for it, each block is left and each child process has ended."""

import signal
from pathlib import Path

import pytest

from tests.fakes.processes import program_running

PROGRAM = """
import signal, sys
from pathlib import Path
from cdk_cleanroomsml_local import child, interrupt

interrupt.end_in_order()
folder = Path(sys.argv[1])
try:
    with child.running(["sleep", "600"], environment={}, folder=folder, log=folder / "log") as started:
        print(started.pid, flush=True)
        signal.pause()
except KeyboardInterrupt:
    print("the block was left")
    # As somebody does who is in a hurry.
    signal.raise_signal(int(sys.argv[2]))
    print("once is enough")
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_signal_that_asks_for_an_end_ends_in_order(number: signal.Signals, tmp_path: Path) -> None:
    with program_running("-c", PROGRAM, str(tmp_path), str(int(number))) as program:
        assert program.stdout
        child = Path("/proc") / program.stdout.readline().strip()
        assert child.exists()
        program.send_signal(number)
        output, _ = program.communicate(timeout=30)
    assert output == "the block was left\nonce is enough\n"
    assert program.returncode == 0
    assert not child.exists()


# Python ignores what a finaliser raises, so the signal that comes in one is lost.
LOSING = """
import signal
from cdk_cleanroomsml_local import interrupt

class Finalised:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

interrupt.end_in_order()
interrupt.check()
Finalised()
print("it was lost", flush=True)
try:
    interrupt.check()
except KeyboardInterrupt:
    print("and found again")
"""


def test_a_signal_that_python_drops_is_not_lost() -> None:
    with program_running("-c", LOSING) as program:
        output, _ = program.communicate(timeout=30)
    assert [line for line in output.splitlines() if line.startswith(("it was", "and found"))] == [
        "it was lost",
        "and found again",
    ]
