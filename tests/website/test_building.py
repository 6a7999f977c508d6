"""The site can be built, leads nowhere wrong, and loads nothing from elsewhere."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from website import building

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
# What a browser loads by itself: no links that a reader follows.
LOADED = re.compile(r"<(?:script|img|iframe|source)[^>]*\ssrc=\"([^\"]+)\"|<link[^>]*\shref=\"([^\"]+)\"")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a link that leads nowhere, and a page that is in no menu, are errors."""
    folder = tmp_path_factory.mktemp("site")
    assert building.build(folder) == 0
    return folder


def test_every_document_is_a_page(site: Path) -> None:
    built = {path.parent.name for path in site.glob("*/index.html")} | {"index"}
    assert {path.stem for path in PAGES} <= built


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    pages = [*site.rglob("*.html")]
    assert len(pages) > len(PAGES)
    for page in pages:
        loaded = {one or other for one, other in LOADED.findall(page.read_text())}
        assert loaded, page
        assert not [target for target in loaded if "//" in target], page
    for sheet in site.rglob("*.css"):
        assert not re.findall(r"url\([\"']?(?:https?:)?//|@import", sheet.read_text()), sheet


def test_diagrams_are_drawn_by_the_copy_of_mermaid(site: Path) -> None:
    page = (site / "how-it-works" / "index.html").read_text()
    assert 'class="mermaid"' in page
    assert 'src="../vendor/mermaid.tiny.js"' in page
    assert (site / "vendor" / "mermaid.tiny.js").stat().st_size > 1_000_000


def test_the_guarantees_are_one_list_with_their_numbers(site: Path) -> None:
    """A paragraph that is not indented by four spaces ends a list, and the next rule would be number 1 again."""
    page = (site / "guarantees" / "index.html").read_text()
    written = re.findall(r"^(\d+)\. ", (ROOT / "docs" / "guarantees.md").read_text(), re.MULTILINE)
    assert written == [str(number) for number in range(1, len(written) + 1)]
    lists = page.count("<ol>")
    assert lists == 1


def test_the_search_knows_every_failure_reason(site: Path) -> None:
    titles = {one["title"] for one in json.loads((site / "search" / "search_index.json").read_text())["docs"]}
    codes = re.findall(r"^### `([\w.]+)`", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    assert len(codes) > 20
    assert {*codes} <= {re.sub(r"<[^>]+>", "", title) for title in titles}


def test_the_api_shows_what_can_be_imported(site: Path) -> None:
    import cdk_cleanroomsml

    page = (site / "api" / "index.html").read_text()
    for name in cdk_cleanroomsml.__all__:
        assert re.search(rf'id="[\w.]*\.{name}"', page), name


def small_checkout(folder: Path, page: str) -> Path:
    """A checkout with one page, and the settings of this one."""
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text(page)
    settings = (ROOT / "mkdocs.yml").read_text()
    (folder / "mkdocs.yml").write_text(settings[: settings.index("nav:")])
    return folder


@pytest.mark.parametrize(("link", "is_right"), [("index.md", True), ("nowhere.md", False), ("index.md#no", False)])
def test_a_link_that_leads_nowhere_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: str, is_right: bool
) -> None:
    monkeypatch.setattr(building, "CHECKOUT", small_checkout(tmp_path, f"# Page\n\n[a link]({link})\n"))
    monkeypatch.setattr(building, "VENDORED", tmp_path / "docs" / "vendor")
    assert (building.build(tmp_path / "site") == 0) is is_right


@pytest.mark.nightly
def test_zensical_accepts_the_same_settings(tmp_path: Path) -> None:
    building.vendor()
    for name in ("docs", "constructs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    command = [str(Path(sys.executable).parent / "zensical"), "build", "--strict"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert (tmp_path / ".cache" / "site" / "errors" / "index.html").exists()
