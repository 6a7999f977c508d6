"""The event that says that an export has ended: what the handler puts into it, and what a rule finds it by.

docs/export-event.schema.json describes the detail for those who receive it.
"""

from __future__ import annotations

SOURCE = "cdk-cleanroomsml"
DETAIL_TYPE = "Audience Export Status Change"

# The statuses of an export that has ended.
ACTIVE, FAILED = "ACTIVE", "CREATE_FAILED"
ENDED = (ACTIVE, FAILED)

# The members of the detail that a rule compares.
STATUS, STACK_ID, LOGICAL_ID = "status", "stackId", "logicalResourceId"
