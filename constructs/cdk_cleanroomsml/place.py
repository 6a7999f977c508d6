"""Where an export is declared: what the CDK says about a scope, asked once for each.

The CDK runs in a separate process, so each question takes time, and the exports of a scope would all ask the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from aws_cdk import Stack, Token
from aws_cdk.region_info import RegionInfo
from constructs import Construct, IConstruct

from cdk_cleanroomsml.errors import InvalidArgumentError


@dataclass(frozen=True)
class Place:
    """The surroundings of a scope.

    Attributes:
        stack: the stack that the scope is in.
        root_stack: the stack that is deployed together with it: itself, or the one that it is nested in.
        app: the root of the construct tree.
        known: partition, region and account of the stack, None if they are known only at deployment.
        path_of_nested: what stays the same for a nested stack that is created again; None for any other stack.
    """

    stack: Stack
    root_stack: Stack
    app: IConstruct
    known: Mapping[str, str | None]
    path_of_nested: str | None


_of_scope: WeakKeyDictionary[Construct, Place] = WeakKeyDictionary()
_of_stack: WeakKeyDictionary[Stack, Place] = WeakKeyDictionary()


def of(scope: object, argument: str = "scope") -> Place:
    """Return the place of a scope, and refuse one that is not in a stack.

    Raises:
        InvalidArgumentError: it is not; it names `argument`.
    """
    found = _find(scope) if isinstance(scope, Construct) else None
    if found is None:
        raise InvalidArgumentError(argument, "must be a stack, or a construct in one", scope)
    return found


def _find(scope: Construct) -> Place | None:
    if scope not in _of_scope:
        try:
            stack = Stack.of(scope)
        except RuntimeError:  # the CDK finds none
            return None
        if stack not in _of_stack:
            _of_stack[stack] = _ask(stack)
        _of_scope[scope] = _of_stack[stack]
    return _of_scope[scope]


def _ask(stack: Stack) -> Place:
    names = ("partition", "region", "account")
    known = {name: None if Token.is_unresolved(value := getattr(stack, name)) else str(value) for name in names}
    if known["region"] and not known["partition"]:
        # The CDK writes the partition as a token, unless a feature flag asks for it, and yet knows it.
        known["partition"] = RegionInfo.get(known["region"]).partition
    root_stack = stack
    logical_ids: list[str] = []
    while root_stack.nested_stack_parent and root_stack.nested_stack_resource:
        logical_ids.insert(0, root_stack.nested_stack_resource.logical_id)
        root_stack = root_stack.nested_stack_parent
    return Place(
        stack,
        root_stack,
        stack.node.root,
        known,
        "/".join([root_stack.stack_name, *logical_ids]) if logical_ids else None,
    )
