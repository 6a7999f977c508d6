"""A slice of the simulation, and that it is what it says: repeatable, alone in its process, and able to find bugs."""

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation import schedule
from tests.simulation.__main__ import HUNT, Total, replay_command, report, run_some
from tests.simulation.model import wire
from tests.simulation.model.template import Deployed, synthesise
from tests.simulation.model.weather import KINDS
from tests.simulation.mutants import FOUND, MUTANTS, Mutant

SLICE = range(200)
# Found within a few schedules, so that the suite can afford to hunt them each time; `make mutants` hunts them all.
EASY = ("starts before it lists", "does not ask the stack", "no deadline", "the event is logged", "plain crhelper")


@pytest.fixture(scope="module")
def deployed() -> Deployed:
    return synthesise()


@pytest.fixture
def wired() -> Iterator[None]:
    with wire.installed():
        yield


@pytest.mark.parametrize("first", SLICE[::50])
def test_no_schedule_violates_an_invariant(first: int, deployed: Deployed) -> None:
    total = run_some(range(first, first + 50), deployed)
    for seed, rule, text in total.violations:
        with wire.installed():
            story = schedule.run(seed, deployed, with_story=True).story
        pytest.fail("\n".join([*story, f"invariant {rule}: {text}", f"replay it with: {replay_command(seed)}"]))
    assert total.succeeded
    assert total.exports


def test_a_schedule_is_the_same_alone_and_after_others(deployed: Deployed, wired: None) -> None:
    after_others = [schedule.run(seed, deployed, with_story=True) for seed in range(12)][-1]
    alone = schedule.run(11, deployed, with_story=True)
    assert alone.story
    assert alone == after_others


def test_a_story_does_not_change_what_happens(deployed: Deployed, wired: None) -> None:
    told, untold = schedule.run(5, deployed, with_story=True), schedule.run(5, deployed)
    assert (told.faults, told.exports, told.virtual_seconds) == (untold.faults, untold.exports, untold.virtual_seconds)


def test_nothing_is_sent_and_nobody_sleeps(deployed: Deployed, wired: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the simulation reaches outside")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(time, "sleep", refuse)
    for seed in range(8):
        assert not schedule.run(seed, deployed).violations


@pytest.mark.parametrize("name", EASY)
def test_a_wrong_handler_is_found(name: str, deployed: Deployed) -> None:
    [mutant] = [mutant for mutant in MUTANTS if mutant.name == name]
    assert run_some(range(100), deployed, mutant).violations


@pytest.mark.parametrize(("seed", "mutant"), FOUND, ids=lambda value: getattr(value, "name", value))
def test_a_bug_that_was_found_stays_away(seed: int, mutant: Mutant, deployed: Deployed) -> None:
    assert run_some(range(seed, seed + 1), deployed, mutant).violations
    assert not run_some(range(seed, seed + 1), deployed).violations


def test_the_document_tells_of_every_mutant() -> None:
    """Copied from the output of `make mutants`."""
    document = (Path(__file__).parents[2] / "docs" / "simulation.md").read_text()
    rows = re.findall(r"^\| ([\d ]*) \| (.+) \| (\d+) \| \d \|$", document, re.MULTILINE)
    assert [(rule.strip(), name) for rule, name, _ in rows] == [(mutant.rule, mutant.name) for mutant in MUTANTS]
    assert all(int(schedules) <= HUNT for *_, schedules in rows)


def test_every_kind_of_fault_strikes(deployed: Deployed) -> None:
    struck = run_some(range(150), deployed).faults
    assert not set(KINDS) - set(struck)


def test_the_report_fits_a_terminal(deployed: Deployed) -> None:
    total = run_some(range(20), deployed)
    total.violations.append((3, 1, "a violation " * 50))
    lines = list(report(total, range(20), 1.5))
    assert all(len(line) <= 100 for line in lines)
    assert any("make simulate REPLAY=3" in line for line in lines)
    assert isinstance(total, Total)
