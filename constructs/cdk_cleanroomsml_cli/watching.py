"""Follows the operations of stacks: reads them at a gentle pace, and yields where their exports stand.

CloudFormation allows an account 5 to 10 reads a second, which its deployments need too. So there is at most one
DescribeStacks in five seconds, no matter how many stacks are watched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from cdk_cleanroomsml_cli import service, stacks
from cdk_cleanroomsml_cli.aws import Clients
from cdk_cleanroomsml_cli.facts import EXPORT_TYPE, NESTED_STACK_TYPE, ListedExport, Unread
from cdk_cleanroomsml_cli.ledger_reading import construct_path, scope_of
from cdk_cleanroomsml_cli.progress import Row, WatchedResource, is_unlisted, job_of, row_of
from cdk_cleanroomsml_cli.stacks import Resource, Stack, StackEvent
from cdk_cleanroomsml_cli.templates import Template, resolved

SECONDS_BETWEEN_STACKS = 5
# How often in a row a stack may be unreadable before nothing more can be said about it.
PATIENCE = 12
_STARTS = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")
_SUCCESSES = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "DELETE_COMPLETE", "IMPORT_COMPLETE"}


class CannotWatchError(Exception):
    """A stack that cannot be watched; `is_missing` says that there is no such stack."""

    def __init__(self, message: str, *, is_missing: bool) -> None:
        self.is_missing = is_missing
        super().__init__(message)


@dataclass(frozen=True)
class Snapshot:
    """What one round has read: the status of each stack by its name, and the exports."""

    at: datetime
    statuses: dict[str, str]
    rows: list[Row]
    unread: tuple[Unread, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether no stack is in an operation."""
        return all(not status.endswith("_IN_PROGRESS") for status in self.statuses.values())

    @property
    def has_succeeded(self) -> bool:
        """Whether every operation ended as it was requested, and not in a rollback."""
        return all(status in _SUCCESSES for status in self.statuses.values())


@dataclass
class Watch:
    """The stacks that are watched. `clock` and `sleep` are passed in, so tests need no time."""

    clients: Clients
    names: list[str]
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    _stacks: dict[str, Stack] = field(default_factory=dict)
    _failures: dict[str, int] = field(default_factory=dict)
    _templates: dict[tuple[str, str], Template] = field(default_factory=dict)
    _began: dict[tuple[str, str], datetime] = field(default_factory=dict)
    _seen: dict[str, str] = field(default_factory=dict)
    _rows: dict[str, list[WatchedResource]] = field(default_factory=dict)
    _finished_jobs: set[str] = field(default_factory=set)

    def snapshots(self) -> Iterator[Snapshot]:
        """Yield what each round reads, until every stack is at rest.

        Raises:
            CannotWatchError: a stack does not exist, or could not be read again and again.
        """
        self._cloudformation = self.clients.client("cloudformation")
        self._clean_rooms_ml = self.clients.client("cleanroomsml")
        while True:
            snapshot = self._read()
            yield snapshot
            if snapshot.has_ended:
                return
            self.sleep(SECONDS_BETWEEN_STACKS * len(self.names))

    def _read(self) -> Snapshot:
        unread: list[Unread] = []
        for name in self.names:
            if self._read_stack(name, unread):
                self._rows[name] = self._resources(self._stacks[name], name, unread, self._rows.get(name, []))
        listing = service.list_exports(self._clean_rooms_ml)
        if isinstance(listing, Unread):
            unread.append(listing)
        else:
            # A listing may show the ARN that a shared generation job has in the other account.
            account = self._stacks[self.names[0]].stack_id.split(":")[4]
            listing = tuple(service.in_account(one, account) for one in listing)
        resources = [one for name in self.names for one in self._rows.get(name, [])]
        unfinished = () if isinstance(listing, Unread) else self._unfinished_jobs(resources, listing, unread)
        now = self.clock()
        rows = [row_of(one, listing, now, unfinished_jobs=unfinished) for one in resources]
        return Snapshot(now, {name: self._stacks[name].status for name in self.names}, rows, tuple(unread))

    def _unfinished_jobs(
        self, resources: list[WatchedResource], listing: tuple[ListedExport, ...], unread: list[Unread]
    ) -> set[str]:
        """The generation jobs that exports wait for; one that was read as finished is not read again."""
        waited_for = {job_of(one) for one in resources if is_unlisted(one, listing)} - self._finished_jobs - {""}
        found = {job: service.is_being_created(self._clean_rooms_ml, job) for job in sorted(waited_for)}
        unread += [one for one in found.values() if isinstance(one, Unread)]
        self._finished_jobs |= {job for job, unfinished in found.items() if unfinished is False}
        return {job for job, unfinished in found.items() if unfinished is True}

    def _read_stack(self, name: str, unread: list[Unread]) -> bool:
        """Read the stack's status; one that was read before is read by its id, so that its deletion can be followed."""
        known = self._stacks.get(name)
        read = stacks.read_stack(self._cloudformation, known.stack_id if known else name)
        if isinstance(read, Stack):
            self._stacks[name], self._failures[name] = read, 0
            return True
        self._failures[name] = self._failures.get(name, 0) + 1
        if known is None or self._failures[name] >= PATIENCE:
            why = f"could not be read ({read})" if read else "does not exist in this account and Region"
            raise CannotWatchError(f"The stack {name} {why}", is_missing=read is None)
        if read:
            unread.append(read)
        return False

    def _resources(
        self, stack: Stack, name: str, unread: list[Unread], before: list[WatchedResource]
    ) -> list[WatchedResource]:
        """The exports of a stack and of its nested stacks; what was known before, if they cannot be read."""
        if stack.status == "REVIEW_IN_PROGRESS":
            return []  # Its change set has not been executed, so it has neither a template nor resources.
        read = stacks.read_resources(self._cloudformation, stack.stack_id)
        template = self._template(stack)
        if isinstance(read, Unread) or isinstance(template, Unread):
            unread += [one for one in (read, template) if isinstance(one, Unread)]
            return before
        by_id = {one.logical_id: one for one in read}
        scope, found = scope_of(stack, read), []
        self._read_events(stack, unread)
        for logical_id, declared in template.get("Resources", {}).items():
            resource = by_id.get(logical_id)
            if declared.get("Type") == EXPORT_TYPE:
                known = WatchedResource(
                    name,
                    stack.stack_id,
                    logical_id,
                    construct_path(declared, logical_id),
                    resolved(declared.get("Properties", {}), scope),
                )
                found.append(self._as_deployed(known, resource))
            if declared.get("Type") == NESTED_STACK_TYPE and resource and resource.physical_id:
                given = resolved(declared.get("Properties", {}).get("Parameters", {}), scope)
                inner = Stack(resource.physical_id, name, resource.status, given)
                found += self._resources(inner, name, unread, [one for one in before if one.stack_id == inner.stack_id])
        return found

    def _as_deployed(self, declared: WatchedResource, resource: Resource | None) -> WatchedResource:
        if resource is None:
            return declared
        reason = resource.reason if resource.status.endswith("_FAILED") else ""
        began = self._began.get((declared.stack_id, declared.logical_id))
        return replace(declared, status=resource.status, reason=reason, began=began)

    def _template(self, stack: Stack) -> Template | Unread:
        """The stack's template, read again if the stack's status has changed."""
        key = (stack.stack_id, stack.status)
        if key not in self._templates:
            read = stacks.read_deployed_template(self._cloudformation, stack.stack_id)
            if isinstance(read, Unread):
                return read
            self._templates[key] = read
        return self._templates[key]

    def _read_events(self, stack: Stack, unread: list[Unread]) -> None:
        """Note when the operation of each export began, from the events that are new."""
        fresh: list[StackEvent] = []
        try:
            for event in stacks.read_events(self._cloudformation, stack.stack_id):
                fresh.append(event)
                is_operation = event.physical_id == stack.stack_id and event.status in _STARTS
                if event.event_id == self._seen.get(stack.stack_id) or is_operation:
                    break
        except (ClientError, BotoCoreError) as error:
            unread.append(service.unread("DescribeStackEvents", error))
            return
        if fresh:
            self._seen[stack.stack_id] = fresh[0].event_id
        for event in reversed(fresh):
            if event.type == EXPORT_TYPE:
                self._note(event, (stack.stack_id, event.logical_id))

    def _note(self, event: StackEvent, key: tuple[str, str]) -> None:
        """A resource has several events while it is in progress; the first one is the request."""
        if event.status in _STARTS:
            self._began.setdefault(key, event.at)
        else:
            self._began.pop(key, None)
