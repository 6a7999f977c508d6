"""What CloudFormation does where its documentation leaves it open, or where both was seen; drawn for each schedule."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.simulation import odds


@dataclass(frozen=True)
class Habits:
    """What CloudFormation does in one schedule.

    `records_failed_ids`: the physical id of a FAILED Update becomes the recorded one (aws-cdk issues 13527, 30012).
    `abandons`: when a stack fails, CloudFormation stops waiting for what is under way; otherwise it waits.
    `reuses_request_ids`: a repeated deployment sends the RequestId of the earlier one (aws-cdk issue 35957).
    The others are about stacks without rollback. `reverts_failed`: a resource whose Update failed is updated back
    immediately. `keeps_attempted`: the properties that failed become the recorded ones. `deletes_first`: a resource
    whose Create failed is deleted before it is created again, and not in the cleanup. `refuses_replacement`: an Update
    whose answer has another id counts as failed (aws-cdk issue 30546, aws-cdk-cli issue 1931).
    """

    records_failed_ids: bool
    abandons: bool
    reuses_request_ids: bool
    reverts_failed: bool
    keeps_attempted: bool
    deletes_first: bool
    refuses_replacement: bool

    @classmethod
    def draw(cls, chance: Random) -> Habits:
        return cls(
            records_failed_ids=chance.random() < odds.RECORDS_FAILED_IDS,
            abandons=chance.random() < odds.ABANDONS,
            reuses_request_ids=chance.random() < odds.REUSES_REQUEST_IDS,
            reverts_failed=chance.random() < odds.REVERTS_FAILED,
            keeps_attempted=chance.random() < odds.KEEPS_ATTEMPTED,
            deletes_first=chance.random() < odds.DELETES_FIRST,
            refuses_replacement=chance.random() < odds.REFUSES_REPLACEMENT,
        )
