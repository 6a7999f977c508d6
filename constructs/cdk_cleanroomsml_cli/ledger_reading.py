"""Reads what `exports` needs: the exports, and the resources of every stack that may hold one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from cdk_cleanroomsml_cli import ledger, service, stacks
from cdk_cleanroomsml_cli.aws import Clients
from cdk_cleanroomsml_cli.declared import is_later
from cdk_cleanroomsml_cli.facts import EXPORT_TYPE, Unread
from cdk_cleanroomsml_cli.ledger import Owner
from cdk_cleanroomsml_cli.stacks import Resource, Stack
from cdk_cleanroomsml_cli.templates import Scope, resolved


@dataclass(frozen=True)
class Ledger:
    """The exports by generation job. `unread` are the reads of stacks that failed: their exports look like nobody's."""

    jobs: list[ledger.JobLedger]
    unread: tuple[Unread, ...]


def read_ledger(clients: Clients, job: str | None) -> Ledger | Unread:
    """Return the ledger of a generation job, or of the account; Unread if the exports cannot be listed."""
    listed = service.list_exports(clients.client("cleanroomsml"), job)
    if isinstance(listed, Unread):
        return listed
    read = stacks.read_account(clients.client("sts"))
    exports = listed if isinstance(read, Unread) else tuple(service.in_account(one, read[0]) for one in listed)
    failed = [read] if isinstance(read, Unread) else []
    owners = list(_owners(clients.client("cloudformation"), failed))
    jobs = ledger.by_job(exports, owners)
    if job and not jobs:
        jobs = [ledger.JobLedger(job, ())]
    return Ledger(jobs, tuple(failed))


def scope_of(stack: Stack, resources: list[Resource]) -> Scope:
    """Return what is known of a deployed stack: its parameters, and the physical ids of its resources."""
    _, partition, _, region, account, _ = stack.stack_id.split(":", 5)
    references = {one.logical_id: one.physical_id for one in resources if one.physical_id}
    return Scope(stack.name, account, region, partition, {**references, **stack.parameters})


def construct_path(resource: Any, logical_id: str) -> str:
    """Return the path of the construct that a resource of a template belongs to, or its logical id."""
    return str(resource.get("Metadata", {}).get("aws:cdk:path", "")).removesuffix("/Resource") or logical_id


def _owners(client: Any, failed: list[Unread]) -> Iterator[Owner]:
    found = stacks.read_stacks(client)
    if isinstance(found, Unread):
        failed.append(found)
        return
    for stack in found:
        if stack.holds_nothing:
            continue
        resources = stacks.read_resources(client, stack.stack_id)
        if isinstance(resources, Unread):
            failed.append(replace(resources, operation=f"{resources.operation} {stack.name}"))
            continue
        exports = [one for one in resources if one.type == EXPORT_TYPE and one.status != "DELETE_COMPLETE"]
        if exports:
            yield from _owners_in(client, stack, resources, exports, failed)


def _owners_in(
    client: Any, stack: Stack, resources: list[Resource], exports: list[Resource], failed: list[Unread]
) -> Iterator[Owner]:
    template = stacks.read_deployed_template(client, stack.stack_id)
    if isinstance(template, Unread):
        failed.append(replace(template, operation=f"{template.operation} {stack.name}"))
        template = {}
    for one in exports:
        declared = template.get("Resources", {}).get(one.logical_id, {})
        properties = resolved(declared.get("Properties", {}), scope_of(stack, resources))
        known = {name: value for name, value in properties.items() if not is_later(value)}
        path = construct_path(declared, one.logical_id)
        yield Owner(stack.name, stack.stack_id, one.logical_id, path, one.physical_id, known)
