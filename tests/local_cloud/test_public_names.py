"""What docs/test-your-stack.md promises: each name exists, each switch is listed, and a wrong name is an error."""

import inspect
import re
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest

import cdk_cleanroomsml_local
from cdk_cleanroomsml_local import Cloud, Fault, FaultKind, Readings
from local_cloud import environment

PAGE = (environment.CHECKOUT / "docs" / "test-your-stack.md").read_text()


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", cdk_cleanroomsml_local.__all__)
def test_a_public_name_can_be_imported(name: str) -> None:
    assert getattr(cdk_cleanroomsml_local, name).__name__ == name


def test_another_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'clouds'"):
        _ = cdk_cleanroomsml_local.clouds  # type: ignore[attr-defined]  # the same for a type checker


def test_every_switch_is_listed() -> None:
    first_cells = re.findall(r"^\| (`.*?) \|", section("What AWS does not document"), re.MULTILINE)
    listed = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(listed) == sorted(field.name for field in fields(Readings))


def test_every_member_of_the_table_exists_with_its_arguments() -> None:
    cells = re.findall(r"^\| (`.*?) \|", section("What a test can do"), re.MULTILINE)
    members = re.findall(r"`(\w+)(?:\((.*?)\))?", " ".join(cells))
    assert len(members) > 12
    for name, arguments in members:
        member: Any = getattr(Cloud, name)
        for argument in re.findall(r"(\w+)=…", arguments):
            assert argument in inspect.signature(member).parameters, f"{name}: {argument}"


def test_the_faults_of_the_page_are_faults() -> None:
    lines = [line for line in section("Faults").splitlines() if line.startswith("cloud.add_fault")]
    assert len(lines) == 3
    for line in lines:
        made = eval(line.removeprefix("cloud.add_fault"), {"Fault": Fault, "FaultKind": FaultKind})  # noqa: S307
        assert made.times > 0
    assert {kind.name for kind in FaultKind} <= set(re.findall(r"`([A-Z_]+)`", section("Faults")))


def test_the_times_of_an_export_are_those_of_the_page() -> None:
    assert (Readings().pending_for, Readings().in_progress_for) == (timedelta(seconds=2), timedelta(seconds=6))
