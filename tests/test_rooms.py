"""Who may import what: the rooms do not mix, also not through the imports of imports."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CONSTRUCTS, LAMBDA = ROOT / "constructs", ROOT / "lambda"
STDLIB = set(sys.stdlib_module_names)
CORE = "audience_export_handler.core"

# What each room may import beside the standard library. jsii is how Python implements an interface of the CDK.
ROOMS = {
    "cdk_cleanroomsml_contract": {"cdk_cleanroomsml_contract", "botocore"},
    "cdk_cleanroomsml": {"cdk_cleanroomsml", "cdk_cleanroomsml_contract", "aws_cdk", "constructs", "jsii"},
    "cdk_cleanroomsml_cli": {
        "cdk_cleanroomsml_cli",
        "cdk_cleanroomsml_contract",
        "cdk_cleanroomsml_local",
        "boto3",
        "botocore",
        "rich",
        "typer",
    },
    "cdk_cleanroomsml_local": {"cdk_cleanroomsml_local", "boto3", "botocore", "pytest", "trustme"},
    CORE: {CORE, "cdk_cleanroomsml_contract"},
    "audience_export_handler.aws": {
        "audience_export_handler.aws",
        CORE,
        "cdk_cleanroomsml_contract",
        "boto3",
        "botocore",
    },
    "audience_export_handler": {"audience_export_handler", "cdk_cleanroomsml_contract", "crhelper"},
    "release": {"release", "packaging"},
    "website": {"website", "rich"},
    "local_cloud": {"local_cloud", "cdk_cleanroomsml_local", "boto3", "botocore"},
    # It measures the project and its peers, most of it in the world of the simulation.
    "bench": {
        "bench",
        "peer_cfn_handler",
        "peer_crhelper",
        "peer_exports",
        "peer_provider",
        "cdk_cleanroomsml",
        "audience_export_handler",
        "cdk_cleanroomsml_local",
        "local_cloud",
        "tests.builders",
        "tests.fakes",
        "tests.simulation",
        "aws_cdk",
        "boto3",
        "botocore",
        "cfn_handler",
        "crhelper",
        "matplotlib",
    },
}
SOURCES = (CONSTRUCTS, LAMBDA, ROOT)


def path_of(module: str) -> Path | None:
    """The file of a module of this project, None for others."""
    for source in SOURCES:
        path = source.joinpath(*module.split("."))
        for file in (path.with_suffix(".py"), path / "__init__.py"):
            if file.exists():
                return file
    return None


def modules_of(room: str) -> list[str]:
    """The modules of a room, without those of a room inside it."""
    file = path_of(room)
    assert file is not None
    inner = [other for other in ROOMS if other.startswith(f"{room}.")]
    found = []
    for path in sorted(file.parent.rglob("*.py")):
        parts = path.relative_to(file.parent).with_suffix("").parts
        name = ".".join([room, *(part for part in parts if part != "__init__")])
        if not any(name == other or name.startswith(f"{other}.") for other in inner):
            found.append(name)
    return found


def imports(path: Path) -> set[str]:
    """The modules that a file imports when it runs; what only a type checker reads does not count."""
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
            found.update(imported_from(str(node.module), [alias.name for alias in node.names]))
    return found


def imported_from(module: str, names: list[str]) -> Iterator[str]:
    """`from package import module` imports the module; a name of the package's own is the package's."""
    for name in names:
        inner = f"{module}.{name}"
        yield inner if path_of(inner) else module


def reached_from(module: str) -> set[str]:
    """All that is imported when a module is, over the imports of imports; other packages are not followed."""
    reached: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        if file := path_of(name):
            waiting += imports(file)
            waiting += [name.rpartition(".")[0]] if "." in name else []
    return reached - {module}


def belongs(name: str, allowed: set[str]) -> bool:
    return any(name == one or name.startswith(f"{one}.") for one in allowed)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_what_it_may(room: str) -> None:
    modules = modules_of(room)
    assert modules
    for module in modules:
        file = path_of(module)
        assert file is not None
        foreign = {
            name for name in imports(file) if name.split(".")[0] not in STDLIB and not belongs(name, ROOMS[room])
        }
        assert not foreign, f"{module} imports {foreign}"


@pytest.mark.parametrize("module", modules_of(CORE))
def test_nothing_that_core_reaches_knows_time_network_or_chance(module: str) -> None:
    """The contract's own reads of botocore's model are all that is left of the outside."""
    reached = reached_from(module)
    outside = {"time", "os", "random", "socket", "urllib.request", "boto3", "crhelper", "threading", "subprocess"}
    assert not {name for name in reached if belongs(name, outside)}
    assert {name.split(".")[0] for name in reached} - STDLIB <= {
        "audience_export_handler",
        "cdk_cleanroomsml_contract",
        "botocore",
    }
    file = path_of(module)
    assert file is not None
    assert ".now(" not in file.read_text()


def test_core_loads_no_boto3() -> None:
    program = (
        f"import sys, {', '.join(modules_of(CORE))}; sys.exit('boto3' in sys.modules or 'crhelper' in sys.modules)"
    )
    environ = {"PYTHONPATH": f"{LAMBDA}:{CONSTRUCTS}"}
    subprocess.run([sys.executable, "-c", program], env=environ, check=True)


def test_the_tests_of_core_load_no_boto3() -> None:
    """What is pure is tested without the outside, in seconds: no fixture and no builder may bring boto3 along."""
    program = (
        "import sys, pytest; code = pytest.main(['tests/handler/core', '-q', '-p', 'no:cacheprovider']); "
        "sys.exit(code or [name for name in ('boto3', 'crhelper', 'aws_cdk') if name in sys.modules] or 0)"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


# Where the tests beside a room's modules are.
BESIDE = {
    LAMBDA / "audience_export_handler": "handler",
    CONSTRUCTS / "cdk_cleanroomsml": "construct",
    CONSTRUCTS / "cdk_cleanroomsml_contract": "contract",
    CONSTRUCTS / "cdk_cleanroomsml_cli": "cli",
}
# Only names of values, which the tests of the modules beside them use.
WITHOUT_BEHAVIOUR = {Path("handler/core/test_situation.py")}


def test_each_module_has_a_test_of_its_name_beside_it() -> None:
    """Whoever breaks a module then knows where to look, and which file to extend."""
    expected = {
        Path(folder) / path.relative_to(room).with_name(f"test_{path.name}")
        for room, folder in BESIDE.items()
        for path in room.rglob("*.py")
        if path.name != "__init__.py"
    }
    assert len(expected) > 70
    assert {path for path in expected if not (ROOT / "tests" / path).exists()} == WITHOUT_BEHAVIOUR


def test_no_test_module_borrows_from_another() -> None:
    """What several tests need is in tests/builders or tests/fakes; the simulation is a separate model."""
    files = [path for path in (ROOT / "tests").rglob("test_*.py") if "simulation" not in path.parts]
    assert len(files) > 40
    for path in files:
        modules = [name for name in imports(path) if name.split(".")[0] == "tests"]
        borrowed = [name for name in modules if any(part.startswith("test_") for part in name.split("."))]
        assert not borrowed, f"{path.name} imports {borrowed}"
        if "deployment" not in path.parts:
            assert all(belongs(name, {"tests.builders", "tests.fakes"}) for name in modules), path


@pytest.mark.parametrize("room", ["builders", "fakes"])
def test_what_tests_share_depends_on_no_test(room: str) -> None:
    shared = {"tests.builders", "tests.fakes"} if room == "fakes" else {"tests.builders"}
    for path in (ROOT / "tests" / room).glob("*.py"):
        modules = {name for name in imports(path) if name.split(".")[0] == "tests"}
        assert all(belongs(name, shared) for name in modules), f"{path.name} imports {modules}"


def test_the_source_root_is_no_package() -> None:
    """With an __init__.py, constructs/ would shadow PyPI's constructs and break aws_cdk."""
    assert not (CONSTRUCTS / "__init__.py").exists()


def test_nobody_imports_the_library_through_its_source_root() -> None:
    """`constructs.cdk_cleanroomsml` would be a second module object of the same code."""
    rooms = (CONSTRUCTS, LAMBDA, ROOT / "local_cloud", ROOT / "tests")
    files = [*ROOT.glob("*.py"), *(file for room in rooms for file in room.rglob("*.py"))]
    assert len(files) > 50
    for path in files:
        assert not any(name.startswith("constructs.cdk_cleanroomsml") for name in imports(path)), path
