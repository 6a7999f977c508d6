"""docs/simulation.md says what the code does: a test for each list and table that it has from the code."""

import re
from pathlib import Path

from tests.simulation import bounds
from tests.simulation.__main__ import HUNT
from tests.simulation.mutants import FOUND, MUTANTS
from tests.simulation.rules.invariant import Invariant

FOLDER = Path(__file__).parent
DOCUMENT = (FOLDER.parents[1] / "docs" / "simulation.md").read_text()


def section(title: str) -> str:
    """The text of a section, from its title to the next one."""
    return DOCUMENT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_invariants_are_those_of_the_code() -> None:
    stated = re.findall(r"^(\d+)\. \*\*(.+?)\.\*\* (.+?)(?=^\d+\. |\Z)", section("The invariants"), re.M | re.S)
    assert [(int(number), name, " ".join(text.split())) for number, name, text in stated] == [
        (one.number, one.short_name[0].upper() + one.short_name[1:], one.text) for one in Invariant
    ]


def test_the_bounds_are_those_of_the_code() -> None:
    text = section("What the model may do, and what not")
    stated = re.findall(r"^\| `([A-Z_]+)` \| (\d+) s \|", text, re.M)
    stated += [(name, seconds) for seconds, name in re.findall(r"(\d+) s \(`([A-Z_]+)`\)", text)]
    assert len(stated) == len(re.findall(r"`[A-Z_]{4,}`", text))
    assert {name: int(seconds) for name, seconds in stated} == {name: getattr(bounds, name) for name, _ in stated}


def test_every_module_of_the_model_is_described() -> None:
    modules = {
        str(path.relative_to(FOLDER)) for room in ("model", "rules") for path in (FOLDER / room).glob("[a-z]*.py")
    }
    assert set(re.findall(r"^\| `((?:model|rules)/\w+\.py)` \|", DOCUMENT, re.M)) == modules


def test_every_mutant_is_listed() -> None:
    """Copied from the output of `make mutants`."""
    rows = re.findall(r"^\| ([\d ]*) \| (.+) \| (\d+) \| \d+ \|$", DOCUMENT, re.M)
    assert [(rule.strip(), name) for rule, name, _ in rows] == [(mutant.rule, mutant.name) for mutant in MUTANTS]
    assert all(int(schedules) <= HUNT for *_, schedules in rows)


def test_every_seed_of_a_found_bug_is_given() -> None:
    assert sorted(map(int, re.findall(r"Seed (\d+)\.", DOCUMENT))) == sorted(seed for seed, _ in FOUND)
