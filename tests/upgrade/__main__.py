"""Writes down what this version changes in stacks that earlier releases have deployed: `make upgrades`."""

import json
from pathlib import Path

from tests.builders.upgrade import changes, synthesise

here = Path(__file__).parent
now = synthesise()
(here / "changes").mkdir(exist_ok=True)
for template in sorted((here / "templates").glob("*.json")):
    lines = changes(json.loads(template.read_text())["Resources"], now)
    (here / "changes" / f"{template.stem}.txt").write_text("\n".join(lines) + "\n")
    print(f"{template.stem}: {len(lines)} changes")
