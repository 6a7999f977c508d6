"""Who may import what: the rooms of the design do not mix."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STDLIB = set(sys.stdlib_module_names)

# jsii is how Python implements an interface of the CDK.
ROOMS = {
    "constructs/cdk_cleanroomsml": {"cdk_cleanroomsml", "aws_cdk", "constructs", "jsii", "botocore"},
    "lambda/audience_export_handler": {"audience_export_handler", "boto3", "botocore", "crhelper"},
    "local_cloud": {"local_cloud", "boto3", "botocore", "trustme"},
}


def imports(path: Path) -> set[str]:
    """The names that a module imports when it runs; what only a type checker reads does not count."""
    tree = ast.parse(path.read_text())
    typing_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: set[str] = set()
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports by a relative name"
            found.add(str(node.module))
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    modules = sorted((ROOT / room).rglob("*.py"))
    assert modules
    for path in modules:
        foreign = {name.split(".")[0] for name in imports(path)} - STDLIB - ROOMS[room]
        assert not foreign, f"{path.relative_to(ROOT)} imports {foreign}"


def test_the_source_root_is_no_package() -> None:
    """With an __init__.py, constructs/ would shadow PyPI's constructs and break aws_cdk."""
    assert not (ROOT / "constructs" / "__init__.py").exists()


def test_nobody_imports_the_library_through_its_source_root() -> None:
    """`constructs.cdk_cleanroomsml` would be a second module object of the same code."""
    for path in [*ROOT.glob("*.py"), *(file for room in [*ROOMS, "tests"] for file in (ROOT / room).rglob("*.py"))]:
        assert not any(name.startswith("constructs.cdk_cleanroomsml") for name in imports(path)), path


def test_time_and_input_stay_outside_the_pure_modules() -> None:
    """What decides imports nothing that reads a clock, the network or the environment."""
    for module in (
        "decision",
        "start_outcome",
        "quota",
        "request_time",
        "naming",
        "progress",
        "explanation",
        "failure",
    ):
        path = ROOT / "lambda" / "audience_export_handler" / f"{module}.py"
        assert not imports(path) & {"time", "os", "boto3", "urllib.request", "socket", "random"}, module
        assert ".now(" not in path.read_text(), module
