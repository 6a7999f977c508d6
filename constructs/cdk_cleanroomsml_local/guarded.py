"""Runs a module as `python -m` does, and kills it with all that it started as soon as its standard input ends.

The program that started it holds the other end of that pipe. The system closes it also when that program is killed, so
a server never outlives its tests.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading

_STANDARD_INPUT = 0


def _end_with_input() -> None:
    while os.read(_STANDARD_INPUT, 1):
        pass
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=_end_with_input, daemon=True).start()
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
