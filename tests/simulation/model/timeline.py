"""Virtual time: tasks that run one at a time, and sleep without any time passing outside.

The order of everything depends on the tasks alone, so that the same schedule runs the same way again. A task is a
greenlet, because the handler that runs inside is ordinary code that knows nothing of it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet  # type: ignore[import-untyped]

BEGINNING = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
_MICROSECOND = 6  # decimals of a second that a datetime can show


class Timeline:
    """`now` is in seconds from the beginning; `current` is the invocation that the running task belongs to, if any."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[[], Any]]] = []
        self._number = 0
        self._tasks: dict[greenlet, None] = {}
        self._hub: greenlet = getcurrent()
        self._owners: dict[greenlet, Any] = {}
        self.is_stopped = False

    def time(self, error: float = 0.0) -> datetime:
        """The time on a clock that is so many seconds fast."""
        return BEGINNING + timedelta(seconds=round(self.now + error, _MICROSECOND))

    def at(self, seconds: float, do: Callable[[], Any]) -> None:
        """Call a function in so many seconds; it must not sleep."""
        self._number += 1
        heapq.heappush(self._due, (self.now + max(0.0, seconds), self._number, do))

    def spawn(self, task: Callable[[], Any], *, after: float = 0.0) -> None:
        """Begin a task in so many seconds; it may sleep."""

        def begin() -> None:
            running = greenlet(run, parent=self._hub)
            self._tasks[running] = None
            running.switch()

        def run() -> None:
            try:
                task()
            finally:
                self._tasks.pop(getcurrent(), None)
                self._owners.pop(getcurrent(), None)

        self.at(after, begin)

    def sleep(self, seconds: float) -> None:
        """Let the running task wait."""
        self.at(seconds, getcurrent().switch)
        self._hub.switch()

    def run_side_by_side(self, tasks: Sequence[tuple[float, Callable[[], object]]]) -> None:
        """Begin each task in its number of seconds, and let the running task wait until the last has ended."""
        if not tasks:
            return
        left, done = len(tasks), Promise(self)

        def run(task: Callable[[], object]) -> None:
            nonlocal left
            task()
            left -= 1
            if not left:
                done.set(None)

        for after, task in tasks:
            self.spawn(partial(run, task), after=after)
        done.wait()

    @property
    def current(self) -> Any:
        return self._owners.get(getcurrent())

    @current.setter
    def current(self, owner: Any) -> None:
        self._owners[getcurrent()] = owner

    def run(self, *, at_most: float) -> bool:
        """Run until nothing is left to do; False if something is left after so many seconds of virtual time."""
        self._hub = getcurrent()
        try:
            while self._due and not self.is_stopped:
                when, _, do = heapq.heappop(self._due)
                if when > at_most:
                    return False
                self.now = when
                do()
        finally:
            self._end_tasks()
        return True

    def _end_tasks(self) -> None:
        self.is_stopped = True
        self._due.clear()
        for task in list(self._tasks):
            task.throw(GreenletExit)


class Promise:
    """A value that tasks wait for; the first one that is set counts."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._waiting: list[Callable[[], None]] = []
        self.is_set = False
        self.value: Any = None

    def set(self, value: Any) -> None:
        if self.is_set:
            return
        self.is_set, self.value = True, value
        for wake in self._waiting:
            self._timeline.at(0, wake)

    def then(self, do: Callable[[], None]) -> None:
        """Call a function once the value is set; it must not sleep."""
        if self.is_set:
            self._timeline.at(0, do)
        else:
            self._waiting.append(do)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the value; False if it has not come in so many seconds."""
        if self.is_set:
            return True
        task, is_awake = getcurrent(), False

        def wake() -> None:
            nonlocal is_awake
            if not is_awake:
                is_awake = True
                task.switch()

        self._waiting.append(wake)
        if seconds is not None:
            self._timeline.at(seconds, wake)
        self._timeline._hub.switch()
        return self.is_set
