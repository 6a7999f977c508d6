"""Where the handler's copy of crhelper comes from: a wheel carries it, a checkout takes the installed one.

A user's app has an environment that other packages share, so the library demands no exact version of crhelper there.
The build hook loads this file by its path, to carry the very files that a checkout takes. So it imports the standard
library alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath

# Exact, because the handler overrides its internals. pyproject.toml requires the same version of the build.
VERSION = "2.0.12"

_COMMAND = f"pip install crhelper=={VERSION}"


def find(carried: Path) -> dict[str, Path]:
    """Return crhelper's files by path in the asset: those in the folder `carried` if it exists, else the installed.

    Raises LookupError if there are none of the right version.
    """
    if carried.is_dir():
        return _wanted("cdk-cleanroomsml", ((PurePath("crhelper", path.name), path) for path in carried.iterdir()))
    return installed()


def installed() -> dict[str, Path]:
    """Return the files of the installed crhelper, which must be exactly of the handler's version."""
    from importlib import metadata  # noqa: PLC0415 - a fifth of the library's import, and a wheel never needs it

    try:
        found = metadata.distribution("crhelper")
    except metadata.PackageNotFoundError as error:
        raise LookupError(f"crhelper {VERSION} is neither in this package nor installed; run: {_COMMAND}") from error
    if found.version != VERSION:
        raise LookupError(f"the handler needs crhelper {VERSION}; {found.version} is installed; run: {_COMMAND}")
    return _wanted("crhelper", ((PurePath(file), Path(str(file.locate()))) for file in found.files or []))


def _wanted(package: str, files: Iterable[tuple[PurePath, Path]]) -> dict[str, Path]:
    """The modules of the package, and its licence and notice, which go wherever the code goes."""
    wanted = {}
    for name, path in files:
        if name.parts[0] == "crhelper" and name.suffix == ".py":
            wanted[name.as_posix()] = path
        elif name.name in ("LICENSE", "NOTICE"):
            wanted[f"crhelper/{name.name}"] = path
    if missing := {f"crhelper/{name}" for name in ("__init__.py", "LICENSE", "NOTICE")} - wanted.keys():
        raise LookupError(f"the installation of {package} lacks {', '.join(sorted(missing))}; reinstall it with pip")
    return wanted
