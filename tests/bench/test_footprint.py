"""Every peer synthesises, and what it puts into a stack is counted."""

from dataclasses import replace

import pytest

from bench.figures import footprint
from bench.figures.footprint import Footprint
from bench.peers.apps import APPS, PROJECT, App


def footprints(**last: int) -> dict[str, list[Footprint]]:
    one, more = Footprint(9, 2, 2, 8000, 70_000), Footprint(11, 2, 2, 9000, 70_000)
    return {app.name: [one, replace(more, **last)] for app in APPS}


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_a_peer_synthesises(app: App) -> None:
    found = footprint.footprint_of(app, 2)
    assert found.functions >= 1
    assert found.roles >= 1
    assert found.asset_bytes > 1000


def test_one_export_more_is_one_resource() -> None:
    one, two = (footprint.footprint_of(PROJECT, count).resources for count in (1, 2))
    assert (one, two) == (9, 10)


def test_the_figure_has_a_row_for_each_peer_and_shows_its_goals() -> None:
    figure = footprint.figure_of(footprints(), (1, 3))
    assert all([row[0] for row in table.rows] == [app.name for app in APPS] for table in figure.tables)
    [fixed, fits] = figure.goals
    assert fixed.measured == "8 + 1"
    assert fixed.is_met
    assert fits.is_met


@pytest.mark.parametrize("last", [{"resources": 501}, {"template_bytes": 1_000_001}])
def test_a_stack_that_is_too_large_misses_the_goal(last: dict[str, int]) -> None:
    assert not footprint.figure_of(footprints(**last), (1, 3)).goals[1].is_met
