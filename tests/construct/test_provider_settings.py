"""Every setting of the provider reaches the template, and a wrong one is refused before anything is added."""

from decimal import Decimal
from enum import IntEnum
from math import inf, nan
from pathlib import Path
from typing import Any

import jsii
import pytest
from aws_cdk import App, CfnParameter, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Match, Template

from cdk_cleanroomsml import AudienceExportProvider, InvalidArgumentError, provider_settings
from tests.builders.stacks import declare, settings_of_every_kind

FUNCTION, MACHINE, GROUP = "AWS::Lambda::Function", "AWS::StepFunctions::StateMachine", "AWS::Logs::LogGroup"


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


def configured(stack: Stack, **settings: Any) -> Template:
    AudienceExportProvider.configure(stack, **settings)
    declare(stack)
    return Template.from_stack(stack)


def has_on_both(template: Template, properties: dict[str, Any]) -> bool:
    found = template.find_resources(FUNCTION, {"Properties": Match.object_like(properties)})
    return len(found) == len(template.find_resources(FUNCTION)) == 2


class TestVpc:
    def test_both_functions_are_in_its_private_subnets_with_one_security_group(self, stack: Stack) -> None:
        template = configured(stack, vpc=ec2.Vpc(stack, "Vpc"))
        [group] = template.find_resources("AWS::EC2::SecurityGroup")
        subnets = [name for name in template.find_resources("AWS::EC2::Subnet") if "Private" in name]
        in_vpc = {
            "SubnetIds": [{"Ref": name} for name in subnets],
            "SecurityGroupIds": [{"Fn::GetAtt": [group, "GroupId"]}],
        }
        assert has_on_both(template, {"VpcConfig": in_vpc})

    def test_its_subnets_and_security_groups_can_be_chosen(self, stack: Stack) -> None:
        vpc = ec2.Vpc(stack, "Vpc")
        own = ec2.SecurityGroup(stack, "Own", vpc=vpc)
        template = configured(
            stack,
            vpc=vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            allow_public_subnet=True,
            security_groups=[own],
        )
        subnets = [name for name in template.find_resources("AWS::EC2::Subnet") if "Public" in name]
        template.resource_count_is("AWS::EC2::SecurityGroup", 1)
        group = {"Fn::GetAtt": [stack.get_logical_id(own.node.default_child), "GroupId"]}  # type: ignore[arg-type]
        in_vpc = {"SubnetIds": [{"Ref": name} for name in subnets], "SecurityGroupIds": [group]}
        assert has_on_both(template, {"VpcConfig": in_vpc})

    def test_a_public_subnet_is_refused_unless_it_is_allowed(self, stack: Stack) -> None:
        public = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
        with pytest.raises(RuntimeError, match="public subnet"):
            configured(stack, vpc=ec2.Vpc(stack, "Vpc"), vpc_subnets=public)

    def test_connections_are_those_of_the_functions(self, stack: Stack) -> None:
        vpc = ec2.Vpc(stack, "Vpc")
        provider = AudienceExportProvider.configure(stack, vpc=vpc)
        endpoint = ec2.SecurityGroup(stack, "Endpoint", vpc=vpc)
        endpoint.connections.allow_from(provider, ec2.Port.tcp(443))
        template = Template.from_stack(stack)
        template.has_resource_properties("AWS::EC2::SecurityGroupIngress", {"FromPort": 443})


@pytest.mark.parametrize(
    ("settings", "properties"),
    [
        ({"memory_size": 1024}, {"MemorySize": 1024}),
        ({"architecture": lambda_.Architecture.ARM_64}, {"Architectures": ["arm64"]}),
        ({"runtime": lambda_.Runtime.PYTHON_3_12}, {"Runtime": "python3.12"}),
        ({"tracing": lambda_.Tracing.PASS_THROUGH}, {"TracingConfig": {"Mode": "PassThrough"}}),
        ({"reserved_concurrent_executions": 5}, {"ReservedConcurrentExecutions": 5}),
    ],
    ids=["memory_size", "architecture", "runtime", "tracing", "reserved_concurrent_executions"],
)
def test_a_setting_of_both_functions(stack: Stack, settings: dict[str, Any], properties: dict[str, Any]) -> None:
    assert has_on_both(configured(stack, **settings), properties)


def test_active_tracing_traces_the_state_machine_too(stack: Stack) -> None:
    template = configured(stack, tracing=lambda_.Tracing.ACTIVE)
    assert has_on_both(template, {"TracingConfig": {"Mode": "Active"}})
    template.has_resource_properties(MACHINE, {"TracingConfiguration": {"Enabled": True}})


def test_any_other_tracing_leaves_the_state_machine_untraced(stack: Stack) -> None:
    template = configured(stack, tracing=lambda_.Tracing.PASS_THROUGH)
    template.has_resource_properties(MACHINE, {"TracingConfiguration": Match.absent()})


def test_environment_variables_are_encrypted_with_the_key_and_the_role_may_decrypt(stack: Stack) -> None:
    template = configured(stack, environment_encryption=kms.Key(stack, "Key"))
    [key] = template.find_resources("AWS::KMS::Key")
    arn = {"Fn::GetAtt": [key, "Arn"]}
    assert has_on_both(template, {"KmsKeyArn": arn})
    statement = {"Action": "kms:Decrypt", "Effect": "Allow", "Resource": arn}
    document = {"Statement": Match.array_with([statement])}
    template.has_resource_properties("AWS::IAM::Policy", {"PolicyDocument": document})


class TestLogGroup:
    def test_a_given_one_is_used(self, stack: Stack) -> None:
        own = logs.LogGroup(stack, "Own")
        template = configured(stack, log_group=own)
        [group] = template.find_resources(GROUP)
        assert has_on_both(template, {"LoggingConfig": {"LogGroup": {"Ref": group}}})
        assert AudienceExportProvider.of(stack).log_group is own

    def test_retention_and_fate_of_the_one_that_is_made(self, stack: Stack) -> None:
        template = configured(stack, log_retention=logs.RetentionDays.ONE_YEAR, log_removal_policy=RemovalPolicy.RETAIN)
        template.has_resource(GROUP, {"DeletionPolicy": "Retain", "Properties": {"RetentionInDays": 365}})


class TestStateMachineLogging:
    def test_by_default_it_writes_no_log(self, stack: Stack) -> None:
        configured(stack).has_resource_properties(MACHINE, {"LoggingConfiguration": Match.absent()})

    def test_a_log_group_is_made_without_a_destination(self, stack: Stack) -> None:
        template = configured(stack, state_machine_logging=sfn.LogOptions(level=sfn.LogLevel.ALL))
        [group] = [name for name in template.find_resources(GROUP) if "StateMachineLogs" in name]
        to_group = [{"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": [group, "Arn"]}}}]
        logging = {"Level": "ALL", "IncludeExecutionData": False, "Destinations": to_group}
        template.has_resource_properties(MACHINE, {"LoggingConfiguration": logging})
        name = template.find_resources(GROUP)[group]["Properties"]["LogGroupName"]["Fn::Join"][1][0]
        assert name.startswith("/aws/vendedlogs/states/Campaigns-")

    def test_two_providers_of_a_stack_have_two_log_groups(self, stack: Stack) -> None:
        for name in ("One", "Other"):
            AudienceExportProvider(stack, name, state_machine_logging=sfn.LogOptions())
        groups = Template.from_stack(stack).find_resources(GROUP).values()
        names = {str(one["Properties"]["LogGroupName"]) for one in groups if "LogGroupName" in one["Properties"]}
        assert len(names) == 2

    def test_a_given_destination_is_used(self, stack: Stack) -> None:
        own = logs.LogGroup(stack, "Own", log_group_name="/aws/vendedlogs/states/own")
        template = configured(stack, state_machine_logging={"destination": own})
        template.resource_count_is(GROUP, 2)
        template.has_resource_properties(MACHINE, {"LoggingConfiguration": Match.object_like({"Level": "ERROR"})})

    def test_off_is_no_log(self, stack: Stack) -> None:
        template = configured(stack, state_machine_logging=sfn.LogOptions(level=sfn.LogLevel.OFF))
        template.has_resource_properties(MACHINE, {"LoggingConfiguration": Match.absent()})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"memory_size": 255}, "memory_size must be a whole number of MiB from 256 to 10,240; got 255"),
        ({"memory_size": 10_241}, "memory_size must be a whole number of MiB from 256 to 10,240; got 10241"),
        ({"memory_size": True}, "memory_size must be a whole number"),
        ({"memory_size": 512.0}, "memory_size must be a whole number of MiB from 256 to 10,240; got 512.0"),
        (
            {"reserved_concurrent_executions": 0},
            "reserved_concurrent_executions must be a whole number from 1 to 2,147,483,647",
        ),
        (
            {"reserved_concurrent_executions": True},
            "reserved_concurrent_executions must be a whole number from 1 to 2,147,483,647: .*; got True",
        ),
        ({"reserved_concurrent_executions": 2**31}, "reserved_concurrent_executions must be .*; got 2147483648"),
        ({"runtime": lambda_.Runtime.PYTHON_3_9}, "runtime must be Python 3.10 or newer; got 'python3.9'"),
        ({"runtime": lambda_.Runtime.NODEJS_22_X}, "runtime must be Python 3.10 or newer; got 'nodejs22.x'"),
        ({"runtime": "python3.13"}, "runtime must be Python 3.10 or newer; got 'python3.13'"),
        ({"allow_public_subnet": True}, "allow_public_subnet needs vpc; got True"),
        ({"vpc_subnets": ec2.SubnetSelection()}, "vpc_subnets needs vpc"),
        ({"security_groups": []}, r"security_groups needs vpc; got \[\]"),
        (
            {"state_machine_logging": sfn.LogOptions(include_execution_data=True)},
            "state_machine_logging must not include execution data: .*; got 'include_execution_data=True'$",
        ),
        (
            {"state_machine_logging": {"include_execution_data": True}},
            "state_machine_logging must not include execution data",
        ),
        ({"state_machine_logging": True}, "state_machine_logging must be LogOptions; got True"),
    ],
    ids=lambda one: "" if isinstance(one, str) else next(iter(one)),
)
def test_a_wrong_setting_is_refused_and_nothing_is_added(stack: Stack, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=f"^{message}"):
        AudienceExportProvider.configure(stack, **settings)
    assert not stack.node.children


WRONG: list[Any] = [
    nan,
    inf,
    "",
    "x",
    b"x",
    30,
    -1,
    0.5,
    Decimal(512),
    Path("x"),
    False,
    {"x": 1},
    {1},
    [nan],
    object(),
]


@pytest.mark.parametrize("name", provider_settings.ProviderSettings.__annotations__)
def test_a_setting_of_a_wrong_type_is_refused(stack: Stack, name: str) -> None:
    """jsii's process ends if it gets a number that is not finite, and the CDK stops halfway at most of the others."""
    may_be_false = name == "allow_public_subnet"
    is_number = name == "reserved_concurrent_executions"
    for value in [*WRONG, stack]:
        if (value is False and may_be_false) or (value == 30 and is_number):
            continue
        with pytest.raises(InvalidArgumentError) as raised:
            provider_settings.check({name: value})
        assert (raised.value.argument, raised.value.value) == (name, value)
        assert raised.value.rule.startswith("must be ")


def test_the_destination_of_a_log_is_a_log_group() -> None:
    with pytest.raises(InvalidArgumentError, match=r"^state_machine_logging must have a log group .*; got 'mine'$"):
        provider_settings.check({"state_machine_logging": {"destination": "mine"}})


def test_what_is_imported_is_taken(stack: Stack) -> None:
    """Its class says nothing of its interfaces."""
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:us-east-1:111122223333:key/1")
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/exports")
    group = ec2.SecurityGroup.from_security_group_id(stack, "Group", "sg-1")
    settings = {
        "vpc": ec2.Vpc.from_vpc_attributes(stack, "Vpc", vpc_id="vpc-1", availability_zones=["us-east-1a"]),
        "security_groups": [group],
        "role": role,
        "state_machine_role": role,
        "log_group": logs.LogGroup.from_log_group_name(stack, "Group2", "exports"),
        "environment_encryption": kms.Alias.from_alias_name(stack, "Alias", "alias/exports"),
        "encryption_key": key,
        "event_bus": events.EventBus.from_event_bus_name(stack, "Bus", "exports"),
    }
    assert provider_settings.check(settings) == settings


@jsii.implements(iam.IRole)
class RoleInPython:
    role_arn = "arn:aws:iam::111122223333:role/exports"


def test_what_implements_an_interface_in_python_is_taken() -> None:
    role: Any = RoleInPython()
    assert provider_settings.check({"role": role}) == {"role": role}


def test_subnets_may_be_written_as_a_dictionary_and_security_groups_as_a_tuple(stack: Stack) -> None:
    vpc = ec2.Vpc(stack, "Vpc")
    group = ec2.SecurityGroup(stack, "Group", vpc=vpc)
    subnets: dict[str, Any] = {"subnet_type": ec2.SubnetType.PRIVATE_WITH_EGRESS}
    given = provider_settings.check({"vpc": vpc, "vpc_subnets": subnets, "security_groups": (group,)})
    assert given == {"vpc": vpc, "vpc_subnets": ec2.SubnetSelection(**subnets), "security_groups": [group]}


class Memory(IntEnum):
    LARGE = 1024


def test_a_number_may_be_a_member_of_an_enum() -> None:
    """jsii takes none."""
    given = provider_settings.check({"memory_size": Memory.LARGE})
    assert {name: type(value) for name, value in given.items()} == {"memory_size": int}


@pytest.mark.parametrize(
    "setting",
    [
        {"memory_size": 256},
        {"memory_size": 10_240},
        {"reserved_concurrent_executions": 1},
        {"reserved_concurrent_executions": 2**31 - 1},
        {"runtime": lambda_.Runtime.PYTHON_3_10},
        {"runtime": lambda_.Runtime("python3.20", lambda_.RuntimeFamily.PYTHON)},
        {"state_machine_logging": sfn.LogOptions(level=sfn.LogLevel.FATAL)},
    ],
    ids=lambda setting: next(iter(setting)),
)
def test_the_ends_of_what_is_allowed_are_taken_as_they_are(setting: dict[str, Any]) -> None:
    assert provider_settings.check(setting) == setting


def test_log_options_may_be_written_as_a_dictionary() -> None:
    given = provider_settings.check({"state_machine_logging": {"level": sfn.LogLevel.ALL}})
    assert given == {"state_machine_logging": sfn.LogOptions(level=sfn.LogLevel.ALL)}


@pytest.mark.parametrize(
    "setting", [{"log_retention": logs.RetentionDays.ONE_DAY}, {"log_removal_policy": RemovalPolicy.RETAIN}], ids=str
)
def test_a_given_log_group_has_its_own_retention_and_fate(stack: Stack, setting: dict[str, Any]) -> None:
    [(name, value)] = setting.items()
    with pytest.raises(InvalidArgumentError, match=f"^{name} is .* cannot be combined with log_group") as raised:
        AudienceExportProvider.configure(stack, log_group=logs.LogGroup(stack, "Own"), **setting)
    assert (raised.value.argument, raised.value.value) == (name, value)


def test_an_unknown_setting_is_refused_with_those_that_there_are(stack: Stack) -> None:
    with pytest.raises(
        TypeError, match=r"no setting timeout; it has allow_public_subnet, architecture, .*, vpc_subnets"
    ):
        AudienceExportProvider.configure(stack, timeout=5)  # type: ignore[call-arg]


def test_none_is_the_same_as_leaving_a_setting_out() -> None:
    templates = []
    for settings in ({}, dict.fromkeys(provider_settings.ProviderSettings.__annotations__)):
        stack = Stack(App(), "Campaigns")
        templates.append(configured(stack, **settings).to_json())
    assert templates[0] == templates[1]


def test_a_number_may_be_a_token(stack: Stack) -> None:
    size = CfnParameter(stack, "MiB", type="Number").value_as_number
    assert has_on_both(configured(stack, memory_size=size), {"MemorySize": {"Ref": "MiB"}})


def test_the_tests_know_every_setting(stack: Stack) -> None:
    """What is tried in every combination elsewhere is all that there is."""
    assert set(settings_of_every_kind(stack)) == set(provider_settings.ProviderSettings.__annotations__)
