"""Ways of CloudFormation that its documentation leaves open, or that were seen both ways; drawn for each schedule."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Habits:
    """What CloudFormation does in one schedule.

    `records_failed_ids`: the physical id of a FAILED Update becomes the recorded one (aws-cdk 13527, 30012).
    `abandons`: what is under way when a stack fails is given up at once; otherwise it is waited for.
    `reuses_request_ids`: a repeated deployment sends the RequestId of the earlier one (aws-cdk 35957).
    The others are about stacks without rollback. `reverts_failed`: a resource whose Update failed is updated back at
    once. `keeps_attempted`: otherwise its recorded properties are those that failed. `deletes_first`: a resource whose
    Create failed is deleted before it is created anew, and not in the cleanup.
    """

    records_failed_ids: bool
    abandons: bool
    reuses_request_ids: bool
    reverts_failed: bool
    keeps_attempted: bool
    deletes_first: bool

    @classmethod
    def draw(cls, chance: Random) -> Habits:
        odds = (0.5, 0.6, 0.4, 0.25, 0.75, 0.5)
        return cls(*(chance.random() < share for share in odds))
