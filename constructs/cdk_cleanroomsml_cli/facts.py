"""What was read, as values: a listed export, a generation job, a deployed resource, and what could not be read.

A read that was refused is a value too, `Unread`. So a verdict can say which call was refused, and never treats it as
if nothing had been found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cdk_cleanroomsml_contract.export_properties import AudienceSize

EXPORT_TYPE = "Custom::CleanRoomsMLAudienceExport"
NESTED_STACK_TYPE = "AWS::CloudFormation::Stack"


@dataclass(frozen=True)
class Unread:
    """What could not be read, and why: the operation, the error's code and its message."""

    operation: str
    code: str
    message: str = ""

    def __str__(self) -> str:
        return f"{self.operation}: {self.code}"


@dataclass(frozen=True)
class ListedExport:
    """One export as the service lists it. Times are UTC."""

    name: str
    job: str
    size: AudienceSize
    status: str
    created: datetime
    updated: datetime

    @property
    def has_failed(self) -> bool:
        """Whether it ended in CREATE_FAILED; any other export is alive."""
        return self.status == "CREATE_FAILED"

    @property
    def is_running(self) -> bool:
        """Whether it counts towards the account's quota."""
        return self.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS")


@dataclass(frozen=True)
class GenerationJob:
    """A generation job as it was read.

    Attributes:
        status: the service's word; "" if there is no such job.
        offered: the sizes of its configured audience model, empty if the model lists none.
        measured: the sizes in its own metrics, with their relevance scores; empty if none are shared.
        model_account: the account of its model.
    """

    status: str
    offered: tuple[AudienceSize, ...] | Unread = ()
    measured: Mapping[AudienceSize, float | None] = field(default_factory=dict)
    model_account: str = ""

    @property
    def is_being_created(self) -> bool:
        """Whether a deployment waits for it."""
        return self.status in ("CREATE_PENDING", "CREATE_IN_PROGRESS")


@dataclass(frozen=True)
class DeployedResource:
    """A resource of a deployed stack; `properties` are those of the stack's template, None if that is not known."""

    physical_id: str
    status: str
    properties: Mapping[str, Any] | None = None

    @property
    def holds_something(self) -> bool:
        """Whether the next deployment updates it, instead of creating it."""
        return bool(self.physical_id) and self.status != "CREATE_FAILED" and not self.status.startswith("DELETE_")


def same_job(one: str, other: str) -> bool:
    """Return whether two ARNs are of one generation job: a shared one has an ARN in each of two accounts."""
    return _without_account(one) == _without_account(other)


def _without_account(arn: str) -> list[str]:
    parts = arn.split(":")
    return parts[:4] + parts[5:]
