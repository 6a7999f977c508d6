"""`make recording`: runs the demo, and draws what it prints as a picture for the README and the site.

The text is kept beside the picture, so that a test can compare it with another run, but for times.
"""

from __future__ import annotations

import io
import re
import subprocess
import sys

from rich import _export_format
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from website.building import CHECKOUT

WIDTH = 100
TEXT, PICTURE = CHECKOUT / "docs" / "images" / "demo.txt", CHECKOUT / "docs" / "images" / "demo.svg"
_FIRST, _AFTER_LAST = "== cdk synth", "== cdk deploy with a size"
# rich's own format loads a font from another server.
_FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", _export_format.CONSOLE_SVG_FORMAT, flags=re.DOTALL)
_TIME = re.compile(r"^ *\d+\.\d s |\d{4}-\d\d-\d\dT[\d:.+]+")
_STYLES = (
    (r"^== .*", "bold bright_cyan"),
    (r"^ *\d+\.\d s", "#9a9a9a"),
    (r"as expected: .*", "green"),
    (r"(?<= )(\w+_COMPLETE|ACTIVE)(?= )|^ +starts(?= )", "bold green"),
    (r"(?<= )\w+_FAILED(?= )", "bold red"),
    (r"(?<= )\w+_(IN_PROGRESS|PENDING)(?= )", "yellow"),
    (r"\w+Exception:", "bold red"),
)


def excerpt(output: str) -> str:
    """Return the part of the demo's output that is shown: from the check to a name that is taken."""
    return output[output.index(_FIRST) : output.index(_AFTER_LAST)].rstrip() + "\n"


def without_times(text: str) -> list[str]:
    """Return the lines in a fixed order and without times, which differ from run to run."""
    return sorted(_TIME.sub("", line) for line in text.splitlines())


def draw(text: str) -> str:
    """Return the text as a picture of a terminal, in SVG, which loads nothing from elsewhere."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), legacy_windows=False)
    for line in text.splitlines():
        shown = Text(line)
        for pattern, style in _STYLES:
            shown.highlight_regex(pattern, style)
        console.print(shown, soft_wrap=True)
    return console.export_svg(title="make demo", theme=MONOKAI, code_format=_FORMAT, unique_id="demo")


def main() -> int:
    """Run the demo and write both files; returns the demo's exit status."""
    run = subprocess.run(
        [sys.executable, "-m", "local_cloud.demo"], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True, check=False
    )
    if run.returncode:
        print(run.stdout)
        return run.returncode
    text = excerpt(run.stdout)
    TEXT.write_text(text)
    PICTURE.write_text(draw(text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
