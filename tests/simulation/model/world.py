"""The world of one schedule: all that is around its handlers, and the story of what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any

from audience_export_handler import lifecycle
from tests.simulation import facts, odds
from tests.simulation.model.clean_rooms import Account, draw_readings
from tests.simulation.model.cloudformation import Stack
from tests.simulation.model.habits import Habits
from tests.simulation.model.lambda_function import Handler, Invocation
from tests.simulation.model.request import Request
from tests.simulation.model.template import Deployed
from tests.simulation.model.timeline import BEGINNING, Timeline
from tests.simulation.model.traffic import Traffic
from tests.simulation.model.weather import Weather
from tests.simulation.rules.invariant import Invariant
from tests.simulation.rules.watch import Watch

_ENDPOINT = "https://cloudformation-custom-resource-response-useast1.s3.amazonaws.com"
# Part of every ResponseURL and of nothing else.
SIGNATURE = "X-Amz-Signature=5ec2e7"
CLOCKS = ("rooms", "states", "cloudformation", "lambda")


class World:
    """`chance` is the only source of chance, drawn from in the order of events.

    `clock_errors` are the seconds that each clock is fast. `peace` is how seldom operations are ended from outside: 1
    is most often. `late_failures` is the share of operations in which a neighbour fails after the last export is done.
    `exports_of_a_stack` is how many exports a stack begins with, `named` which share of them has a given name;
    `nests` whether stacks are nested in another, `adds_exports_later` whether a stack is there before its exports and
    their provider; `traffic` are the calls of the account. `event_faults` is the share of calls that fail around
    events, drawn from `event_chance`.
    """

    def __init__(self, seed: int, deployed: Deployed, *, is_calm: bool, typical: float, failing: float, spread: float):
        self.seed = seed
        self.deployed = deployed
        self.chance = Random(seed)  # noqa: S311 - repeatable
        self.timeline = Timeline()
        self.weather = Weather(self.chance, is_calm=is_calm)
        self.habits = Habits.draw(self.chance)
        most = 0.0 if is_calm else self.chance.choice(odds.CLOCK_ERRORS)
        self.clock_errors = {name: self.chance.uniform(-most, most) for name in CLOCKS}
        self.account = Account(
            self.chance, self._rooms_clock, draw_readings(self.chance), typical=typical, failing=failing, spread=spread
        )
        self.peace = self.chance.choice(odds.PEACE)
        self.late_failures = 0.0
        self.exports_of_a_stack: Sequence[int] = odds.EXPORTS_OF_A_STACK
        self.named = odds.NAMED
        self.nests = Random(f"nests {seed}").random() < odds.NESTED  # noqa: S311 - repeatable
        self.adds_exports_later = Random(f"later {seed}").random() < odds.ADDS_LATER  # noqa: S311 - repeatable
        self.event_chance = Random(f"events {seed}")  # noqa: S311 - repeatable
        self.event_faults = 0.0 if is_calm else self.event_chance.choice(odds.EVENT_FAULTS)
        self.traffic = Traffic(self.timeline, {})
        self.requests: dict[str, Request] = {}
        self.stacks: list[Stack] = []
        self.story: list[str] | None = None
        self.watch = Watch(self)
        self._number = 0

    def tell(self, text: str, *about: object) -> None:
        """Add a line to the story, if somebody will read it."""
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
        signed_at = self.timeline.time(self.clock_errors["cloudformation"])
        return f"{_ENDPOINT}/{number}?{facts.RESPONSE_URL_QUERY.format(signed_at=signed_at)}&{SIGNATURE}"

    def request_of(self, event: dict[str, Any]) -> Request:
        return self.requests[event["ResponseURL"]]

    def clock(self) -> datetime:
        """Lambda's clock."""
        return self.timeline.time(self.clock_errors["lambda"])

    def _rooms_clock(self) -> datetime:
        return self.timeline.time(self.clock_errors["rooms"])

    def second_of(self, time: datetime) -> float:
        """The second of the timeline at which Clean Rooms ML's clock showed a time."""
        return (time - BEGINNING).total_seconds() - self.clock_errors["rooms"]

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

    def goes_wrong(self, invariant: Invariant, text: str, *about: object) -> None:
        """Note a violation, and end the schedule; what follows from the first one is not noted."""
        if self.timeline.is_stopped:
            return
        self.tell("VIOLATION of {}: {}", invariant, text.format(*about))
        self.watch.violations.append((invariant, text.format(*about)))
        self.timeline.is_stopped = True
