"""Everything around the handlers of one schedule, and the story of what happened."""

from __future__ import annotations

from datetime import datetime
from random import Random
from typing import Any

from audience_export_handler import lifecycle
from tests.simulation.model.clean_rooms import Account, draw_readings
from tests.simulation.model.cloudformation import Stack
from tests.simulation.model.habits import Habits
from tests.simulation.model.lambda_function import Handler, Invocation
from tests.simulation.model.request import Request
from tests.simulation.model.template import Deployed
from tests.simulation.model.timeline import BEGIN, Timeline
from tests.simulation.model.weather import Weather
from tests.simulation.rules.watch import Watch

_ENDPOINT = "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com"
# Of every ResponseURL and of nothing else.
SIGNATURE = "X-Amz-Signature=5ec2e7"


class World:
    """`chance` is the only source of chance, drawn from in the order of events."""

    def __init__(self, seed: int, deployed: Deployed, *, is_calm: bool, typical: float, failing: float, spread: float):
        self.seed = seed
        self.deployed = deployed
        self.chance = Random(seed)  # noqa: S311 - repeatable
        self.timeline = Timeline()
        self.weather = Weather(self.chance, is_calm=is_calm)
        self.habits = Habits.draw(self.chance)
        # Clocks differ by less than 5 s.
        most = 0.0 if is_calm else self.chance.choice((0.0, 2.0))
        self.skews = {
            name: self.chance.uniform(-most, most) for name in ("rooms", "states", "cloudformation", "lambda")
        }
        readings = draw_readings(self.chance)
        self.account = Account(
            self.chance,
            lambda: self.timeline.time(self.skews["rooms"]),
            readings,
            typical=typical,
            failing=failing,
            spread=spread,
        )
        # How seldom operations are ended from outside: from 1, where a quarter is, to never.
        self.peace = self.chance.choice((1.0, 2.0, 10.0))
        # Share of operations in which a neighbour fails after the last export is done.
        self.late_failures = 0.0
        # Seconds from a stack's begin in which its role may not be known everywhere.
        self.iam_delay = 0.0 if is_calm else 20.0
        self.requests: dict[str, Request] = {}
        self.stacks: list[Stack] = []
        self.story: list[str] | None = None
        self.watch = Watch(self)
        self._number = 0

    def tell(self, text: str, *about: object) -> None:
        """Add to the story, if it is wanted."""
        if self.story is not None:
            self.story.append(f"{self.timeline.now:9.2f}  {text.format(*about)}")

    def new_stack(self, name: str) -> Stack:
        stack = Stack(self, name, len(self.stacks) + 1)
        self.stacks.append(stack)
        return stack

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def sign(self, number: int) -> str:
        """A ResponseURL, signed now as S3 signs them."""
        signed_at = self.timeline.time(self.skews["cloudformation"])
        return f"{_ENDPOINT}/{number}?X-Amz-Date={signed_at:%Y%m%dT%H%M%SZ}&X-Amz-Expires=7200&{SIGNATURE}"

    def request_of(self, event: dict[str, Any]) -> Request:
        return self.requests[event["ResponseURL"]]

    def clock(self) -> datetime:
        """Lambda's clock."""
        return self.timeline.time(self.skews["lambda"])

    def second_of(self, time: datetime) -> float:
        """The second of the timeline at which Clean Rooms ML's clock showed a time."""
        return (time - BEGIN).total_seconds() - self.skews["rooms"]

    def make_handler(self) -> Handler:
        """The handler of a new container."""
        return lifecycle.make_handler(clock=self.clock, sleep=self.sleep, draw=self.chance.random)

    def sleep(self, seconds: float) -> None:
        self.invocation.sleep(seconds)

    @property
    def invocation(self) -> Invocation:
        """The one that is running."""
        invocation: Invocation = self.timeline.current
        return invocation

    def goes_wrong(self, rule: int, text: str, *about: object) -> None:
        """A violation ends the schedule."""
        self.tell("VIOLATION of invariant {}: {}", rule, text.format(*about))
        self.watch.violations.append((rule, text.format(*about)))
        self.timeline.is_stopped = True
