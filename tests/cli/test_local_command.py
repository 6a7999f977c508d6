"""`cdk-cleanroomsml local` when it is refused. A cloud that runs is in tests/package/test_local.py."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cdk_cleanroomsml_cli.commands import make_app
from cdk_cleanroomsml_local import interrupt, lifetime, ministack


def run(*arguments: object) -> Any:
    return CliRunner().invoke(make_app(), ["local", *map(str, arguments)])


@pytest.fixture(autouse=True)
def nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """No cloud, also if a wrong use is not refused."""
    monkeypatch.setattr(lifetime, "running", lambda *_, **__: pytest.fail("a cloud was started"))


@pytest.mark.parametrize("account", ["12", "11112222333x", "²" * 12])
def test_an_account_has_twelve_digits(account: str) -> None:
    result = run("--account", account)
    assert result.exit_code == 2
    assert "--account must have twelve digits" in result.output


@pytest.mark.parametrize("content", ["{", "{}", json.dumps({"audienceGenerationJobs": [{}]}), "[]"])
def test_a_catalog_that_cannot_be_read_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "mine.json").write_text(content)
    result = run("--catalog", tmp_path / "mine.json")
    assert result.exit_code == 2
    assert "mine.json cannot be read" in result.output.replace("\n", "")


def test_a_catalog_that_does_not_exist_is_named(tmp_path: Path) -> None:
    result = run("--catalog", tmp_path / "none.json")
    assert result.exit_code == 2
    assert "none.json cannot be read" in result.output.replace("\n", "")


def test_without_ministack_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(ministack, "find_spec", lambda _: None)
    monkeypatch.setattr(interrupt, "end_in_order", lambda: None)
    result = run()
    assert result.exit_code == 2
    assert "The local cloud needs ministack. Run: pip install 'cdk-cleanroomsml[local]'" in result.output


def test_a_cloud_that_does_not_start_shows_the_end_of_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(ministack, "_START_SECONDS", 0)
    monkeypatch.setattr(interrupt, "end_in_order", lambda: None)  # the signals of this process stay as they are
    result = run()
    assert result.exit_code == 1
    assert "MiniStack is not ready after 0 s; its log ends with:" in result.output
