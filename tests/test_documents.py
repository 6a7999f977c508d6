"""What the documents say is so: snippets run, commands and links exist."""

import inspect
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from cdk_cleanroomsml import AudienceExport

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_the_readme_begins_with_the_two_commands() -> None:
    first_lines = (ROOT / "README.md").read_text().splitlines()[:8]
    commands = [line.split("#")[0].strip() for line in first_lines if line.startswith("    ")]
    assert commands == ["make demo", "make test"]


def examples() -> list[Any]:
    """The apps in the documents."""
    return [
        pytest.param(code, id=f"{document.name}-{number}")
        for document in DOCUMENTS
        for number, code in enumerate(re.findall(r"```python\n(.*?)```", document.read_text(), re.DOTALL))
        if code.startswith("app = App()") or "\napp = App()" in code
    ]


def test_the_first_example_is_in_the_readme() -> None:
    assert "README.md-0" in [example.id for example in examples()]


@pytest.mark.parametrize("code", examples())
def test_an_example_synthesises(code: str, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(code)
    app = runpy.run_path(str(tmp_path / "app.py"), run_name="__main__")["app"]
    assembly = Path(app.synth().directory)
    assert "Custom::CleanRoomsMLAudienceExport" in (assembly / "Campaigns.template.json").read_text()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_exist(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:^ {4}|`)make ([a-z-]+)", document.read_text(), re.MULTILINE)) <= targets


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


def test_the_compared_handler_is_the_one_that_is_deployed() -> None:
    """tests/deployment/test_plain_handler.py shows what becomes of it."""
    [shown] = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "comparison.md").read_text(), re.DOTALL)
    assert shown in (ROOT / "tests" / "deployment" / "test_plain_handler.py").read_text()


def test_every_reading_of_the_emulator_is_explained() -> None:
    switches = re.findall(
        r"^    (\w+): .* = ", (ROOT / "constructs" / "cdk_cleanroomsml_local" / "readings.py").read_text(), re.MULTILINE
    )
    assert len(switches) > 12
    page = (ROOT / "docs" / "fidelity.md").read_text()
    assert not [switch for switch in switches if f"`{switch}`" not in page]


def test_every_argument_is_listed() -> None:
    parameters = [*inspect.signature(AudienceExport.__init__).parameters][3:]
    page = (ROOT / "docs" / "reference.md").read_text()
    assert sorted(parameters) == sorted(re.findall(r"^\| `(\w+)` \|", page.split("## Attributes")[0], re.MULTILINE))


def test_every_attribute_is_listed() -> None:
    properties = [name for name, one in vars(AudienceExport).items() if isinstance(one, property)]
    of_attributes = (ROOT / "docs" / "reference.md").read_text().split("## Attributes")[1].split("\n## ")[0]
    named = re.findall(r"`(\w+)`", "".join(re.findall(r"^\|([^|]+)\|", of_attributes, re.MULTILINE)))
    assert sorted(properties) == sorted(named)


def test_lock_files_name_no_registry() -> None:
    for lock in ("requirements-dev.txt", "package-lock.json"):
        assert "://" not in (ROOT / lock).read_text()
