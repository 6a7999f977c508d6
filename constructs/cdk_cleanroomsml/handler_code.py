"""Assembles the Lambda asset from files that are already installed: no network, no Docker, the same bytes everywhere.

The handler's own modules are in ``lambda/``: beside this package in an installed wheel, at the top of a checkout. The
contract comes from where it is installed. crhelper comes with the wheel, or from where a checkout has it installed.
boto3 comes with the Lambda runtime.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

import cdk_cleanroomsml_contract
from cdk_cleanroomsml import crhelper_files
from cdk_cleanroomsml.errors import HandlerCodeError

HANDLER = "audience_export_handler.lifecycle.handler"

_PACKAGE = "audience_export_handler"


def assemble(directory: Path) -> Path:
    """Write the asset into a new folder below `directory` and return that folder.

    The folder's name is a hash of its content, so one synthesis never sees the half-written folder of another, and
    two stacks share one.
    """
    files = _handler_files() | _contract_files() | _crhelper_files()
    target = directory / f"{_PACKAGE}-{_content_hash(files)}"
    if not target.exists():
        _write(files, target)
    return target


def _handler_files() -> dict[str, bytes]:
    here = Path(__file__).resolve()
    candidates = [here.parent / "lambda" / _PACKAGE, here.parents[2] / "lambda" / _PACKAGE]
    for source in candidates:
        if source.is_dir():
            return _modules(source)
    raise HandlerCodeError(f"the handler's modules are missing; looked for {' and '.join(map(str, candidates))}")


def _contract_files() -> dict[str, bytes]:
    return _modules(Path(cdk_cleanroomsml_contract.__path__[0]))


def _modules(package: Path) -> dict[str, bytes]:
    """The modules of a package and of the packages in it, by path in the asset."""
    return {path.relative_to(package.parent).as_posix(): _content(path) for path in package.rglob("*.py")}


def _crhelper_files() -> dict[str, bytes]:
    try:
        files = crhelper_files.find(Path(__file__).resolve().parent / "lambda" / "crhelper")
    except LookupError as error:
        raise HandlerCodeError(str(error)) from error
    return {name: _content(path) for name, path in files.items()}


def _content(path: Path) -> bytes:
    return path.read_bytes().replace(b"\r\n", b"\n")


def _content_hash(files: dict[str, bytes]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{len(files[name])}\0".encode())
        digest.update(files[name])
    return digest.hexdigest()[:16]


def _write(files: dict[str, bytes], target: Path) -> None:
    """Write all files readable for everyone, as Lambda needs them, and put the folder in place in one move."""
    target.parent.mkdir(parents=True, exist_ok=True)
    made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        made.chmod(0o755)
        for name, content in sorted(files.items()):
            path = made / name
            _make_folder(path.parent, made)
            path.write_bytes(content)
            path.chmod(0o644)
        _put_in_place(made, target)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _make_folder(folder: Path, root: Path) -> None:
    if folder != root:
        _make_folder(folder.parent, root)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # a mode given to mkdir is cut by the umask


def _put_in_place(made: Path, target: Path) -> None:
    try:
        made.rename(target)
    except OSError:
        # Another synthesis into the same directory was faster; its content has the same hash.
        if not target.is_dir():
            raise
