"""What people declare in a template, and how they edit it."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

from tests.builders.arns import FAILING_JOB, HANDLER, UNFINISHED_JOB, UNKNOWN_JOB
from tests.simulation import facts, odds
from tests.simulation.model.clean_rooms import JOBS, SIZES
from tests.simulation.model.cloudformation import Template

NAMES = ("Spring", "Summer")
# Sizes that every resource may use. Beside them each resource of the first two stacks has its own.
COMMON_SIZES = SIZES[:3]
_RESOURCES, _SIZES_EACH = 8, 3
_LONGEST = str(facts.DEFAULT_TIMEOUT)
_ODD_JOBS = (FAILING_JOB, UNFINISHED_JOB, UNKNOWN_JOB)
_UNOFFERED_SIZE = "77"
# Misspelled on purpose.
MISSPELLED = "Nmae"


def sizes_of(chance: Random, stack: str, logical_id: str) -> tuple[str, ...]:
    """The sizes from which one resource chooses: mostly sizes that no other has, so that not all names collide."""
    if chance.random() < odds.COMMON_SIZES:
        return COMMON_SIZES
    number = int(logical_id.removeprefix("Export")) % _RESOURCES + _RESOURCES * (stack == "Campaigns2")
    return SIZES[_SIZES_EACH * number : _SIZES_EACH * (number + 1)]


def draw_export(
    chance: Random, sizes: tuple[str, ...], *, plain: bool = False, named: float = odds.NAMED
) -> dict[str, Any]:
    """ResourceProperties of one export, given a name in a share of them; nothing in a plain one can make it fail."""
    timeout = chance.choice(odds.TIMEOUTS)
    properties: dict[str, Any] = {
        "ServiceToken": HANDLER,
        "AudienceGenerationJobArn": JOBS[0] if chance.random() < odds.FIRST_JOB else chance.choice(JOBS),
        "AudienceSize": {"Type": "PERCENTAGE", "Value": chance.choice(sizes)},
        "TimeoutSeconds": timeout,
        "ServiceTimeout": timeout,
    }
    if chance.random() < odds.DOES_NOT_WAIT:
        properties["WaitForCompletion"] = "false"
    if plain:
        return properties | {"TimeoutSeconds": _LONGEST, "ServiceTimeout": _LONGEST}
    if chance.random() < named:
        properties["Name"] = chance.choice(NAMES)
    elif chance.random() < odds.WITH_REVISION:
        properties["Revision"] = chance.choice(("1", "2"))
    if chance.random() < odds.ADOPTS:
        properties["OnConflict"] = "ADOPT"
    if chance.random() < odds.DESCRIBED:
        properties["Description"] = chance.choice(("for spring", "for all"))
    _make_odd(properties, chance)
    return properties


def _make_odd(properties: dict[str, Any], chance: Random) -> None:
    """Make some exports impossible."""
    odd = chance.random()
    if odd < odds.ODD_JOB:
        properties["AudienceGenerationJobArn"] = chance.choice(_ODD_JOBS)
    elif odd < odds.ODD_SIZE:
        size = chance.choice((_UNOFFERED_SIZE, facts.IMPOSSIBLE_PERCENTAGE))
        properties["AudienceSize"] = {"Type": "PERCENTAGE", "Value": size}
    elif odd < odds.ODD_PROPERTY:
        properties[MISSPELLED] = "Spring"


def draw_template(chance: Random, stack: str, exports: Sequence[int], named: float) -> Template:
    """As many exports as one of the given numbers."""
    logical_ids = [f"Export{number + 1}" for number in range(chance.choice(exports))]
    return {one: draw_export(chance, sizes_of(chance, stack, one), named=named) for one in logical_ids}


def change(template: Template, chance: Random, stack: str) -> Template:
    """The template after a person has edited it."""
    changed = {logical_id: dict(properties) for logical_id, properties in template.items()}
    logical_id = chance.choice(sorted(changed))
    edit = chance.random()
    if edit < odds.REMOVED and len(changed) > 1:
        del changed[logical_id]
    elif edit < odds.ADDED:
        added = f"Export{len(changed) + 1}"
        changed[added] = draw_export(chance, sizes_of(chance, stack, added))
    else:
        _edit_export(changed[logical_id], chance, sizes_of(chance, stack, logical_id))
    return changed


def _edit_export(properties: dict[str, Any], chance: Random, sizes: tuple[str, ...]) -> None:
    edit = chance.choice(odds.EDITS)
    if edit == "name":
        properties.pop("Revision", None)
        properties["Name"] = "Summer" if properties.get("Name") == "Spring" else "Spring"
    elif edit == "size":
        properties["AudienceSize"] = {"Type": "PERCENTAGE", "Value": chance.choice(sizes)}
    elif edit == "description":
        properties["Description"] = "for another season"
    elif edit == "revision" and "Name" not in properties:
        properties["Revision"] = chance.choice(("1", "2", "3"))
    elif edit == "conflict":
        properties["OnConflict"] = "FAIL" if properties.get("OnConflict") == "ADOPT" else "ADOPT"
    elif edit == "waiting":
        properties["WaitForCompletion"] = "false" if properties.get("WaitForCompletion") != "false" else "true"
    else:
        properties["TimeoutSeconds"] = properties["ServiceTimeout"] = chance.choice(odds.EDITED_TIMEOUTS)
