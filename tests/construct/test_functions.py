"""The last resort must be what the handler is, or it cannot answer for it; and every setting must reach both."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import constructs
import pytest
from aws_cdk import App, Aspects, CfnResource, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk.assertions import Template
from constructs import Construct

from cdk_cleanroomsml import HandlerCodeError, handler_code, network_access
from cdk_cleanroomsml.functions import Functions
from tests.builders.aspects import PutIntoVpc
from tests.builders.stacks import settings_of_every_kind
from tests.fakes.acknowledgments import Acknowledgments

FUNCTION = "AWS::Lambda::Function"
NAMES = ("Handler", "LastResort")


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


def make(stack: Stack, **settings: Any) -> Functions:
    role = iam.Role(stack, "RoleOfBoth", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    group = logs.LogGroup(stack, "LogGroupOfBoth")
    return Functions(Construct(stack, "Provider"), role, group, settings)  # type: ignore[arg-type]


def resources(stack: Stack) -> dict[str, Mapping[str, Any]]:
    """What the template says of the handler and the last resort."""
    found = Template.from_stack(stack).find_resources(FUNCTION)
    return {name: one for name in NAMES for logical_id, one in found.items() if name in logical_id}


def properties(stack: Stack) -> list[dict[str, Any]]:
    """The properties of both, without their code: the tests of `handler_code` are for that."""
    return [
        {name: value for name, value in one["Properties"].items() if name != "Code"}
        for one in resources(stack).values()
    ]


def actions(stack: Stack) -> list[Any]:
    """The actions that the role of both may use on any resource."""
    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    return [one["Action"] for policy in policies for one in policy["Properties"]["PolicyDocument"]["Statement"]]


def reference(stack: Stack, construct_id: str) -> str:
    """The logical id of a resource that the test has made."""
    found = stack.node.find_child(construct_id).node.default_child
    assert isinstance(found, CfnResource)
    return str(stack.resolve(found.logical_id))


def test_by_default_both_are_the_same_but_for_their_description_and_time_out(stack: Stack) -> None:
    made = make(stack)
    handler, last_resort = properties(stack)
    assert handler.pop("Description") == "Custom resource: AWS Clean Rooms ML audience exports"
    assert last_resort.pop("Description") == "Answers requests for audience exports whose deliveries have failed"
    assert (handler.pop("Timeout"), last_resort.pop("Timeout")) == (60, 180)
    assert handler == last_resort
    assert handler == {
        "Handler": handler_code.HANDLER,
        "LoggingConfig": {"LogGroup": {"Ref": reference(stack, "LogGroupOfBoth")}},
        "MemorySize": 512,
        "Role": {"Fn::GetAtt": [reference(stack, "RoleOfBoth"), "Arn"]},
        "Runtime": "python3.13",
    }
    assert (made.handler.node.id, made.last_resort.node.id) == NAMES


def test_both_run_the_same_code(stack: Stack) -> None:
    make(stack)
    handler, last_resort = resources(stack).values()
    assert handler["Properties"]["Code"] == last_resort["Properties"]["Code"]
    root = stack.node.root
    assert isinstance(root, App)
    copies = [path.parent for path in Path(root.synth().directory).rglob("audience_export_handler")]
    asset = handler["Properties"]["Code"]["S3Key"].removesuffix(".zip")
    assert any(asset in copy.name for copy in copies)


def test_every_setting_reaches_both(stack: Stack) -> None:
    make(stack, **settings_of_every_kind(stack))
    handler, last_resort = properties(stack)
    assert handler.pop("Description") != last_resort.pop("Description")
    assert handler.pop("Timeout") < last_resort.pop("Timeout")
    assert handler == last_resort
    subnets = [name for name in Template.from_stack(stack).find_resources("AWS::EC2::Subnet") if "Public" in name]
    assert handler == {
        "Architectures": ["arm64"],
        "Handler": handler_code.HANDLER,
        "KmsKeyArn": {"Fn::GetAtt": [reference(stack, "EnvironmentKey"), "Arn"]},
        "LoggingConfig": {"LogGroup": {"Ref": reference(stack, "LogGroupOfBoth")}},
        "MemorySize": 1024,
        "ReservedConcurrentExecutions": 5,
        "Role": {"Fn::GetAtt": [reference(stack, "RoleOfBoth"), "Arn"]},
        "Runtime": "python3.12",
        "TracingConfig": {"Mode": "Active"},
        "VpcConfig": {
            "SecurityGroupIds": [{"Fn::GetAtt": [reference(stack, "SecurityGroup"), "GroupId"]}],
            "SubnetIds": [{"Ref": name} for name in subnets],
        },
    }


def test_in_a_vpc_both_share_one_security_group(stack: Stack) -> None:
    make(stack, vpc=ec2.Vpc(stack, "Vpc"))
    template = Template.from_stack(stack)
    template.resource_count_is("AWS::EC2::SecurityGroup", 1)
    handler, last_resort = properties(stack)
    assert handler["VpcConfig"] == last_resort["VpcConfig"]


def test_a_stack_without_an_app_has_no_place_for_the_code() -> None:
    if not hasattr(constructs, "RootConstruct"):
        pytest.skip("the oldest supported version of constructs has no root but an App")
    stack = Stack(constructs.RootConstruct(), "Campaigns")
    with pytest.raises(HandlerCodeError, match="must be in a stack that belongs to an App"):
        make(stack)


def test_their_logical_ids_are_those_of_functions_that_are_children_of_the_provider(stack: Stack) -> None:
    """As in the first release, whose functions were L1 constructs."""
    make(stack)
    scope = Construct(Stack(App(), "Campaigns"), "Provider")
    first_release = [CfnResource(scope, name, type=FUNCTION) for name in NAMES]
    expected = {str(Stack.of(scope).resolve(one.logical_id)) for one in first_release}
    assert set(Template.from_stack(stack).find_resources(FUNCTION)) == expected


class TestDelivery:
    def test_a_failed_event_is_tried_again_for_an_hour_and_then_goes_to_the_last_resort(self, stack: Stack) -> None:
        made = make(stack)
        delivery = made.deliver_events()
        assert delivery.node.path == "Campaigns/Provider/Delivery"
        [found] = Template.from_stack(stack).find_resources("AWS::Lambda::EventInvokeConfig").values()
        assert found["Properties"] == {
            "FunctionName": stack.resolve(made.handler.function_name),
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": 2,
            "MaximumEventAgeInSeconds": 3600,
            "DestinationConfig": {"OnFailure": {"Destination": stack.resolve(made.last_resort.function_arn)}},
        }


class TestRole:
    def test_by_default_it_gets_nothing(self, stack: Stack) -> None:
        make(stack)
        assert actions(stack) == []

    def test_with_a_vpc_it_may_use_the_network(self, stack: Stack) -> None:
        make(stack, vpc=ec2.Vpc(stack, "Vpc"))
        assert actions(stack) == [network_access.ACTIONS]

    def test_the_same_if_an_aspect_puts_them_into_one(self, stack: Stack) -> None:
        make(stack)
        Aspects.of(stack).add(PutIntoVpc())
        assert actions(stack) == [network_access.ACTIONS]

    def test_with_a_key_for_environment_variables_it_may_decrypt(self, stack: Stack) -> None:
        key = kms.Key(stack, "Key")
        make(stack, environment_encryption=key)
        [policy] = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
        assert policy["Properties"]["PolicyDocument"]["Statement"] == [
            {"Action": "kms:Decrypt", "Effect": "Allow", "Resource": stack.resolve(key.key_arn)}
        ]


@pytest.mark.parametrize(
    ("settings", "is_marked"),
    [({}, True), ({"runtime": lambda_.Runtime.PYTHON_3_12}, False)],
    ids=["nothing set", "runtime"],
)
def test_the_app_s_custom_resource_config_finds_those_for_which_no_runtime_is_set(
    stack: Stack, settings: dict[str, Any], is_marked: bool
) -> None:
    """It would overrule the runtime that is set."""
    made = make(stack, **settings)
    for function in (made.handler, made.last_resort):
        marks = {one.type: one.data for one in function.node.metadata}
        assert ("aws:cdk:is-custom-resource-handler-runtime-family" in marks) == is_marked
        if is_marked:
            assert marks["aws:cdk:is-custom-resource-handler-runtime-family"] == 2, "the CDK's number for Python"


class TestFindings:
    """Those that the library causes are acknowledged, and no others."""

    def test_the_runtime_and_the_dependency_on_the_role(self, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
        acknowledgments = Acknowledgments(monkeypatch)
        made = make(stack)
        for function in (made.handler, made.last_resort):
            assert acknowledgments.rules(function) == ["AwsSolutions-L1"]
        for resource in resources(stack).values():
            assert resource["Metadata"]["cfn-lint"] == {"config": {"ignore_checks": ["W3005"]}}

    @pytest.mark.parametrize("setting", [None, "vpc", "tracing", "memory_size"])
    def test_a_wildcard_only_if_the_role_has_one(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch, setting: str | None
    ) -> None:
        acknowledgments = Acknowledgments(monkeypatch)
        make(stack, **{name: value for name, value in settings_of_every_kind(stack).items() if name == setting})
        found = acknowledgments.rules(stack.node.find_child("RoleOfBoth"))
        assert found == (["AwsSolutions-IAM5[Resource::*]"] if setting in ("vpc", "tracing") else [])
