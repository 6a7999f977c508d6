"""Reads a template as CloudFormation does: what each resource waits for, and whether that can be deployed at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aws_cdk import App, Stage

from tests.builders.stacks import EXPORT

Template = Mapping[str, Any]


def templates_of(scope: App | Stage) -> dict[str, Template]:
    """The templates of the stacks of an app or a stage, by stack name; those of nested stacks and stages are not."""
    return {artifact.stack_name: artifact.template for artifact in scope.synth().stacks}


def only_one(template: Template, resource_type: str) -> tuple[str, dict[str, Any]]:
    """The logical id and the content of the only resource of a type."""
    [found] = [(name, one) for name, one in template["Resources"].items() if one["Type"] == resource_type]
    return found


def export_named(template: Template, name: str) -> str:
    """The logical id of the export with a given name."""
    return only_one({"Resources": _with_property(template, "Name", name)}, EXPORT)[0]


def waits_for(template: Template, logical_id: str) -> set[str]:
    """All resources that CloudFormation creates before this one, and deletes after it.

    Raises:
        AssertionError: a resource waits for itself, or refers to something that the template does not have.
    """
    ends: set[str] = set()
    _walk(template, logical_id, (), ends)
    return ends


def check(template: Template) -> None:
    """Hold that CloudFormation can find an order for the resources, and all that they refer to."""
    for logical_id in template["Resources"]:
        assert re.fullmatch("[A-Za-z0-9]{1,255}", logical_id)
        waits_for(template, logical_id)


def _with_property(template: Template, name: str, value: object) -> dict[str, Any]:
    resources = template["Resources"].items()
    return {logical_id: one for logical_id, one in resources if one.get("Properties", {}).get(name) == value}


def _walk(template: Template, logical_id: str, way: tuple[str, ...], found: set[str]) -> None:
    assert logical_id not in way, f"a cycle: {' > '.join((*way, logical_id))}"
    resource = template["Resources"][logical_id]
    named = {*_listed(resource.get("DependsOn", [])), *_references(resource.get("Properties", {}))}
    for name in named:
        if name in template["Resources"]:
            found.add(name)
            _walk(template, name, (*way, logical_id), found)
        else:
            assert name in template.get("Parameters", {}) or name.startswith("AWS::"), f"{name} is nowhere"


def _references(value: Any) -> Iterator[str]:
    match value:
        case {"Ref": str(name)}:
            yield name
        case {"Fn::GetAtt": [str(name), _]}:
            yield name
        case {"Fn::Sub": str(text)}:
            yield from re.findall(r"\$\{([A-Za-z0-9:]+)", text)
        case Mapping():
            for one in value.values():
                yield from _references(one)
        case list():
            for one in value:
                yield from _references(one)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
