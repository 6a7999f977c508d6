"""Builds the site so that a browser loads nothing from elsewhere: Mermaid comes from node_modules, fonts are the reader's.

mkdocs-material would load Mermaid from another server if no page had it already. So it is copied beside the pages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
SITE = CHECKOUT / ".cache" / "site"
_MERMAID = CHECKOUT / "node_modules" / "@mermaid-js" / "tiny" / "dist" / "mermaid.tiny.js"
_VENDORED = CHECKOUT / "docs" / "vendor"


def vendor() -> None:
    """Copy what the pages load into docs/vendor, which Git ignores."""
    _VENDORED.mkdir(exist_ok=True)
    shutil.copyfile(_MERMAID, _VENDORED / _MERMAID.name)


def build(site: Path = SITE) -> int:
    """Build all pages into a folder; returns mkdocs' exit status, which is not 0 if any link leads nowhere.

    Args:
        site: the folder, which is emptied first.
    """
    vendor()
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(site)]
    return subprocess.run(command, cwd=CHECKOUT, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, check=False).returncode
