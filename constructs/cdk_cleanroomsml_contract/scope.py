"""Where a generation job must be: in the account, Region and partition of the stack that exports its audience.

"All other APIs can only be used with resources in your own account" (AWS Clean Rooms User Guide, ML behaviors). In a
Region without the service a call would never be answered, so this is checked before any call.
"""

from __future__ import annotations

_PARTS = {"partition": 1, "Region": 3, "account": 4}
_HINTS = {"account": ": a job that two accounts share has one ARN in each of them, so use that of the stack's account"}


def broken_scope_rule(
    audience_generation_job_arn: str, *, partition: str | None, region: str | None, account: str | None
) -> str | None:
    """Return the rule that a generation job's ARN breaks in this scope, or None; a part that is None is not known."""
    parts = audience_generation_job_arn.split(":")
    for name, wanted in (("partition", partition), ("Region", region), ("account", account)):
        if wanted is not None and parts[_PARTS[name]] != wanted:
            return f"must be of the stack's own {name} {wanted}, not {parts[_PARTS[name]]}{_HINTS.get(name, '')}"
    return None
