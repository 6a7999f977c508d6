"""Whose export each one is, and what its generation job can still have. Pure.

A resource that is deployed has a physical id, which is derived from generation job, name and size. The same is derived
from each listed export, so a match needs no template. A resource that is still being created has no such id yet; its
declared properties are compared instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cdk_cleanroomsml_cli.facts import ListedExport
from cdk_cleanroomsml_contract import identity
from cdk_cleanroomsml_contract.api_limits import ACTIVE_OF_JOB

_ORDINAL = re.compile(r"-([2-9]|[1-9][0-9]{1,2})$")


@dataclass(frozen=True)
class Owner:
    """A deployed resource that may hold an export; `properties` are resolved as far as they are known."""

    stack: str
    stack_id: str
    logical_id: str
    construct_path: str
    physical_id: str
    properties: Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """An export and its owner; None: it belongs to no stack that could be read."""

    export: ListedExport
    owner: Owner | None


@dataclass(frozen=True)
class JobLedger:
    """The exports of one generation job, newest first; `left` is how many more it can have."""

    job: str
    entries: tuple[Entry, ...]

    @property
    def alive(self) -> int:
        """How many have not failed."""
        return sum(not entry.export.has_failed for entry in self.entries)

    @property
    def left(self) -> int:
        """How many more the generation job can have."""
        return max(0, ACTIVE_OF_JOB - self.alive)


def by_job(exports: Iterable[ListedExport], owners: Iterable[Owner]) -> list[JobLedger]:
    """Return the exports of each generation job with their owners."""
    known = list(owners)
    by_id = {owner.physical_id: owner for owner in known}
    by_name = {_declared_id(owner): owner for owner in known}
    found: dict[str, list[Entry]] = {}
    for export in sorted(exports, key=lambda one: one.created, reverse=True):
        found.setdefault(export.job, []).append(Entry(export, _owner(export, by_id) or _owner(export, by_name)))
    return [JobLedger(job, tuple(entries)) for job, entries in sorted(found.items())]


def adopting_code(name: str) -> str:
    """Return the line that adopts an export."""
    return f"AudienceExport({', '.join(adopting_arguments(name))})"


def adopting_arguments(name: str) -> tuple[str, ...]:
    """Return the arguments that adopt an export; the others are those of any export of its job and size."""
    return "...", f"name={json.dumps(name, ensure_ascii=False)}", "on_conflict=OnConflict.ADOPT"


def _owner(export: ListedExport, index: Mapping[str, Owner]) -> Owner | None:
    """The owner of an export's name, or of its name without the ordinal, which only generated names have."""
    if owner := index.get(_id_of(export, export.name)):
        return owner
    owner = index.get(_id_of(export, _ORDINAL.sub("", export.name)))
    return owner if owner and owner.properties and "Name" not in owner.properties else None


def _id_of(export: ListedExport, name: str) -> str:
    size = {"Type": export.size.type, "Value": export.size.value}
    properties = {"AudienceGenerationJobArn": export.job, "AudienceSize": size, "Name": name}
    return identity.physical_id(properties, stack_id="", logical_id="")


def _declared_id(owner: Owner) -> str:
    return identity.physical_id(owner.properties, stack_id=owner.stack_id, logical_id=owner.logical_id)
