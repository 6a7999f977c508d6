"""Dependencies that users declare between exports and other resources, in both directions."""

import pytest
from aws_cdk import App, NestedStack, Stack
from aws_cdk.aws_s3 import Bucket
from aws_cdk.aws_stepfunctions import CfnStateMachine
from constructs import Construct

from cdk_cleanroomsml import AudienceExportProvider
from tests.builders import templates
from tests.builders.stacks import EXPORT, declare
from tests.builders.templates import Template, export_named, only_one, templates_of, waits_for

BUCKET = "AWS::S3::Bucket"


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def stack(app: App) -> Stack:
    return Stack(app, "Campaigns")


def checked(app: App, name: str = "Campaigns") -> Template:
    template = templates_of(app)[name]
    templates.check(template)
    return template


def test_an_export_waits_for_all_that_the_stack_has_for_it(app: App, stack: Stack) -> None:
    """So whatever answers a Delete is deleted after it."""
    declare(stack)
    template = checked(app)
    export, _ = only_one(template, EXPORT)
    assert waits_for(template, export) == set(template["Resources"]) - {export}


def test_what_depends_on_an_export_waits_for_its_end(app: App, stack: Stack) -> None:
    export = declare(stack)
    Bucket(stack, "After").node.add_dependency(export)
    template = checked(app)
    bucket, declared = only_one(template, BUCKET)
    assert declared["DependsOn"] == [only_one(template, EXPORT)[0]]
    assert waits_for(template, bucket) == set(template["Resources"]) - {bucket}


def test_an_export_can_wait_for_another_resource(app: App, stack: Stack) -> None:
    """Only the export: the handler is shared, and the resource may come after another export."""
    bucket = Bucket(stack, "Between")
    bucket.node.add_dependency(declare(stack, "First", name="first"))
    declare(stack, "Second", name="second").node.add_dependency(bucket)
    template = checked(app)
    first, second = export_named(template, "first"), export_named(template, "second")
    bucket_id, _ = only_one(template, BUCKET)
    assert {bucket_id, first} <= waits_for(template, second)
    machine, _ = only_one(template, CfnStateMachine.CFN_RESOURCE_TYPE_NAME)
    assert bucket_id not in waits_for(template, machine)


def test_exports_can_wait_for_each_other(app: App, stack: Stack) -> None:
    before, after = declare(stack, "First", name="first"), declare(stack, "Second", name="second")
    after.node.add_dependency(before)
    template = checked(app)
    first, second = export_named(template, "first"), export_named(template, "second")
    assert first in waits_for(template, second)
    assert second not in waits_for(template, first)


def test_a_group_of_constructs_can_wait_for_a_group_with_the_first_export(app: App, stack: Stack) -> None:
    """The provider is made with the first export, but is not part of its group."""
    before, exports, after = (Construct(stack, name) for name in ("Before", "Exports", "After"))
    Bucket(before, "Bucket")
    declare(exports, name="first")
    declare(after, name="second")
    exports.node.add_dependency(before)
    after.node.add_dependency(exports)
    template = checked(app)
    first, second = export_named(template, "first"), export_named(template, "second")
    bucket, _ = only_one(template, BUCKET)
    assert first in waits_for(template, second)
    assert bucket in waits_for(template, first)
    machine, _ = only_one(template, CfnStateMachine.CFN_RESOURCE_TYPE_NAME)
    assert bucket not in waits_for(template, machine)


def test_a_resource_can_wait_for_the_provider_alone(app: App, stack: Stack) -> None:
    declare(stack)
    Bucket(stack, "Bucket").node.add_dependency(AudienceExportProvider.of(stack))
    template = checked(app)
    assert only_one(template, EXPORT)[0] not in waits_for(template, only_one(template, BUCKET)[0])


def test_what_the_provider_may_read_is_made_before_its_exports(app: App, stack: Stack) -> None:
    declare(stack)
    bucket = Bucket(stack, "Read")
    bucket.grant_read(AudienceExportProvider.of(stack))
    template = checked(app)
    assert only_one(template, BUCKET)[0] in waits_for(template, only_one(template, EXPORT)[0])


def test_a_construct_of_another_stack_makes_the_stacks_wait(app: App, stack: Stack) -> None:
    other = Stack(app, "Other")
    declare(stack).node.add_dependency(Bucket(other, "Before"))
    Bucket(Stack(app, "Third"), "After").node.add_dependency(stack.node.find_child("Export"))
    assembly = app.synth()
    waits = {one.stack_name: {other.id for other in one.dependencies} for one in assembly.stacks}
    assert "Other" in waits["Campaigns"]
    assert "Campaigns" in waits["Third"]
    checked(app)
    checked(app, "Third")


def test_beside_a_nested_stack(app: App, stack: Stack) -> None:
    """A root stack knows its nested stacks only as a whole."""
    first, second = NestedStack(stack, "First"), NestedStack(stack, "Second")
    bucket = Bucket(stack, "Between")
    bucket.node.add_dependency(declare(first))
    declare(second).node.add_dependency(bucket)
    template = checked(app)
    nested = {logical_id[:5]: logical_id for logical_id in template["Resources"] if "NestedStack" in logical_id}
    bucket_id, _ = only_one(template, BUCKET)
    assert nested["First"] in waits_for(template, bucket_id)
    assert bucket_id in waits_for(template, nested["Secon"])
