"""The time spans that the handler counts with, each with its reason."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import sqrt

from cdk_cleanroomsml_contract import timeouts
from cdk_cleanroomsml_contract.api_limits import RUNNING_OF_ACCOUNT

# --- What is assumed of AWS ---

# The clocks of two services differ by less than this.
CLOCK_SKEW = timedelta(seconds=5)
# A listing shows an export at most this long after its start (undocumented; seconds in other services).
LISTING_LAG = timedelta(seconds=15)
# DescribeStacks is eventually consistent: for so long it may show the status from before a request's operation
# (30 s were seen: aws-cdk-cli issue 1802, powertools-lambda-typescript issue 5537).
STALE_STACK = timedelta(minutes=1)
# A new role, policy or credential may not be known everywhere for so long (177 s were seen: cdkd pull request 755;
# Terraform's AWS provider waits for two minutes).
IAM_PROPAGATION = timedelta(minutes=3)
# So long a time-out leaves time to see that an Update is no rollback, and then to start its export.
ENOUGH_FOR_AN_UPDATE = 2 * STALE_STACK
# The output location may appear later than ACTIVE; after this long the success is reported without one. If the model is
# another account's, none ever appears, and the success is reported immediately.
OUTPUT_LOCATION_LAG = timedelta(seconds=60)
# Lambda delivers an event for so long, and the handler works on it for a minute; the rest is for clocks that differ.
OLDEST_EVENT = timeouts.LONGEST_DELIVERY + timeouts.FUNCTION_TIMEOUT + timedelta(minutes=3)
# An execution that began longer ago has ended by its own time-out.
OLDEST_EXECUTION = timeouts.EXECUTION_TIMEOUT + timedelta(minutes=5)

# A resource that was created or replaced is shown as it is now after this time (undocumented; the status of a stack is
# shown within a minute).
STALE_RESOURCE = timedelta(minutes=5)
# A follower that began longer ago has ended by its own time-out.
OLDEST_FOLLOWER = timeouts.FOLLOWER_TIMEOUT + timedelta(minutes=5)

# --- How long a call may take ---

# Of Clean Rooms ML. Neither is repeated, so two calls fit into the function's time-out.
CONNECT_SECONDS, READ_SECONDS = 5, 10
_UNANSWERED_CALL = timedelta(seconds=CONNECT_SECONDS + READ_SECONDS)
# Of CloudFormation and Step Functions in a step: for the connection, and again for the answer.
CONTROL_SECONDS = 5
# So long does it take to count the requests that wait, if the count is not answered.
COUNTING = timedelta(seconds=2 * CONTROL_SECONDS)
# Of StartExecution, and how long a failing one is tried again: less than the function's time-out.
START_EXECUTION_SECONDS = 10
START_EXECUTION_FOR = timeouts.FUNCTION_TIMEOUT - timedelta(seconds=15)
# A Delete takes at most ten seconds: no call begins after six, and none takes longer than four.
DELETE_CALL_SECONDS = 2
DELETE_LAST_CALL = timedelta(seconds=6)
# One PUT of the answer. Three of them, with their pauses, fit into the function's time-out.
PUT_SECONDS = 10

# --- How long to wait for a fact ---

# An export that must exist, or that a conflict may be about, is looked for so long.
PATIENCE_WITH_LISTING = timedelta(seconds=30)
# An export whose start was accepted, and that is still not listed after so long, is reported.
ACCEPTED_UNLISTED = timedelta(minutes=5)
# A generation job that cannot be read is read again for so long: if it may be why a start was refused, or if only its
# metrics are wanted.
REFUSAL_UNREAD, JOB_UNREAD = timedelta(minutes=10), timedelta(minutes=1)
# A step that was repeated or stopped can no longer be running, and what it started is listed.
OUTLASTING_STEP = timeouts.FUNCTION_TIMEOUT + LISTING_LAG

# In one look of a follower, a listing may have further pages for so long.
LOOKING = timeouts.FUNCTION_TIMEOUT - 2 * _UNANSWERED_CALL
# An export whose end is to be published is followed for so long after its request was answered.
FOLLOWED_FOR = timeouts.LONGEST_FOLLOWING

# --- Pauses, in seconds ---

AFTER_START, AFTER_REFUSAL, BEFORE_NEXT_READ = 2, 5, 5
# Between two listings: a tenth of the age, within these bounds.
SHORTEST_PAUSE, LONGEST_PAUSE = 2, 30
# Between two looks of a follower: nobody waits for it, and there may be hundreds.
FOLLOWING_SHORTEST, FOLLOWING_LONGEST = 60, 300
# Requests that wait together share the account's limits: this, times the square root of how many may be waiting, is
# what each waits before it reads the stack again. 60 make 2 calls a second at most, 450 make 4.6. DescribeStacks is
# throttled at 5 to 10 a second for the whole account (aws-cdk-cli issue 1709, aws-sam-cli issue 2671).
_FAIR_SHARE = 4.75
# So many requests may read the stack together. If more run, each begins after a random delay of up to so many seconds
# for each of them: it reads the stack twice before it starts an export, so that makes five reads a second.
TOGETHER, SECONDS_EACH = 5, 0.4
# Requests are counted when a request begins, again after so long, when those of the same deployment run, too, and then
# at this interval: the fewer are left, the sooner each takes the slot of another one.
COUNTED_AGAIN_AFTER, COUNTED_EVERY = timedelta(seconds=30), timedelta(minutes=5)
# Between two tries for a slot in the account: from the first to the second, or to the third for a request that has
# waited for `SLOT_LATER`, so that slots go to those that came first.
SLOT_SHORTEST, SLOT_LONGEST, SLOT_LONGEST_LATER, SLOT_LATER = 5, 15, 7, timedelta(minutes=15)

# --- The deadline ---

# What is left of the time-out for the answer: a twentieth, or at least a call that is not answered and five seconds.
_ANSWERING_SHARE, _ANSWERING_LEAST = 0.05, _UNANSWERED_CALL + timedelta(seconds=5)
# A late listing may begin while an unanswered call and three seconds are left.
_LAST_LISTING = _UNANSWERED_CALL + timedelta(seconds=3)


def deadline(requested_at: datetime, timeout: timedelta) -> datetime:
    """Return when the request must be settled: before its time-out, after which CloudFormation ignores the answer."""
    return requested_at + timeout - max(_ANSWERING_LEAST, timeout * _ANSWERING_SHARE)


def last_listing(requested_at: datetime, timeout: timedelta) -> datetime:
    """Return until when a step that comes late may still list the exports."""
    return requested_at + timeout - _LAST_LISTING


def pause_for_age(age: timedelta) -> int:
    """Return how many seconds to wait before the next listing: a tenth of the age, from 2 to 30."""
    return max(SHORTEST_PAUSE, min(LONGEST_PAUSE, int(age.total_seconds() / 10)))


def fair_pause(neighbours: int) -> float:
    """Return how many seconds to wait before the next read of the stack, if so many requests run in the stack.

    Of many that run, the account's 20 slots may be taken by some, which do not read the stack; at least half wait.
    """
    return _FAIR_SHARE * sqrt(max(1, neighbours / 2, neighbours - RUNNING_OF_ACCOUNT))


def between_tries(neighbours: int) -> timedelta:
    """Return how far apart two tries of a call can be, if so many requests run in the stack: two pauses and a step."""
    return timedelta(seconds=2 * max(LONGEST_PAUSE, fair_pause(neighbours))) + timeouts.FUNCTION_TIMEOUT


def seconds_until(moment: datetime, now: datetime) -> int:
    """Return the whole seconds after which a moment has passed."""
    return 1 + int((moment - now).total_seconds())
