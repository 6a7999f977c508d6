"""The asset is complete, the same on every machine, and starts without the rest of the project."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import FileSystem

from cdk_cleanroomsml import HandlerCodeError, crhelper_files, handler_code


def test_holds_the_handler_the_contract_and_crhelper_and_nothing_else(tmp_path: Path) -> None:
    asset = handler_code.assemble(tmp_path)
    found = {str(path.relative_to(asset)) for path in asset.rglob("*") if path.is_file()}
    root = Path(__file__).parents[2]
    ours = {
        str(path.relative_to(root / source))
        for source, package in (
            (root / "lambda", "audience_export_handler"),
            (root / "constructs", "cdk_cleanroomsml_contract"),
        )
        for path in (source / package).rglob("*.py")
    }
    assert {"audience_export_handler/core/decision.py", "cdk_cleanroomsml_contract/message.py"} <= ours
    modules = {"__init__.py", "log_helper.py", "resource_helper.py", "utils.py"}
    assert found == ours | {f"crhelper/{name}" for name in modules | {"LICENSE", "NOTICE"}}


def test_is_the_same_everywhere(tmp_path: Path) -> None:
    first = handler_code.assemble(tmp_path / "a")
    second = handler_code.assemble(tmp_path / "b")
    os.utime(next(second.rglob("*.py")), (0, 0))
    assert first.name == second.name
    assert FileSystem.fingerprint(str(first)) == FileSystem.fingerprint(str(second))


def test_is_the_same_from_a_checkout_with_windows_line_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another hash would deploy the same handler again, from every other machine."""
    expected = handler_code.assemble(tmp_path / "a")
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path).replace(b"\n", b"\r\n"))
    made = handler_code.assemble(tmp_path / "b")
    monkeypatch.undo()
    assert made.name == expected.name
    assert not any(b"\r" in path.read_bytes() for path in made.rglob("*.py"))


def test_is_the_same_in_whatever_order_files_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = handler_code.assemble(tmp_path / "a")
    listed = handler_code._modules
    monkeypatch.setattr(handler_code, "_modules", lambda package: dict(reversed(listed(package).items())))
    assert handler_code.assemble(tmp_path / "b").name == expected.name


def test_another_content_is_another_asset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same files and lengths: CloudFormation must see that the code has changed."""
    expected = handler_code.assemble(tmp_path)
    read = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path).swapcase())
    assert handler_code.assemble(tmp_path).name != expected.name


def test_a_file_of_another_name_is_another_asset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A renamed module has the same bytes, and yet it is another code."""
    expected = handler_code.assemble(tmp_path)
    listed = handler_code._modules

    def renamed(package: Path) -> dict[str, bytes]:
        return {name.replace("message.py", "letters.py"): content for name, content in listed(package).items()}

    monkeypatch.setattr(handler_code, "_modules", renamed)
    made = handler_code.assemble(tmp_path)
    assert [path.name for path in made.rglob("letters.py")] == ["letters.py"]
    assert made.name != expected.name


def test_where_one_file_ends_and_the_next_begins_is_in_the_hash() -> None:
    one, two = {"a.py": b"1b.py\x002"}, {"a.py": b"1", "b.py": b"2"}
    assert handler_code._content_hash(one) != handler_code._content_hash(two)


def test_the_folder_says_what_it_holds_and_a_hash_of_it(tmp_path: Path) -> None:
    assert re.fullmatch("audience_export_handler-[0-9a-f]{16}", handler_code.assemble(tmp_path).name)


def test_the_directory_need_not_exist(tmp_path: Path) -> None:
    asset = handler_code.assemble(tmp_path / "build" / "cdk.out")
    assert asset.parent == tmp_path / "build" / "cdk.out"


def test_it_is_written_beside_its_place_under_a_hidden_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A move from another file system would not be one step, and a reader of the directory must not take it for one."""
    rename, moved = Path.rename, []

    def remember(made: Path, target: Path) -> None:
        moved.append((made.parent, made.name.startswith(f".{target.name}-")))
        rename(made, target)

    monkeypatch.setattr(Path, "rename", remember)
    handler_code.assemble(tmp_path)
    assert moved == [(tmp_path, True)]


def test_another_synthesis_may_be_faster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = Path.rename

    def too_late(made: Path, target: Path) -> None:
        shutil.copytree(made, target)
        rename(made, target)

    monkeypatch.setattr(Path, "rename", too_late)
    asset = handler_code.assemble(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [asset.name], "nothing half-written is left"


def test_an_asset_that_cannot_be_put_in_place_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(made: Path, target: Path) -> None:
        raise PermissionError(f"{target.name} cannot be written")

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(PermissionError, match="cannot be written"):
        handler_code.assemble(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_is_readable_for_lambda_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        asset = handler_code.assemble(tmp_path)
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in [asset, *asset.rglob("*")] if path.is_dir()}
    assert modes == {0o755}
    assert {path.stat().st_mode & 0o777 for path in asset.rglob("*") if path.is_file()} == {0o644}


def test_is_written_once(tmp_path: Path) -> None:
    asset = handler_code.assemble(tmp_path)
    for folder in (tmp_path, asset):
        os.utime(folder, (0, 0))
    assert handler_code.assemble(tmp_path) == asset
    assert (tmp_path.stat().st_mtime, asset.stat().st_mtime) == (0, 0), "nothing was written, not even beside it"
    assert [path.name for path in tmp_path.iterdir()] == [asset.name]


def test_the_handler_starts_from_the_asset_alone(tmp_path: Path) -> None:
    asset = handler_code.assemble(tmp_path)
    module, _, function = handler_code.HANDLER.rpartition(".")
    program = f"import {module} as m, crhelper; print(callable(m.{function}), m.__file__, crhelper.__file__)"
    environ = {"PYTHONPATH": str(asset), "PYTHONDONTWRITEBYTECODE": "1", "AWS_REGION": "us-east-1"}
    result = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    is_callable, *files = result.stdout.split()
    assert is_callable == "True"
    assert all(file.startswith(str(asset)) for file in files)


def test_a_crhelper_of_another_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crhelper_files, "VERSION", "2.0.13")
    with pytest.raises(HandlerCodeError, match=r"the handler needs crhelper 2\.0\.13; 2\.0\.12 is installed"):
        handler_code.assemble(tmp_path)


def test_an_installed_library_takes_what_its_wheel_carries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "packages" / "cdk_cleanroomsml"
    for name, source in crhelper_files.installed().items():
        (package / "lambda" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, package / "lambda" / name)
    (package / "lambda" / "audience_export_handler").mkdir()
    (package / "lambda" / "audience_export_handler" / "lifecycle.py").write_text("# of the wheel")
    (package / "lambda" / "crhelper" / "utils.py").write_text("# of the wheel")
    (tmp_path / "site" / "lambda" / "audience_export_handler").mkdir(parents=True)  # where a checkout has it
    monkeypatch.setattr(handler_code, "__file__", str(package / "handler_code.py"))
    asset = handler_code.assemble(tmp_path / "cdk.out")
    carried = {path.name for path in asset.rglob("*.py") if path.read_text() == "# of the wheel"}
    assert carried == {"lifecycle.py", "utils.py"}
    assert [path.name for path in (asset / "audience_export_handler").iterdir()] == ["lifecycle.py"]


def test_a_library_without_its_handler_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site" / "packages" / "cdk_cleanroomsml"
    package.mkdir(parents=True)
    shutil.copy(handler_code.__file__, package)
    monkeypatch.setattr(handler_code, "__file__", str(package / "handler_code.py"))
    with pytest.raises(HandlerCodeError) as raised:
        handler_code.assemble(tmp_path)
    of_wheel, of_checkout = (top / "lambda" / "audience_export_handler" for top in (package, tmp_path / "site"))
    assert str(raised.value) == f"the handler's modules are missing; looked for {of_wheel} and {of_checkout}"
