"""A guarded module runs as it would without a guard, and ends with the program that started it."""

import signal
from pathlib import Path

from tests.fakes.processes import program_running
from tests.fakes.waiting import wait_until

PROGRAM = """
import signal, subprocess, sys
from pathlib import Path
from cdk_cleanroomsml_local import child

folder = Path(sys.argv[1])
command = [sys.executable, "-u", str(child.GUARD), "http.server", "--bind", "127.0.0.1", "0"]
with child.running(command, environment={}, folder=folder, log=folder / "log", stdin=subprocess.PIPE) as started:
    print(started.pid, flush=True)
    signal.pause()
"""


def test_a_guarded_module_ends_with_a_program_that_is_killed(tmp_path: Path) -> None:
    with program_running("-c", PROGRAM, str(tmp_path)) as program:
        assert program.stdout
        child = Path("/proc") / program.stdout.readline().strip()
        wait_until(lambda: "Serving HTTP on 127.0.0.1 port" in (tmp_path / "log").read_text(), "the module runs")
        assert child.exists()
        program.send_signal(signal.SIGKILL)
        program.communicate(timeout=30)
    wait_until(lambda: not child.exists() or " Z " in (child / "stat").read_text(), "the module has ended")
