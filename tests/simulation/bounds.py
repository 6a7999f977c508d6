"""What the model may do at most, and how exact the rules are: in seconds, each with its reason.

docs/simulation.md states those of the model, and how long a start is under way; a test compares them.
"""

from __future__ import annotations

from tests.simulation import facts, handler_spans

# What the model may do at most

# A listing shows a new export after this time. The handler's pause is 15 s.
LISTING_LAG = 14
# Clocks of two services differ by at most this. The handler allows for 5 s.
CLOCK_DIFFERENCE = 4.0
# A new policy may be unknown for so long after it was written. The handler tries again for 180 s.
IAM_DELAY = 170
# A new state machine may be unknown for so long. The handler tries again for 180 s.
MACHINE_DELAY = 60
# DescribeStacks shows a new status after this time.
STATUS_LAG = 30
# After this time it may show the status before once more. The handler decides nothing by one reading for 60 s.
STATUS_GOES_BACK = 24
# It shows that for so long. After a rollback was read, the handler believes nothing else for 60 s.
STATUS_STAYS_BACK = 5
# An output location appears so long after its export is ACTIVE. The handler waits for 60 s.
OUTPUT_LOCATION_LAG = 50
# A read of a generation job shows a new status after this time. The handler sends the start whatever it shows.
JOB_STATUS_LAG = 120
# CloudFormation shows a resource as it is now after this time. The handler believes that one is gone after 300 s.
RESOURCE_LAG = 120
# A listing of executions shows a new one after this time.
EXECUTION_LISTING_LAG = 10
# A task that Step Functions calls late begins after this time. It ends when it would have ended if it had been on time.
TASK_DELAY = 40
# A person, or a pipeline, needs so long between two operations of a stack.
BETWEEN_OPERATIONS = 12

# When two starts of the same export cannot be distinguished

# The handler allows for 5 s, and clocks differ by up to 4 s: this is more than both.
CLOCKS = 2 * handler_spans.CLOCK_SKEW
# A call returns so soon after it took effect: the handler waits 10 s for the response to a start.
LONGEST_CALL = 12
# A start that may have taken effect is under way for so long after that.
START_UNDER_WAY = handler_spans.LISTING_PAUSE + CLOCKS + LONGEST_CALL
# The same for a start that a step may have sent that ran again, from when the step came again.
START_UNDER_WAY_IN_STEP = handler_spans.LISTING_PAUSE_AFTER_STEP + CLOCKS + LONGEST_CALL

# An export may have been listed by no step that preceded a start if it was created so long before that start.
UNSEEN_AT_START = handler_spans.LISTING_PAUSE_AFTER_STEP

# How exact the rules are

# An execution is older than a request on every clock if it began so long before: the handler's allowance, the
# difference of the clocks, and the second that the signature of the ResponseURL cuts off.
SURELY_OLDER = handler_spans.CLOCK_SKEW + int(CLOCK_DIFFERENCE) + facts.SIGNATURE_RESOLUTION
# A failure so close to the deadline may be for the deadline: no wait of the handler goes beyond that, on any clock.
LATE = handler_spans.LONGEST_WAIT + handler_spans.CLOCK_SKEW
# A request is answered so soon after its export has ended: as much as the longest wait between two listings, the wait
# for the output location and the delay of a task together.
NOTICED_WITHIN = handler_spans.LONGEST_WAIT + handler_spans.OUTPUT_LOCATION_WAIT + TASK_DELAY
# A refusal is final if the generation job could not be read for so long: less by the time of a call.
JOB_UNREAD = handler_spans.JOB_UNREAD - LONGEST_CALL
# A reading so close to the deadline is the last one: no other one fits in, on any clock.
LAST_READ = handler_spans.BEFORE_NEXT_READ + handler_spans.CLOCK_SKEW
# An export failed before a request if it was so long before: more than the listing's lag and clocks that differ.
FAILED_BEFORE = 20
# An export can be adopted if it was there so long before the request. More than the listing's lag, too.
THERE_BEFORE = 30
# `CreateTime` of an answer is compared so exactly: it has milliseconds.
CREATE_TIME = 0.002
# Exports that wait for a slot take this factor of the best possible time, and so much more: up to 18 s until the first
# are started, up to 29 s until a free slot is taken, twice, and up to 50 s for the output location of the last.
QUEUE_FACTOR, QUEUE_EXTRA = 1.15, 120
# All exports of a queue together read the stack so often a second, on average of any minute after the first.
QUEUE_READS = 1.2
# A request that waits for a slot gets one if slots stay free for so long.
FREE_SLOT = 60

# An event comes so soon after the end of its export, and what outages add: one of the longest pauses of the follower,
# and what faults of its tasks add. One that ended so long after its answer is followed at least.
EVENT_WITHIN, FOLLOWED_AT_LEAST = 1500, 80_000
# The same without faults: the longest pause, and how long a stale reading of the resource counts for nothing.
EVENT_WITHIN_IN_CALM = 330 + RESOURCE_LAG
# Nothing is published so long after a resource is gone: what a reading may be late, and a call.
EVENT_AFTER_DELETE = RESOURCE_LAG + 600

# A schedule that has not ended after so many seconds of virtual time never ends: days more than any operation takes.
LONGEST_SCHEDULE = 200_000.0
