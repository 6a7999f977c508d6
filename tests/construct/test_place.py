"""Where an export is declared decides what it may refer to and which name it gets, and is asked once for each scope."""

from math import nan
from typing import Any

import pytest
from aws_cdk import App, Environment, NestedStack, Stack, Stage
from constructs import Construct

from cdk_cleanroomsml import InvalidArgumentError, place

ACCOUNT = "111122223333"


def stack_in(region: str | None = None, account: str | None = None, context: dict[str, Any] | None = None) -> Stack:
    return Stack(App(context=context), "Campaigns", env=Environment(account=account, region=region))


def test_a_stack_that_is_deployed_by_itself_is_its_own_root() -> None:
    app = App()
    stack = Stack(Stage(app, "Prod"), "Campaigns")
    found = place.of(stack)
    assert found.stack is stack
    assert found.root_stack is stack
    assert found.app is app
    assert found.path_of_nested is None


def test_a_construct_is_in_the_place_of_its_stack() -> None:
    stack = stack_in()
    deep = Construct(Construct(stack, "Outer"), "Inner")
    assert place.of(deep) is place.of(stack)
    assert place.of(deep).stack is stack


def test_two_stacks_are_two_places() -> None:
    app = App()
    first, second = Stack(app, "First"), Stack(app, "Second")
    assert (place.of(first).stack, place.of(second).stack) == (first, second)


def test_a_nested_stack_is_deployed_with_its_root_and_found_by_the_way_from_there() -> None:
    root = Stack(App(), "Id", stack_name="Campaigns")
    outer = NestedStack(root, "Spring")
    middle = NestedStack(outer, "Deep")
    inner = NestedStack(middle, "Deeper")
    found = place.of(Construct(inner, "Export"))
    assert found.stack is inner
    assert found.root_stack is root
    resources = [one.nested_stack_resource for one in (outer, middle, inner)]
    logical_ids = [resource.logical_id for resource in resources if resource]
    assert found.path_of_nested == "/".join(["Campaigns", *logical_ids])
    assert len(logical_ids) == 3


def test_what_the_stack_knows_of_its_environment_is_known() -> None:
    assert place.of(stack_in("eu-west-1", ACCOUNT)).known == {
        "partition": "aws",
        "region": "eu-west-1",
        "account": ACCOUNT,
    }


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn"), ("us-east-1", "aws")]
)
@pytest.mark.parametrize("is_literal", [False, True], ids=["token", "literal"])
def test_the_region_decides_the_partition_whether_the_cdk_writes_it_or_not(
    region: str, partition: str, is_literal: bool
) -> None:
    stack = stack_in(region, context={"@aws-cdk/core:enablePartitionLiterals": is_literal})
    assert place.of(stack).known == {"partition": partition, "region": region, "account": None}


@pytest.mark.parametrize(("region", "account"), [(None, None), (None, ACCOUNT)], ids=["nothing", "account"])
def test_what_is_known_only_at_deployment_is_none(region: str | None, account: str | None) -> None:
    assert place.of(stack_in(region, account)).known == {"partition": None, "region": None, "account": account}


class CountingStack:
    """`Stack`, and about which scopes it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def of(self, scope: Construct) -> Stack:
        self.asked.append(scope.node.path)
        return Stack.of(scope)


def test_each_scope_is_asked_about_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question goes to another process, and the exports of a scope are many."""
    stack = stack_in()
    other = Construct(stack, "Other")
    counting = CountingStack()
    monkeypatch.setattr(place, "Stack", counting)
    found = {id(place.of(scope)) for scope in (stack, stack, other, other)}
    assert counting.asked == ["Campaigns", "Campaigns/Other"]
    assert len(found) == 1


@pytest.mark.parametrize("argument", ["scope", "cross_stack_scope"])
def test_what_is_in_no_stack_is_refused(argument: str) -> None:
    """jsii's process ends if it is asked about a number that is not finite."""
    app = App()
    for scope in (app, Stage(app, "Prod"), Construct(app, "Part"), "Campaigns", None, nan):
        with pytest.raises(InvalidArgumentError) as raised:
            place.of(scope, argument)
        assert (raised.value.argument, raised.value.value) == (argument, scope)
        assert raised.value.rule == "must be a stack, or a construct in one"
