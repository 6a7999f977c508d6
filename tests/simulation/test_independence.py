"""The rules and what they read of the model do not ask the code that they check, so a wrong handler cannot agree."""

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent
CHECKED = {"audience_export_handler", "cdk_cleanroomsml_contract"}
# They run the handler, or are the handler with one thing wrong.
RUN_THE_HANDLER = {"model/wire.py", "model/world.py", "mutants.py"}
MODULES = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.py") if not path.name.startswith("test_"))


def imported(module: str) -> set[str]:
    """The packages that a module imports, also inside a function."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((FOLDER / module).read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("module", [module for module in MODULES if module not in RUN_THE_HANDLER])
def test_a_module_does_not_import_what_is_checked(module: str) -> None:
    assert not imported(module) & CHECKED


def test_the_modules_that_run_the_handler_are_those() -> None:
    assert {module for module in MODULES if imported(module) & CHECKED} == RUN_THE_HANDLER
