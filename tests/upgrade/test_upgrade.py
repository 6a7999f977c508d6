"""An upgrade of the library replaces nothing and starts no export in a stack that an earlier release has deployed.

`templates/` holds the template of each release, `changes/` what this version changes in a stack deployed with it. A
change that is wanted is written down with `make upgrades`, so that its review sees what happens to deployed stacks.
"""

import json
from pathlib import Path

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from tests.builders.stacks import EXPORT
from tests.builders.upgrade import Resources, as_evaluated, changes, synthesise

HERE = Path(__file__).parent
RELEASES = sorted(path.stem for path in (HERE / "templates").glob("*.json"))


@pytest.fixture(scope="module")
def now() -> Resources:
    return synthesise()


@pytest.fixture(params=RELEASES)
def release(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def released(release: str) -> Resources:
    return dict(json.loads((HERE / "templates" / f"{release}.json").read_text())["Resources"])


def create_only(resource_type: str) -> set[str]:
    """The properties that CloudFormation changes only by a replacement, from the registry's schema of the type."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", resource_type).schema
    return {path.removeprefix("/properties/") for path in schema.get("createOnlyProperties", [])}


def test_there_is_a_release_to_compare_with() -> None:
    assert RELEASES


def test_no_export_gets_an_update(released: Resources, now: Resources) -> None:
    """CloudFormation calls the handler only if a property of the resource changes."""
    for name, resource in released.items():
        if resource["Type"] == EXPORT:
            assert as_evaluated(now[name]["Properties"]) == resource["Properties"]


def test_nothing_is_replaced(released: Resources, now: Resources) -> None:
    for name in released.keys() & now.keys():
        kind = now[name]["Type"]
        assert kind == released[name]["Type"], name
        for key in set() if kind == EXPORT else create_only(kind):
            assert now[name]["Properties"].get(key) == released[name]["Properties"].get(key), (name, key)


def test_only_policies_are_removed(released: Resources, now: Resources) -> None:
    assert {released[name]["Type"] for name in released.keys() - now.keys()} <= {"AWS::IAM::Policy"}


def test_what_changes_is_written_down(release: str, released: Resources, now: Resources) -> None:
    assert (HERE / "changes" / f"{release}.txt").read_text().splitlines() == changes(released, now)


def test_the_schemas_know_what_cannot_be_changed() -> None:
    assert "FunctionName" in create_only("AWS::Lambda::Function")
    assert "StateMachineName" in create_only("AWS::StepFunctions::StateMachine")


def test_every_kind_of_change_is_found() -> None:
    old: Resources = {"Gone": {"Type": "T"}, "Kept": {"Type": "T", "Properties": {"Same": 1, "Other": 1}}}
    new: Resources = {"Kept": {"Type": "T", "Properties": {"Same": 1, "Other": 2}}, "New": {"Type": "T"}}
    assert changes(old, new) == ["Gone is removed (T)", "Kept.Other is changed", "New is added (T)"]
