"""Virtual time: tasks that run one at a time, and sleep without any time passing outside.

The order of everything depends on the tasks alone, so that the same schedule runs the same way again. A task is a
greenlet, because the handler that runs inside is ordinary code that knows nothing of it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

from greenlet import GreenletExit, getcurrent, greenlet

BEGIN = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


class Timeline:
    """`now` is in seconds since the begin; `current` is what the running task belongs to, if it said so."""

    def __init__(self) -> None:
        self.now = 0.0
        self._due: list[tuple[float, int, Callable[[], Any]]] = []
        self._number = 0
        self._tasks: dict[greenlet, None] = {}
        self._hub: greenlet = getcurrent()
        self._owners: dict[greenlet, Any] = {}
        self.is_stopped = False

    def time(self, skew: float = 0.0) -> datetime:
        """The time as a clock shows it that is so many seconds fast."""
        return BEGIN + timedelta(seconds=round(self.now + skew, 6))

    def at(self, seconds: float, do: Callable[[], Any]) -> None:
        """Have something done in so many seconds; it must not sleep."""
        self._number += 1
        heapq.heappush(self._due, (self.now + max(0.0, seconds), self._number, do))

    def spawn(self, task: Callable[[], Any], *, after: float = 0.0) -> None:
        """Have a task begin in so many seconds; it may sleep."""

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

    @property
    def current(self) -> Any:
        return self._owners.get(getcurrent())

    @current.setter
    def current(self, owner: Any) -> None:
        self._owners[getcurrent()] = owner

    def run(self, *, at_most: float) -> bool:
        """Run until nothing is left to do; False where that is not so after so many seconds of virtual time."""
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
        """Have something done once the value is set; it must not sleep."""
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
