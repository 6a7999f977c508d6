"""The invariants: what must hold in every schedule, whatever strikes. docs/simulation.md has the same texts."""

from __future__ import annotations

from enum import Enum

from cdk_cleanroomsml_local.clean_rooms_ml import PENDING_EXPORTS_OF_AN_ACCOUNT
from tests.simulation import bounds, handler_spans


class Invariant(Enum):
    """One invariant: its number, its short name, and what must hold."""

    ONE_EXPORT = (
        1,
        "one export",
        "At most one export is started for one identity of one resource, and one more for each of its exports that has "
        "failed. An update that keeps its export starts none. No request stops a newer one, or one of another "
        "resource.",
    )
    RIGHT_EXPORT = (
        2,
        "the right export",
        "An export starts with the requested generation job, size and name. A success reports an ACTIVE export of "
        "that job, size and name, which the resource itself started, or holds, or may adopt. If the request does not "
        "wait for the end, any status but CREATE_FAILED will do; in a rollback, any listed export will do. The "
        "attributes are those of that export, with its output location if the request waits and the service shows it. "
        "An update that keeps its export reports that very one, unless it has failed.",
    )
    ONE_ANSWER = (
        3,
        "one answer, in time",
        "A request is answered before CloudFormation's time-out, as long as CloudFormation waits for it. The only "
        "excuse is that Lambda, Step Functions or the answer's endpoint kept it from going on at some time between its "
        "deadline and that time-out. No request has two verdicts. A transient error, or a permission that has not "
        "spread yet, is no reason to fail early, unless Lambda has given up on the event. Without faults, a request "
        "fails only for what the service means, or for its own time-out. Nothing starts "
        "after the time-out.",
    )
    TAKEN_NAMES = (
        4,
        "taken names",
        "A given name that is held by an export that is not the request's own is a conflict, and is never adopted "
        "under FAIL. No conflict is reported without a holder, or after the service accepted the request's start.",
    )
    STACK_DECIDES = (
        5,
        "the stack decides",
        "An export starts only if the stack was creating or updating, in the operation of the request, as the "
        "same invocation was last shown. No rollback gets stuck. Without rollback, an update back to the export "
        "that a resource holds fails only for that export's own end or the time-out. Excused are requests whose last "
        "listing failed at the deadline, or whose last reading of the stack failed or was stale then, and those that "
        "invariant 3 excuses.",
    )
    DELETES_AND_IDS = (
        6,
        "deletes and ids",
        "A Delete succeeds with its own id. A Delete, and the first step of any other request, leaves no execution of "
        f"the resource running that began {bounds.SURELY_OLDER} s or more before the request, if no fault kept it from "
        "stopping that execution. An identity of a resource has one physical id, and no other identity has that id.",
    )
    WAITING = (
        7,
        "waiting for a slot",
        f"Without faults and tenants, N exports of D seconds take at most {bounds.QUEUE_FACTOR} * "
        f"ceil(N/{PENDING_EXPORTS_OF_AN_ACCOUNT}) * D + {bounds.QUEUE_EXTRA} s. With them, a request that waits for a "
        f"slot gets one if slots stay free for {bounds.FREE_SLOT} s. A request whose generation job is used up does "
        "not wait. A request whose generation job is still being created waits for it, if the job can be read, and "
        "until it is ACTIVE or has failed, or is being deleted.",
    )
    SECRETS = (
        8,
        "secrets",
        "No line of the log, and nothing that a step returns, contains a ResponseURL.",
    )
    TRUE_REASONS = (
        9,
        "true reasons",
        "No request that started an export reports that nothing was started. A reason speaks of an export, or of an "
        "accepted start, only if there is one, and says that none is listed only if the last listing succeeded and did "
        "not show it. StackMovedOn is reported only if the stack has left the operation of the request, or at the "
        "deadline if the last reading was stale; "
        f"RollbackWithoutExport only in a rollback, after {handler_spans.PATIENCE_WITH_LISTING} s; StackUnreadable and "
        "ExecutionsUnreadable only at the deadline, and if the last such call failed; DeadlineExceeded only at the "
        "deadline. An update that keeps a failed or missing export is advised to request another one, and one that "
        "fails in a rollback to continue that. No reason contains control characters.",
    )
    NEIGHBOUR = (
        10,
        "a good neighbour",
        f"Without faults and tenants, the exports that wait for slots make at most {bounds.QUEUE_READS} calls of "
        "DescribeStacks a second together, in every minute after the first.",
    )
    EVENTS = (
        11,
        "events",
        "An event is about an export that has ended as it says, and names the resource that the export belongs to. It "
        f"comes after the answer, and not later than {bounds.EVENT_AFTER_DELETE} s after its resource was deleted or "
        "replaced. An update publishes nothing about an export that the resource has held since before it. An export "
        f"that ends within {bounds.FOLLOWED_AT_LEAST} s of an answer has an event within {bounds.EVENT_WITHIN} s of "
        f"its end, and what outages add, or within {bounds.EVENT_WITHIN_IN_CALM} s without faults, if its resource is "
        "still there then, and neither a newer request nor the "
        "handler's own failure ended the execution. Excused are exports that nobody can tell apart (invariant 4).",
    )

    def __init__(self, number: int, short_name: str, text: str) -> None:
        self.number = number
        self.short_name = short_name
        self.text = text

    def __str__(self) -> str:
        return f"invariant {self.number} ({self.short_name})"
