"""Runs a module as `python -m` does, and kills its process group as soon as the standard input ends.

The program that starts it holds the other end of that pipe. The system closes it also when that program is killed, so
a server does not go on without anybody who ends it. `child` runs this file by its path, so it imports nothing of here.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

_STANDARD_INPUT = 0


def _end_with(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _guard() -> None:
    """Watch a copy of the pipe, which no other process inherits; the module's own input is empty."""
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)  # never the group of the program that started it
    pipe = os.dup(_STANDARD_INPUT)
    os.dup2(os.open(os.devnull, os.O_RDONLY), _STANDARD_INPUT)
    threading.Thread(target=_end_with, args=[pipe], daemon=True).start()


if __name__ == "__main__":
    _guard()
    del sys.path[0], sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
