"""Every peer synthesises, and what it puts into a stack is counted."""

import pytest

from bench.figures import footprint
from bench.peers.apps import APPS, PROJECT, App


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.name)
def test_a_peer_synthesises(app: App) -> None:
    found = footprint.footprint_of(app, 2)
    assert found.functions >= 1
    assert found.roles >= 1
    assert found.asset_bytes > 1000


def test_the_figure_has_a_row_for_each_peer_and_shows_its_goals() -> None:
    figure = footprint.measure((1, 3))
    assert all([row[0] for row in table.rows] == [app.name for app in APPS] for table in figure.tables)
    [fixed, fits] = figure.goals
    assert fixed.measured == "8 + 1"
    assert fixed.is_met
    assert fits.is_met


def test_a_goal_that_is_missed_is_shown_as_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "RESOURCES", 10)
    assert not footprint.measure((1, 3)).goals[1].is_met
    assert PROJECT in APPS
