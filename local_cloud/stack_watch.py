"""Follows a stack while a command runs: prints each new event and each change of an export's status once."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.cloud import LocalCloud

_READ_EVERY_SECONDS = 0.25
EXPORT_TYPE = "Custom::CleanRoomsMLAudienceExport"


@dataclass
class StackWatch:
    """The events of one stack and the exports of the emulator, passed to `tell` as they change.

    Attributes:
        events: the stack's events so far, as DescribeStackEvents returns them.
    """

    cloud: LocalCloud
    stack_name: str
    tell: Callable[[str], None]
    events: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the client once; it is used four times a second."""
        self._cloudformation = self.cloud.client("cloudformation")
        self._seen: set[str] = set()
        self._statuses: dict[int, str] = {}

    def until_end_of(self, child: subprocess.Popen[bytes]) -> int:
        """Report changes until the command ends; return its exit status."""
        self.events = []
        while child.poll() is None:
            self._read()
            time.sleep(_READ_EVERY_SECONDS)
        self._read()
        return int(child.returncode)

    def reasons(self) -> list[str]:
        """Return the reasons of exports that failed during the last command."""
        failed = [event for event in self.events if event["ResourceStatus"].endswith("_FAILED")]
        return [event.get("ResourceStatusReason", "") for event in failed if event["ResourceType"] == EXPORT_TYPE]

    def _read(self) -> None:
        for event in self._new_events():
            self.events.append(event)
            if _is_of_interest(event):
                self.tell(f"stack   {event['ResourceStatus']:<27} {_short_name(event):<20} {event['ResourceType']}")
        service = self.cloud.clean_rooms_ml.service
        for export in list(service.exports):
            status = service.status_of(export)
            if self._statuses.get(export.number) != status:
                self._statuses[export.number] = status
                self.tell(f"export  {status:<27} {export.name}")

    def _new_events(self) -> list[dict[str, Any]]:
        try:
            events = self._cloudformation.describe_stack_events(StackName=self.stack_name)["StackEvents"]
        except (ClientError, BotoCoreError):
            return []  # The stack does not exist yet, or no longer.
        fresh = [event for event in events if event["EventId"] not in self._seen]
        self._seen.update(event["EventId"] for event in fresh)
        return fresh[::-1]  # CloudFormation lists the newest first.


def _is_of_interest(event: dict[str, Any]) -> bool:
    """Keep the stack and its exports, and of other resources only that they were created, deleted or failed.

    MiniStack reports unchanged resources as updated, which CloudFormation does not.
    """
    status = event["ResourceStatus"]
    if event["ResourceType"] in (EXPORT_TYPE, "AWS::CloudFormation::Stack"):
        return not status.endswith("CLEANUP_IN_PROGRESS")
    return status in ("CREATE_COMPLETE", "DELETE_COMPLETE") or status.endswith("_FAILED")


def _short_name(event: dict[str, Any]) -> str:
    """Return the construct's id from a logical id, without the provider's prefix and the CDK's hash."""
    name = str(event["LogicalResourceId"]).removeprefix("CleanRoomsMLAudienceExports")
    is_hashed = len(name) > 8 and all(letter in "0123456789ABCDEF" for letter in name[-8:])
    return name[:-8] if is_hashed else name
