"""What is drawn: shares from 0 to 1, spans in seconds, and choices in which a value that stands twice is drawn twice as
often. They were chosen so that rare events happen often enough; they say nothing about how often AWS does anything.
"""

from __future__ import annotations

from tests.simulation import bounds, facts

EVEN = 0.5

# A schedule

# Schedules in which more exports wait than the account may run.
QUEUE = 0.002
# Campaigns of stacks with many exports, in an account whose limits are counted.
FLEET, FLEET_EXPORTS = 0.01, (10, 20, 30)
# How many exports wait in a measurement of calls, and how long.
LOAD_EXPORTS, LOAD_SECONDS = (60, 200, 450), 1200
# Beside those that are drawn, so that a short run has some.
FIRST_QUEUES = (13, 71)
QUEUE_EXPORT_SECONDS = (60, 400)
QUEUE_EXPORTS_AT_MOST = 44
# Days on which every export has a given name that others can have too, most exports fail, and the service is
# overloaded.
NAME_DAY, NAME_DAY_FAILING = 0.05, 0.6
NAME_DAY_FAULTS = {"rooms: throttled": 0.4, "rooms: error before": 0.4, "rooms: error after": 0.1}
# Days on which generation jobs are still being created: which of them, until when, counted from the first stack, what
# becomes of them, and how late a read of one shows it.
JOB_DAY, JOB_UNFINISHED = 0.06, 0.7
JOB_CREATED_WITHIN = (30, 300, 2000, 6000)
JOB_BECOMES = ("ACTIVE", "ACTIVE", "ACTIVE", "CREATE_FAILED", "DELETE_IN_PROGRESS")
JOB_STATUS_LAGS = (0, 0, 20, bounds.JOB_STATUS_LAG)
# Schedules without faults.
CALM = 0.1
# How long an export typically takes in a schedule: each span with its weight.
EXPORT_SECONDS = ((6, (2, 40)), (3, (60, 600)), (1, (1000, 5000)))
FAILING_EXPORTS = (0.0, 0.0, 0.1, 0.3, 0.7)
# An export takes so much less or more than is typical; a share of that it is pending.
EXPORT_DIFFERS = (-0.5, 1)
PENDING = 0.2
STACKS = (1, 1, 1, 2)
# Schedules whose stacks are nested in another.
NESTED = 0.1
# Schedules in which exports, and with them their provider, are added to stacks that are there.
ADDS_LATER = 0.15
STACKS_APART = (0.0, 60.0)
# So late that an export from the very beginning can be adopted.
FIRST_STACK_AT = bounds.THERE_BEFORE + 1

# Weather

# Of all kinds of faults, those that strike in a schedule; then of all occasions for one kind, those where it strikes.
FAULT_KINDS = (0.02, 0.05, 0.1, 0.3)
FAULTS = (0.02, 0.05, 0.1, 0.4)
OUTAGE = 0.06
OUTAGE_BEGINS = (0, 200)
OUTAGE_AT_MOST = (20, 60, 300, 2000)
# Clocks are exact, or each is wrong by up to this.
CLOCK_ERRORS = (0.0, bounds.CLOCK_DIFFERENCE / 2)

# Permissions that are not known everywhere: which kinds of calls, how long, and how many of them meet a host that
# does not know the policy yet.
PERMISSION_LATE = 0.4
PERMISSION_KNOWN_AFTER = (5, 20, 60, bounds.IAM_DELAY)
PERMISSION_UNKNOWN_HERE = 0.8
MACHINE_KNOWN_AFTER = (1, bounds.MACHINE_DELAY)
# Statuses that are shown late, or once more.
STATUS_LATE = (1, bounds.STATUS_LAG)
STATUS_GOES_BACK = (0.5, bounds.STATUS_GOES_BACK)
STATUS_STAYS_BACK = bounds.STATUS_STAYS_BACK

# Events: the share of starts of a follower and of events that fail, in a schedule, and how late a resource is shown.
EVENT_FAULTS = (0.0, 0.0, 0.1, 0.4)
RESOURCE_LAGS = (0, 30, bounds.RESOURCE_LAG)

# Habits of CloudFormation

RECORDS_FAILED_IDS = 0.5
ABANDONS = 0.6
REUSES_REQUEST_IDS = 0.4
REVERTS_FAILED = 0.25
KEEPS_ATTEMPTED = 0.75
DELETES_FIRST = 0.5
REFUSES_REPLACEMENT = 0.7
# Resources of an operation begin side by side; some wait for others.
RESOURCE_BEGINS = (0.1, 0.2, 3.0)

# Lambda and Step Functions

DELIVERY = (0.05, 1.0)
DELIVERY_AGAIN = (0.05, 200)
DELIVERY_LATE = (1, 120)
DELIVERY_THROTTLED = (1, 60)
COLD_START = (0.3, 1.5)
# The call of an invocation at which it is killed or freezes.
FATAL_CALL = (1, 6)
TASK_BEGINS = (0.02, 0.1)
TASK_LATE = (1, bounds.TASK_DELAY)
EXECUTION_BEGINS = (0.01, 0.2)
EXECUTION_LISTED_LATE = (1, bounds.EXECUTION_LISTING_LAG)
STATE_CHANGES = (0.01, 0.1)

# Calls

# A call is on its way so long, and its response as well.
ON_THE_WAY = (0.01, 0.15)
SLOW_CALL = (1, 8)

# Messages of services: short, longer than an answer to CloudFormation may be, or with what a terminal cannot show.
MESSAGES = ("simulated", "simulated at length " * 400, "simulated \x1b[31mwith colours\x1b[0m and \x00\x9b nothing")

# What Clean Rooms ML leaves open

OTHER_ACCOUNT_OWNS = 0.25

LISTING_LAGS = (0, 1, 5, 10, bounds.LISTING_LAG, bounds.LISTING_LAG)
OUTPUT_LOCATION_LAGS = (0, 0, 10, bounds.OUTPUT_LOCATION_LAG)
PAGE_SIZES = (facts.LONGEST_PAGE, facts.LONGEST_PAGE, 3)

# What people declare

COMMON_SIZES = 0.3
FIRST_JOB = 0.8
TIMEOUTS = ("60", "120", "600", "3600", "3600")
DOES_NOT_WAIT = 0.3
NAMED = 0.4
WITH_REVISION = 0.3
ADOPTS = 0.3
DESCRIBED = 0.2
# Shares of exports that cannot succeed, counted up: a job that will not do, a size that will not do, a property that
# does not exist.
ODD_JOB, ODD_SIZE, ODD_PROPERTY = 0.02, 0.04, 0.05
EXPORTS_OF_A_STACK = (1, 1, 1, 2, 2, 3)
# Shares of edits, counted up: an export is removed, or added; otherwise one is changed.
REMOVED, ADDED = 0.1, 0.25
EDITS = ("name", "name", "size", "size", "revision", "revision", "description", "time-out", "conflict", "waiting")
EDITED_TIMEOUTS = ("60", "600", "3600")

# What people do

WITHOUT_ROLLBACK = 0.35
OPERATIONS = (0, 1, 2, 3, 4)
BETWEEN_OPERATIONS = (bounds.BETWEEN_OPERATIONS, 600)
DELETES = 0.15
GOES_BACK = 0.3
CHANGES_BEFORE_CREATING_AGAIN = 0.5
CREATES_AGAIN = 0.5
AFTER_KEPT_FAILURE = ("again", "again", "back", "fix", "roll back")
# Shares of operations, counted up, that a neighbour's failure ends, or a person; and when, at the latest. They are
# divided by the schedule's `peace`.
NEIGHBOUR_FAILS, PERSON_ENDS = 0.2, 0.27
PEACE = (1.0, 2.0, 10.0)
ENDS_WITHIN = (1, 5, 20, 100, 600)
# Operations that a neighbour's failure ends after the last export is done.
LATE_FAILURES = (0.0, 0.3)

# Other tenants

WITH_TENANT = 0.5
TENANT_BEFORE, TENANT_MEANWHILE = 0.4, 0.3
TENANT_BEGINS = (FIRST_STACK_AT, 70)
# Shares, counted up: a crowd that fills the account, or a generation job that is nearly used up.
CROWD, USED_UP_JOB = 0.12, 0.2
CROWD_EXPORTS = (19, 20, 22, 40)
CROWD_BEGINS = (0, 300)
EXPORTS_OF_LONG_AGO = (23, 24, 25)
# Starts of a given name that a tenant repeats, and how long after.
IMITATED = 0.25
IMITATED_AFTER = (1, 150)
