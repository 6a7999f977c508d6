"""What users apply to whole apps: removal policies, tags, permissions boundaries, and Aspects that they write."""

from collections.abc import Callable
from typing import Any

import jsii
import pytest
from aws_cdk import App, Aspects, CfnResource, IAspect, RemovalPolicies, Stack, TagManager, Tags
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import IConstruct

from tests.builders import templates
from tests.builders.arns import OTHER_JOB
from tests.builders.stacks import EXPORT, declare
from tests.builders.templates import Template, only_one, templates_of, waits_for


@jsii.implements(IAspect)
class Visiting:
    """An Aspect that calls a function of the test."""

    def __init__(self, act: Callable[[IConstruct], object]) -> None:
        self._act = act

    def visit(self, node: IConstruct) -> None:
        self._act(node)


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def stack(app: App) -> Stack:
    stack = Stack(app, "Campaigns")
    declare(stack)
    return stack


def checked(app: App) -> Template:
    template = templates_of(app)["Campaigns"]
    templates.check(template)
    return template


def of_type(template: Template, resource_type: str) -> list[dict[str, Any]]:
    return [one for one in template["Resources"].values() if one["Type"] == resource_type]


@pytest.mark.parametrize(("policy", "expected"), [("retain", "Retain"), ("destroy", "Delete")])
def test_a_removal_policy_reaches_every_resource(app: App, stack: Stack, policy: str, expected: str) -> None:
    """Also the log group, which the library would delete with the stack."""
    getattr(RemovalPolicies.of(stack), policy)()
    template = checked(app)
    for key in ("DeletionPolicy", "UpdateReplacePolicy"):
        assert {one[key] for one in template["Resources"].values()} == {expected}


def test_all_that_can_have_tags_is_tagged(app: App, stack: Stack) -> None:
    Tags.of(app).add("team", "ads")
    template = checked(app)
    tagged = {name for name, one in template["Resources"].items() if "Tags" in one.get("Properties", {})}
    for name in tagged:
        assert template["Resources"][name]["Properties"]["Tags"] == [{"Key": "team", "Value": "ads"}]
    taggable = [one for one in stack.node.find_all() if isinstance(one, CfnResource) and TagManager.is_taggable(one)]
    assert tagged == {stack.resolve(one.logical_id) for one in taggable}
    types = {one["Type"] for name, one in template["Resources"].items() if name not in tagged}
    assert types == {EXPORT, "AWS::IAM::Policy", "AWS::Lambda::EventInvokeConfig"}


def test_a_permissions_boundary_reaches_both_roles(app: App, stack: Stack) -> None:
    boundary = iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "ours")
    iam.PermissionsBoundary.of(app).apply(boundary)
    roles = of_type(checked(app), "AWS::IAM::Role")
    assert [role["Properties"]["PermissionsBoundary"] for role in roles] == [
        stack.resolve(boundary.managed_policy_arn)
    ] * 2


def test_an_aspect_can_change_the_parts(app: App, stack: Stack) -> None:
    def change(node: IConstruct) -> None:
        if isinstance(node, lambda_.Function):
            node.add_environment("STAGE", "prod")
        if isinstance(node, lambda_.CfnFunction):
            node.runtime = "python3.12"
        if isinstance(node, sfn.CfnStateMachine):
            node.tracing_configuration = sfn.CfnStateMachine.TracingConfigurationProperty(enabled=True)
        if isinstance(node, iam.CfnRole):
            node.path = "/ads/"

    Aspects.of(app).add(Visiting(change))
    template = checked(app)
    for function in of_type(template, "AWS::Lambda::Function"):
        assert function["Properties"]["Runtime"] == "python3.12"
        assert function["Properties"]["Environment"] == {"Variables": {"STAGE": "prod"}}
    [machine] = of_type(template, "AWS::StepFunctions::StateMachine")
    assert machine["Properties"]["TracingConfiguration"] == {"Enabled": True}
    assert [role["Properties"]["Path"] for role in of_type(template, "AWS::IAM::Role")] == ["/ads/"] * 2


def test_an_aspect_finds_exports_by_their_type(app: App, stack: Stack) -> None:
    found = []

    def note(node: IConstruct) -> None:
        if isinstance(node, CfnResource) and node.cfn_resource_type == EXPORT:
            node.add_metadata("reviewed", True)
            found.append(node.node.path)

    Aspects.of(app).add(Visiting(note))
    [_, export] = only_one(checked(app), EXPORT)
    assert export["Metadata"]["reviewed"] is True
    assert [path.startswith("Campaigns/Export/") for path in found] == [True]


@pytest.mark.parametrize("has_another", [False, True], ids=["the stack's first", "beside another"])
def test_an_aspect_can_declare_an_export(app: App, has_another: bool) -> None:
    """A stack that an organisation adds to, when the app has declared the rest."""
    stack = Stack(app, "Campaigns")
    if has_another:
        declare(stack)

    def add(node: IConstruct) -> None:
        if node is stack:
            declare(stack, "Added", name="added", audience_generation_job_arn=OTHER_JOB)

    Aspects.of(app).add(Visiting(add))
    template = checked(app)
    added = templates.export_named(template, "added")
    policies = [template["Resources"][name] for name in waits_for(template, added)]
    documents = [one["Properties"]["PolicyDocument"] for one in policies if one["Type"] == "AWS::IAM::Policy"]
    allowed = [one["Resource"] for document in documents for one in document["Statement"]]
    assert any(one == OTHER_JOB or OTHER_JOB in one for one in allowed)
