"""The time-outs of what the construct deploys. The handler counts on them, so they are written once, here.

They build on each other: a deployment waits at most `LONGEST_WAIT`; an execution outlasts it; a task outlasts the
function that it calls; an event is delivered for as long as CloudFormation waits for its answer.
"""

from __future__ import annotations

from datetime import timedelta

# CloudFormation's ServiceTimeout: 1 to 3,600 s. Less than a minute leaves no time to answer.
SHORTEST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
# Of the Lambda function. A step makes a few calls, each of which may take 15 s.
FUNCTION_TIMEOUT = timedelta(seconds=60)
# Of the last resort, which nothing may end after it has answered: it would run again, and the event could be
# accepted then. It tries as long as the handler does, then lists the executions and sends the answer up to three times.
LAST_RESORT_TIMEOUT = timedelta(minutes=3)
# Of one task of the state machine: longer than the function's, so that a repeated step never overlaps the first one.
TASK_TIMEOUT = FUNCTION_TIMEOUT + timedelta(seconds=15)
# Of an execution: longer than CloudFormation waits, so that a last answer can be sent.
EXECUTION_TIMEOUT = LONGEST_WAIT + timedelta(minutes=5)
# How long an export is followed after its request was answered, if its end is to be published; then there is time for
# the event.
LONGEST_FOLLOWING = timedelta(hours=24)
FOLLOWER_TIMEOUT = LONGEST_FOLLOWING + timedelta(minutes=30)
# How long Lambda tries to deliver an event of CloudFormation, and how often again after a failed invocation (the most
# that Lambda allows). After that the last resort gets it.
LONGEST_DELIVERY, DELIVERY_RETRIES = LONGEST_WAIT, 2
