"""Spans of time that the handler's documents promise, in seconds: docs/decision-table.md states each.

They are written down again here. If they were imported, a wrong handler would change the rules that it is checked by.
"""

from __future__ import annotations

# Once a start may have taken effect, the handler treats a listing as complete after this pause.
LISTING_PAUSE = 15
# The same after a step that ran again: the function's time-out of 60 s, and that pause.
LISTING_PAUSE_AFTER_STEP = 75
# An export that must exist is looked for so long.
PATIENCE_WITH_LISTING = 30
# Times of two clocks are compared with this allowance.
CLOCK_SKEW = 5
# The longest wait between two steps: 30 s, or more if many requests wait together. The 44 of the longest queue wait
# for up to 1.25 * 4.6 * sqrt(44) = 38 s.
LONGEST_WAIT = 40
# How long an ACTIVE export is given until its output location appears.
OUTPUT_LOCATION_WAIT = 60
# A generation job that may be why a start was refused is read for so long if it cannot be read.
JOB_UNREAD = 60
# The shortest wait before the stack is read again.
BEFORE_NEXT_READ = 5
# The deadline is the time-out less one part of so many, and less so many seconds at least.
DEADLINE_PART, DEADLINE_LEAST = 20, 20
