"""What was observed: exports as they are listed, an error of a call, and what the stack is doing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from cdk_cleanroomsml_contract.export_properties import AudienceSize

# Statuses of a generation job that may still become ACTIVE; any other one never does.
BEING_CREATED = ("CREATE_PENDING", "CREATE_IN_PROGRESS")


def subject_of(name: str, size: AudienceSize, audience_generation_job_arn: str) -> str:
    """Return how messages name an export."""
    return f'export "{name}" ({size}) of generation job {audience_generation_job_arn}'


@dataclass(frozen=True)
class ExportJob:
    """One listed export. Times are UTC; `output_location` is empty until the service reports one.

    `relevance_score` and `recall` are its generation job's, None if they were not read or are not shared.
    """

    name: str
    audience_generation_job_arn: str
    audience_size: AudienceSize
    status: str
    create_time: datetime
    update_time: datetime
    output_location: str = ""
    status_code: str = ""
    status_message: str = ""
    relevance_score: float | None = None
    recall: float | None = None

    @property
    def subject(self) -> str:
        """How messages name the export."""
        return subject_of(self.name, self.audience_size, self.audience_generation_job_arn)

    @property
    def has_failed(self) -> bool:
        """Whether it ended in CREATE_FAILED; any other export is alive."""
        return self.status == "CREATE_FAILED"

    @property
    def is_running(self) -> bool:
        """Whether it counts towards the account's quota."""
        return self.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS")


class ErrorKind(Enum):
    """What an error says about the call.

    REFUSED is final; THROTTLED is refused for now; DENIED is refused, unless a new permission or a new credential has
    not spread yet; UNANSWERED: nobody knows whether it took effect.
    """

    REFUSED = "refused"
    THROTTLED = "throttled"
    DENIED = "denied"
    UNANSWERED = "unanswered"


class ServiceError(Exception):
    """An error of one call of Clean Rooms ML; `quota_value` is None unless the service sent it."""

    def __init__(self, code: str, message: str, kind: ErrorKind, quota_value: float | None = None) -> None:
        self.code, self.message, self.kind, self.quota_value = code, message, kind, quota_value
        super().__init__(f"{code}: {message}")


@dataclass(frozen=True)
class RefusalFacts:
    """What the generation job and its model say that may explain a refused start; best effort, may be empty.

    `job_status` is empty if it is unknown or ACTIVE, `job_details` is what the service says about it; `offered` are the
    sizes of the configured audience model, `measured` those of the job's own metrics; `model_account` is the model's
    account, empty if it is unknown; `unread` is why the job could not be read, None if it was.
    """

    job_status: str = ""
    offered: tuple[AudienceSize, ...] = ()
    measured: tuple[AudienceSize, ...] = ()
    model_account: str = ""
    job_details: str = ""
    unread: ErrorKind | None = None

    @property
    def is_being_created(self) -> bool:
        """Whether the generation job may still become ACTIVE."""
        return self.job_status in BEING_CREATED

    def rules_out(self, size: AudienceSize) -> bool:
        """Whether no export of the size can start now; metrics do not show that, as they may cover fewer."""
        return bool(self.job_status) or (bool(self.offered) and size not in self.offered)


@dataclass(frozen=True)
class JobMetrics:
    """A generation job's status, and its metrics as far as the model's owner shares them."""

    status: str
    scores: dict[AudienceSize, float] = field(default_factory=dict)
    recall: float | None = None


class StackPhase(Enum):
    """What the stack is doing, as seen by one request."""

    FORWARD = "creating or updating"
    LATER = "in an operation that began after this request"
    ROLLING_BACK = "rolling back"
    ENDING = "deleting or cleaning up"
    OTHER = "neither creating, updating nor rolling back"
    UNREADABLE = "not readable"
