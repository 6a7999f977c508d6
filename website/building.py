"""Builds the site so that a browser loads nothing from elsewhere: fonts are the reader's, Mermaid is vendored.

mkdocs-material would load Mermaid from another server if no page had it already. So it is copied beside the pages.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SITE = CHECKOUT / ".cache" / "site"
_MERMAID = CHECKOUT / "node_modules" / "@mermaid-js" / "tiny" / "dist" / "mermaid.tiny.js"
VENDORED = CHECKOUT / "docs" / "vendor"


def vendor() -> None:
    """Copy what the pages load into docs/vendor, which Git ignores; another build may read it at the same time."""
    VENDORED.mkdir(parents=True, exist_ok=True)
    target = VENDORED / _MERMAID.name
    if target.exists() and filecmp.cmp(_MERMAID, target, shallow=False):
        return
    with tempfile.TemporaryDirectory(dir=VENDORED.parents[1]) as folder:
        shutil.copyfile(_MERMAID, Path(folder) / _MERMAID.name)
        (Path(folder) / _MERMAID.name).replace(target)


def build(site: Path = SITE) -> int:
    """Build all pages into a folder; returns mkdocs' exit status, which is not 0 if any link leads nowhere.

    Args:
        site: the folder, which is emptied first.
    """
    vendor()
    # Not quiet: then mkdocs counts no warnings, and --strict has no effect.
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    environ = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    run = subprocess.run(command, cwd=CHECKOUT, env=environ, capture_output=True, text=True, check=False)
    if run.returncode:
        print(run.stdout + run.stderr, file=sys.stderr)
    return run.returncode
