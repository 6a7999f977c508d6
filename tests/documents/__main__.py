"""Writes the examples of the failure reasons into docs/errors.md: `make reasons`."""

from pathlib import Path

from tests.builders.failures import EXAMPLES, refreshed

page = Path(__file__).parents[2] / "docs" / "errors.md"
page.write_text(refreshed(page.read_text()))
print(f"{page.name}: {len(EXAMPLES)} examples")
