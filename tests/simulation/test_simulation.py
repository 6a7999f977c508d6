"""A slice of the simulation, and what it promises: it is repeatable, reaches nothing outside, and finds bugs."""

import socket
import time
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.simulation import schedule
from tests.simulation.__main__ import Total, replay_command, report, run_some
from tests.simulation.model import wire
from tests.simulation.model.template import Deployed, synthesise
from tests.simulation.model.weather import KINDS
from tests.simulation.mutants import FOUND, MUTANTS, Mutant
from tests.simulation.rules.invariant import Invariant
from tests.simulation.schedule import ScheduleResult

SLICE = range(200)
EVENTFUL = range(30)
# Found within a few schedules, so that the suite can afford to hunt them each time; `make mutants` hunts them all.
EASY = (
    "an end is not published",
    "starts before it lists",
    "does not read the stack",
    "no deadline",
    "the event is logged",
    "plain crhelper",
)


@pytest.fixture(scope="module")
def deployed() -> Deployed:
    return synthesise()


@pytest.fixture(scope="module")
def with_events() -> Deployed:
    return synthesise(with_events=True)


@pytest.fixture
def wired() -> Iterator[None]:
    with wire.installed():
        yield


@pytest.mark.parametrize("first", SLICE[::50])
def test_no_schedule_violates_an_invariant(first: int, deployed: Deployed) -> None:
    total = run_some(range(first, first + 50), deployed)
    for seed, invariant, text in total.violations:
        with wire.installed():
            story = schedule.run(seed, deployed, with_story=True).story
        pytest.fail("\n".join([*story, f"{invariant}: {text}", f"replay it with: {replay_command(seed)}"]))
    assert total.succeeded
    assert total.exports


def test_no_schedule_with_events_violates_an_invariant(with_events: Deployed) -> None:
    assert not run_some(EVENTFUL, with_events).violations


def test_a_schedule_is_the_same_alone_and_after_others(deployed: Deployed, wired: None) -> None:
    after_others = [schedule.run(seed, deployed, with_story=True) for seed in range(12)][-1]
    alone = schedule.run(11, deployed, with_story=True)
    assert alone.story
    assert alone == after_others


def test_a_story_does_not_change_what_happens(deployed: Deployed, wired: None) -> None:
    with_story, without = schedule.run(5, deployed, with_story=True), schedule.run(5, deployed)
    assert _numbers(with_story) == _numbers(without)


def _numbers(result: ScheduleResult) -> tuple[Counter[str], int, float]:
    return result.faults, result.exports, result.virtual_seconds


def test_nothing_is_sent_and_nobody_sleeps(deployed: Deployed, wired: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the simulation reaches outside")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(time, "sleep", refuse)
    for seed in range(8):
        assert not schedule.run(seed, deployed).violations


def test_every_mutant_can_live() -> None:
    """What it replaces exists; `make mutants` hunts them all, which takes long."""
    for mutant in MUTANTS:
        with mutant.alive():
            pass


@pytest.mark.parametrize("name", EASY)
def test_a_wrong_handler_is_found(name: str, deployed: Deployed, with_events: Deployed) -> None:
    [mutant] = [mutant for mutant in MUTANTS if mutant.name == name]
    assert run_some(range(100), with_events if mutant.with_events else deployed, mutant).violations


@pytest.mark.parametrize(("seed", "mutant"), FOUND, ids=lambda value: getattr(value, "name", value))
def test_a_bug_that_was_found_stays_away(seed: int, mutant: Mutant, deployed: Deployed, with_events: Deployed) -> None:
    world = with_events if mutant.with_events else deployed
    assert run_some(range(seed, seed + 1), world, mutant).violations
    assert not run_some(range(seed, seed + 1), world).violations


@pytest.mark.nightly
def test_every_kind_of_fault_strikes(deployed: Deployed) -> None:
    struck = run_some(range(150), deployed).faults
    assert not set(KINDS) - set(struck)


def test_the_report_fits_a_terminal(deployed: Deployed) -> None:
    total = run_some(range(20), deployed)
    total.violations.append((3, Invariant.ONE_EXPORT, "a violation " * 50))
    lines = list(report(total, range(20), 1.5))
    assert all(len(line) <= 100 for line in lines)
    assert any("make simulate REPLAY=3" in line for line in lines)
    assert any(line.startswith("seed 3, invariant 1 (one export): a violation") for line in lines)
    assert isinstance(total, Total)
