"""The logical ids of the first release stay, whatever the settings: a new one would be a new resource.

CloudFormation refuses another ServiceToken for a deployed export, so a new handler would stop every deployment.
"""

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from cdk_cleanroomsml import AudienceExportProvider
from cdk_cleanroomsml.provider_settings import ProviderSettings
from tests.builders.stacks import EXPORT, declare, settings_of_every_kind

RELEASED = json.loads((Path(__file__).parents[1] / "upgrade" / "templates" / "0.1.0.json").read_text())["Resources"]
STAYS = {
    name: resource["Type"]
    for name, resource in RELEASED.items()
    if resource["Type"].split("::")[1] in ("Lambda", "StepFunctions", "Logs")
}
SETTINGS = sorted(ProviderSettings.__annotations__)
NEEDS = {"vpc_subnets": "vpc", "security_groups": "vpc", "allow_public_subnet": "vpc"}
EXCLUDES = {"log_group": {"log_retention", "log_removal_policy"}}
# As many settings as fit together.
ALL_BUT = ({"log_retention", "log_removal_policy"}, {"log_group"})


def possible(names: frozenset[str]) -> dict[str, None] | None:
    """The settings with those that they need, or None if they exclude each other."""
    names |= {NEEDS[name] for name in names if name in NEEDS}
    if "vpc_subnets" in names:
        names |= {"allow_public_subnet"}
    if any(name in names and others & names for name, others in EXCLUDES.items()):
        return None
    return dict.fromkeys(sorted(names))


def combined(*numbers: int) -> list[tuple[str, ...]]:
    """The settings in groups of so many, each with those that it needs."""
    wanted = [frozenset(group) for number in numbers for group in combinations(SETTINGS, number)]
    return sorted({tuple(names) for one in wanted if (names := possible(one)) is not None})


EACH_AND_ALL = [*combined(0, 1), *(tuple(name for name in SETTINGS if name not in left_out) for left_out in ALL_BUT)]


def test_every_setting_is_tried() -> None:
    assert len(combined(2)) > 110
    assert {name for names in EACH_AND_ALL for name in names} == set(SETTINGS)
    assert len(EACH_AND_ALL[-1]) == len(SETTINGS) - 1


@pytest.mark.parametrize(
    "combinations_of_settings",
    [EACH_AND_ALL, pytest.param(combined(2), marks=pytest.mark.nightly)],
    ids=["each and all", "pairs"],
)
def test_no_setting_changes_a_logical_id(combinations_of_settings: list[tuple[str, ...]]) -> None:
    for names in combinations_of_settings:
        stack = Stack(App(), "Campaigns")
        values = settings_of_every_kind(stack)
        AudienceExportProvider.configure(stack, **{name: values[name] for name in names})
        declare(stack)
        template = Template.from_stack(stack).to_json()["Resources"]
        expected = {name: kind for name, kind in STAYS.items() if not ("log_group" in names and "Logs" in name)}
        assert {name: template[name]["Type"] for name in expected if name in template} == expected, names
        assert service_token(template) == service_token(RELEASED), names


def service_token(resources: dict[str, Any]) -> object:
    return next(one["Properties"]["ServiceToken"] for one in resources.values() if one["Type"] == EXPORT)


def test_a_stack_that_allocates_logical_ids_in_its_own_way_is_asked() -> None:
    class Prefixed(Stack):
        def _allocate_logical_id(self, cfn_element: Any) -> str:
            return "Our" + super()._allocate_logical_id(cfn_element)

    stack = Prefixed(App(), "Campaigns")
    declare(stack)
    resources = Template.from_stack(stack).to_json()["Resources"]
    assert {f"Our{name}" for name in STAYS} <= set(resources)


def test_an_app_can_rename_them_also_after_its_exports() -> None:
    stack = Stack(App(), "Campaigns")
    declare(stack)
    for number, name in enumerate(STAYS):
        stack.rename_logical_id(name, f"Ours{number}")
    resources = Template.from_stack(stack).to_json()["Resources"]
    assert {f"Ours{number}" for number in range(len(STAYS))} <= set(resources)


def test_no_probe_is_left_behind() -> None:
    stack = Stack(App(), "Campaigns")
    declare(stack)
    types = {one["Type"] for one in Template.from_stack(stack).to_json()["Resources"].values()}
    assert "AWS::CloudFormation::WaitConditionHandle" not in types
