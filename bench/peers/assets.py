"""The folder that each peer uploads as a Lambda asset: the user's handlers, and the library that they need."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

HANDLERS = Path(__file__).parent / "handlers"


def assemble(folder: Path, modules: tuple[str, ...], library: str = "") -> Path:
    """Copy handler modules, and a library as `pip install -t` would, into a new folder.

    Args:
        folder: where the new folder is made.
        modules: names of modules in `handlers`.
        library: name of an installed package, empty for none.

    Returns:
        The new folder.
    """
    target = folder / "-".join([*modules, library])
    target.mkdir(parents=True, exist_ok=True)
    for module in modules:
        shutil.copy(HANDLERS / f"{module}.py", target)
    if library:
        found = importlib.util.find_spec(library)
        assert found
        assert found.submodule_search_locations
        [source] = found.submodule_search_locations
        ignored = shutil.ignore_patterns("__pycache__", "tests")
        shutil.copytree(source, target / library, dirs_exist_ok=True, ignore=ignored)
    return target
