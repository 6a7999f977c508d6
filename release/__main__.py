"""Builds, checks and tags a release. A person uploads it: an upload cannot be taken back."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Make the release of the folder that the command runs in, or say what is missing and change nothing."""
    checkout = Path.cwd()
    version = version_of(checkout)
    if missing := problems(checkout, version):
        sys.exit("\n".join([f"{version} cannot be released:", *(f"- {problem}" for problem in missing)]))
    files = build(checkout)
    git(checkout, "tag", "--annotate", f"v{version}", "--message", f"Release {version}")
    print(f"Tagged v{version} and built:", *(f"  dist/{file.name}" for file in files), sep="\n")
    print(f"Nothing was uploaded. Push the tag with `git push origin v{version}`, upload with `twine upload dist/*`.")


def version_of(checkout: Path) -> str:
    """Return the version of the package, which one file of the checkout says."""
    source = (checkout / "constructs" / "cdk_cleanroomsml" / "__init__.py").read_text()
    found = re.search(r'^__version__ = "(.+)"$', source, re.MULTILINE)
    if found is None:
        sys.exit('constructs/cdk_cleanroomsml/__init__.py has no line __version__ = "..."')
    return found[1]


def problems(checkout: Path, version: str) -> list[str]:
    """Return what must be done before the release, in the words of the person who does it."""
    found = []
    if git(checkout, "status", "--porcelain"):
        found.append("the checkout has changes; commit them first")
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        found.append(f"the version must be three numbers; got {version!r}")
    if git(checkout, "tag", "--list", f"v{version}"):
        found.append(f"the tag v{version} exists; raise __version__ in constructs/cdk_cleanroomsml/__init__.py")
    if not _has_changes(checkout / "CHANGELOG.md", version):
        found.append(f"CHANGELOG.md has no entry under a heading `## {version}`; rename the heading `## Unreleased`")
    if _has_changes(checkout / "CHANGELOG.md", "Unreleased"):
        found.append(f"CHANGELOG.md has entries under `## Unreleased`; move them to `## {version}`")
    return found


def build(checkout: Path) -> list[Path]:
    """Build into an empty dist/, with the time of the commit, and let twine check the files."""
    target = checkout / "dist"
    shutil.rmtree(target, ignore_errors=True)
    time = {"SOURCE_DATE_EPOCH": git(checkout, "log", "-1", "--format=%ct")}
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-t", "wheel", "-d", str(target)]
    subprocess.run(command, cwd=checkout, env=os.environ | time, check=True)
    files = sorted(target.iterdir())
    subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *map(str, files)], check=True)
    return files


def git(checkout: Path, *arguments: str) -> str:
    """Run git in the checkout and return what it prints."""
    return subprocess.run(["git", *arguments], cwd=checkout, check=True, capture_output=True, text=True).stdout.strip()


def _has_changes(changelog: Path, heading: str) -> bool:
    section = re.search(
        rf"^## {re.escape(heading)}\b.*?$(.*?)(?=^## |\Z)", changelog.read_text(), re.MULTILINE | re.DOTALL
    )
    return section is not None and "- " in section[1]


if __name__ == "__main__":
    main()
