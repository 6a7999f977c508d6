"""What the wheel and the source distribution contain: every module, the licences, and no file by accident."""

import re
import subprocess
import sys
import tarfile
from email.message import Message
from email.parser import Parser

import pytest
from packaging.requirements import Requirement

from cdk_cleanroomsml import crhelper_files
from local_cloud import environment
from tests.builders import packages
from tests.builders.packages import Built

ROOT = packages.ROOT
PACKAGES = ("cdk_cleanroomsml", "cdk_cleanroomsml_contract", "cdk_cleanroomsml_cli", "cdk_cleanroomsml_local")
CRHELPER = ("LICENSE", "NOTICE", "__init__.py", "log_helper.py", "resource_helper.py", "utils.py")
VERSION = "0.1.0"


def modules(source: str, package: str) -> set[str]:
    return {path.relative_to(ROOT / source).as_posix() for path in (ROOT / source / package).rglob("*.py")}


CONSTRUCTS = {name for package in PACKAGES for name in modules("constructs", package) | {f"{package}/py.typed"}}
CONSTRUCTS |= {"cdk_cleanroomsml_local/catalog.json"}
HANDLER = modules("lambda", "audience_export_handler")


def test_the_wheel(built: Built) -> None:
    about = {
        f"cdk_cleanroomsml-{VERSION}.dist-info/{name}"
        for name in ("METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE")
    }
    carried = HANDLER | {f"crhelper/{name}" for name in CRHELPER}
    assert built.in_wheel == CONSTRUCTS | about | {f"cdk_cleanroomsml/lambda/{name}" for name in carried}
    assert built.wheel.name == f"cdk_cleanroomsml-{VERSION}-py3-none-any.whl"


def test_the_source_distribution(built: Built) -> None:
    documents = {"README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE"}
    in_docs = [path for path in (ROOT / "docs").rglob("*") if path.is_file() and "vendor" not in path.parts]
    documents |= {path.relative_to(ROOT).as_posix() for path in in_docs}
    # What running an example leaves in its folder is ignored.
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "examples"]
    documents |= set(subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines())
    how_to_build = {"pyproject.toml", "hatch_build.py", ".gitignore", "PKG-INFO"}
    code = {f"constructs/{name}" for name in CONSTRUCTS} | {f"lambda/{name}" for name in HANDLER}
    assert built.in_sdist == documents | how_to_build | code


def test_twine_finds_nothing(built: Built) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", str(built.wheel), str(built.sdist)]
    subprocess.run(command, env=environment.base(built.wheel.parent), check=True, capture_output=True)


@pytest.fixture(scope="module")
def metadata(built: Built) -> Message:
    with tarfile.open(built.sdist) as archive:
        file = archive.extractfile(f"cdk_cleanroomsml-{VERSION}/PKG-INFO")
        assert file is not None
        return Parser().parsestr(file.read().decode())


def test_a_user_needs_three_packages_in_ranges(metadata: Message) -> None:
    required = [Requirement(text) for text in metadata.get_all("Requires-Dist", [])]
    of_extra = {
        extra: {one.name for one in required if one.marker and one.marker.evaluate({"extra": extra})}
        for extra in ("cli", "local")
    }
    assert of_extra["cli"] == {"boto3", "rich", "typer"}
    assert of_extra["local"] == of_extra["cli"] | {"ministack", "trustme"}
    assert {one.name for one in required} - of_extra["local"] == {"aws-cdk-lib", "constructs", "botocore"}
    assert not [one for one in required for part in one.specifier if part.operator in ("==", "===", "~=")]


def test_the_licence_is_an_expression(metadata: Message) -> None:
    assert metadata["License-Expression"] == "Apache-2.0"
    assert not [one for one in metadata.get_all("Classifier", []) if one.startswith("License ::")]


def test_the_classifiers_say_what_it_is(metadata: Message) -> None:
    expected = {"Framework :: AWS CDK", "Framework :: AWS CDK :: 2", "Typing :: Typed"}
    assert expected < set(metadata.get_all("Classifier", []))


def test_the_description_has_no_link_that_leads_nowhere(metadata: Message) -> None:
    """A package index has none of the repository's files, so no pictures either."""
    description = str(metadata.get_payload())
    assert description.startswith("# cdk-cleanroomsml\n")
    assert "](" not in description
    assert "![" not in description
    assert "demo.svg" not in description
    assert "docs/provider.md" in description, "the text of a link stays"


def test_one_file_says_the_version(metadata: Message) -> None:
    assert metadata["Version"] == VERSION
    assert f'__version__ = "{VERSION}"' in (ROOT / "constructs" / "cdk_cleanroomsml" / "__init__.py").read_text()
    assert VERSION not in (ROOT / "pyproject.toml").read_text()


def test_each_requirement_of_crhelper_is_the_handler_s() -> None:
    """Of the build, and of a checkout's environment."""
    required = re.findall(r'"crhelper[^"]*"', (ROOT / "pyproject.toml").read_text())
    assert required == [f'"crhelper=={crhelper_files.VERSION}"'] * 2
