"""Reads templates as CloudFormation does, as far as that is possible before a deployment.

A value that is known only at deployment becomes `LATER`. Everything else of a property is resolved: the pseudo
parameters, parameters with known values, and Fn::Join, Fn::Sub and Fn::Select of what is known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from cdk_cleanroomsml_cli.facts import EXPORT_TYPE, NESTED_STACK_TYPE

_VARIABLE = re.compile(r"\$\{(!?)([^}]*)\}")


class Later:
    """A value that only the deployment knows."""

    def __repr__(self) -> str:
        return "known at deployment"


LATER = Later()
_NO_VALUE = Later()
Template = Mapping[str, Any]


@dataclass(frozen=True)
class Scope:
    """What is known of the stack that a template is for; None if it is not.

    Attributes:
        values: the values of parameters and of other references, by name.
    """

    stack_name: str | None = None
    account: str | None = None
    region: str | None = None
    partition: str | None = None
    values: Mapping[str, object] = field(default_factory=dict)

    def value_of(self, name: str) -> object:
        """Return what `Ref` of a name is."""
        pseudo = {
            "AWS::StackName": self.stack_name,
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": self.partition,
        }
        if name == "AWS::NoValue":
            return _NO_VALUE
        known = pseudo.get(name, self.values.get(name))
        return LATER if known is None else known


@dataclass(frozen=True)
class TemplateExport:
    """An export in a template.

    Attributes:
        nesting: the logical ids of the nested stacks that it is in, from the outside to the inside.
        raw: its properties as they are in the template.
        properties: the same, resolved.
    """

    logical_id: str
    nesting: tuple[str, ...]
    raw: Mapping[str, Any]
    properties: Mapping[str, Any]
    construct_path: str
    is_conditional: bool


def exports_of(
    template: Template,
    scope: Scope,
    nested_template: Callable[[Template, str], Template | None],
    nesting: tuple[str, ...] = (),
) -> Iterator[TemplateExport]:
    """Yield the exports of a template and of the nested stacks in it; `nested_template` finds a nested one's."""
    for logical_id, resource in template.get("Resources", {}).items():
        properties = resource.get("Properties", {})
        if resource.get("Type") == EXPORT_TYPE:
            path = str(resource.get("Metadata", {}).get("aws:cdk:path", "")).removesuffix("/Resource")
            is_conditional = "Condition" in resource
            yield TemplateExport(
                logical_id, nesting, properties, resolved(properties, scope), path or logical_id, is_conditional
            )
        if resource.get("Type") == NESTED_STACK_TYPE:
            inner = nested_template(template, logical_id)
            if inner is not None:
                given = resolved(properties.get("Parameters", {}), scope)
                inside = replace(scope, stack_name=None, values=given)
                yield from exports_of(inner, inside, nested_template, (*nesting, logical_id))


def resolved(properties: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """Return properties with all that is known filled in; see `resolve`."""
    found = resolve(dict(properties), scope)
    return found if isinstance(found, dict) else {}


def resolve(value: object, scope: Scope) -> object:
    """Return a value of a template with all that is known filled in, and `LATER` for the rest."""
    if isinstance(value, list):
        return [inner for one in value if (inner := resolve(one, scope)) is not _NO_VALUE]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(function, argument)] = value.items()
        if function == "Ref":
            return scope.value_of(str(argument))
        if function.startswith("Fn::"):
            return _call(function, argument, scope)
    resolved = {name: resolve(one, scope) for name, one in value.items()}
    return {name: one for name, one in resolved.items() if one is not _NO_VALUE}


def read_template(body: object) -> Template | None:
    """Return the template in what GetTemplate returns, or in a file; None if it is not JSON."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return None
    return body if isinstance(body, dict) else None


def _call(function: str, argument: Any, scope: Scope) -> object:
    if function == "Fn::Join":
        parts = resolve(argument[1], scope)
        known = isinstance(parts, list) and not any(isinstance(part, Later) for part in parts)
        return str(argument[0]).join(map(str, parts)) if known and isinstance(parts, list) else LATER
    if function == "Fn::Select":
        parts = resolve(argument[1], scope)
        index = int(argument[0]) if str(argument[0]).isdecimal() else -1
        return parts[index] if isinstance(parts, list) and 0 <= index < len(parts) else LATER
    if function == "Fn::Split":
        text = resolve(argument[1], scope)
        return text.split(argument[0]) if isinstance(text, str) else LATER
    if function == "Fn::Sub":
        return _substitute(argument, scope)
    return LATER


def _substitute(argument: Any, scope: Scope) -> object:
    text, own = argument if isinstance(argument, list) else (argument, {})
    inside = replace(scope, values={**scope.values, **resolved(own, scope)})
    found = [inside.value_of(name) for literal, name in _VARIABLE.findall(text) if not literal]
    if any(isinstance(one, Later) for one in found):
        return LATER
    return _VARIABLE.sub(lambda match: "${" + match[2] + "}" if match[1] else str(inside.value_of(match[2])), text)
