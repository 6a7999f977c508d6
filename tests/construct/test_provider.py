"""What the exports of a stack share, and what their handler may do."""

import json
import re
from collections.abc import Callable
from math import nan
from pathlib import Path
from typing import Any, ClassVar

import botocore.session
import pytest
from aws_cdk import App, Duration, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Template
from aws_cdk.custom_resources import CustomResourceConfig
from constructs import Construct

from cdk_cleanroomsml import AudienceExportProvider, InvalidArgumentError
from tests.builders.arns import ACCOUNT
from tests.builders.role_policies import parameter
from tests.builders.stacks import EXPORT, declare, settings_of_every_kind
from tests.builders.templates import waits_for

ROLES = ("HandlerRole", "StateMachineRole")
# The parts besides the roles.
PARTS = ("Logs", "Handler", "LastResort", "StateMachine", "AudienceExportAccess", "Delivery")
HANDLER = Path(__file__).parents[2] / "lambda" / "audience_export_handler"


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


def statements(template: Template) -> list[dict[str, Any]]:
    documents = [
        policy["Properties"]["PolicyDocument"] for policy in template.find_resources("AWS::IAM::Policy").values()
    ]
    for role in template.find_resources("AWS::IAM::Role").values():
        documents += [policy["PolicyDocument"] for policy in role["Properties"].get("Policies", [])]
        assert "ManagedPolicyArns" not in role["Properties"]
    return [statement for document in documents for statement in document["Statement"]]


def actions_allowed(template: Template) -> set[str]:
    found: set[str] = set()
    for statement in statements(template):
        actions = statement["Action"]
        found.update([actions] if isinstance(actions, str) else actions)
    return found


def actions_called() -> set[str]:
    """The actions of every client call that the handler's code can make, found in the code."""
    source = "\n".join(path.read_text() for path in HANDLER.rglob("*.py"))
    services = set(re.findall(r'boto3\.client\("([a-z]+)"', source))
    session, called = botocore.session.get_session(), set()
    for service in services:
        model = session.get_service_model(service)
        prefix = {"cleanroomsml": "cleanrooms-ml", "stepfunctions": "states"}.get(service, service)
        for operation in model.operation_names:
            method = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", operation).lower()
            if re.search(rf'client(\([a-z_0-9.A-Z]*\))?\.{method}\(|get_paginator\("{method}"\)', source):
                called.add(f"{prefix}:{operation}")
    assert source.count("boto3.client(") == len(services)
    calls = re.findall(r"(?<!boto3\.)client(?:\([a-z_0-9.A-Z]*\))?\.(?!get_paginator)[a-z]|get_paginator\(", source)
    assert len(calls) == len(called)
    return called


def test_one_provider_serves_every_export_of_a_stack(stack: Stack) -> None:
    for number in range(3):
        declare(stack, f"Export{number}")
    template = Template.from_stack(stack)
    template.resource_count_is(EXPORT, 3)
    template.resource_count_is("AWS::Lambda::Function", 2)
    template.resource_count_is("AWS::StepFunctions::StateMachine", 1)
    template.resource_count_is("AWS::IAM::Role", 2)


def test_the_service_token_never_changes(stack: Stack) -> None:
    """CloudFormation refuses another ServiceToken for a deployed resource: this id was released, so it stays."""
    declare(stack)
    template = Template.from_stack(stack)
    [export] = template.find_resources(EXPORT).values()
    assert export["Properties"]["ServiceToken"] == {"Fn::GetAtt": ["CleanRoomsMLAudienceExportsHandlerDC88305D", "Arn"]}


def test_the_construct_ids_of_its_parts_never_change(stack: Stack) -> None:
    """Logical ids are made of them, and an app finds the parts by them."""
    provider = AudienceExportProvider.of(stack)
    assert {one.node.id for one in provider.node.children} == {*PARTS, *ROLES}
    imported = AudienceExportProvider(
        stack,
        "Imported",
        role=iam.Role.from_role_arn(stack, "Role", f"arn:aws:iam::{ACCOUNT}:role/exports"),
        state_machine_role=iam.Role.from_role_arn(stack, "OtherRole", f"arn:aws:iam::{ACCOUNT}:role/exports"),
    )
    as_they_are = {f"{name}AsItIs" for name in ROLES}
    assert {*PARTS, *as_they_are} <= {one.node.id for one in imported.node.children}


def test_what_an_app_brings_along_is_used_and_not_made(stack: Stack) -> None:
    settings = settings_of_every_kind(stack)
    given = {name: settings[name] for name in ("log_group", "role", "state_machine_role", "event_bus")}
    provider = AudienceExportProvider.configure(stack, **given)
    assert {name: getattr(provider, name) for name in given} == given
    assert {one.node.id for one in provider.node.children} == set(PARTS) - {"Logs"}
    assert AudienceExportProvider(stack, "Other").event_bus is None


def test_an_imported_role_is_not_changed_whatever_is_set(stack: Stack) -> None:
    """The CDK would attach policies to it, which the app may not be allowed to."""
    settings = settings_of_every_kind(stack)
    for name in ("log_retention", "log_removal_policy"):
        del settings[name]
    for name in ("role", "state_machine_role"):
        settings[name] = iam.Role.from_role_arn(stack, f"Imported-{name}", f"arn:aws:iam::{ACCOUNT}:role/{name}")
    provider = AudienceExportProvider.configure(stack, **settings)
    provider.add_to_role_policy(iam.PolicyStatement(actions=["ssm:GetParameter"], resources=["*"]))
    declare(stack)
    assert provider.follower is not None
    Template.from_stack(stack).resource_count_is("AWS::IAM::Policy", 0)


def test_one_of_the_app_with_a_setting_that_breaks_a_rule_is_not_added(stack: Stack) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^memory_size must be"):
        AudienceExportProvider(stack, "Own", memory_size=1)
    assert stack.node.children == []


def _make(scope: Any) -> AudienceExportProvider:
    return AudienceExportProvider(scope, "Own")


@pytest.mark.parametrize("make", [AudienceExportProvider.of, AudienceExportProvider.configure, _make])
def test_it_is_in_a_stack_or_nothing_is_added(make: Callable[[Any], object]) -> None:
    app = App()
    for scope in (app, None, nan, "Campaigns"):
        with pytest.raises(InvalidArgumentError, match=r"^scope must be a stack, or a construct in one; got "):
            make(scope)
    assert app.node.children == []


def test_the_policies_allow_what_the_code_calls_and_nothing_else(stack: Stack) -> None:
    declare(stack)
    around_the_code = {"logs:CreateLogStream", "logs:PutLogEvents", "lambda:InvokeFunction"}
    for_events = {"cloudformation:DescribeStackResource"}
    assert actions_allowed(Template.from_stack(stack)) == (actions_called() | around_the_code) - for_events


def test_with_events_the_policies_allow_what_those_call_besides(stack: Stack) -> None:
    declare(stack).on_active("Active")
    around_the_code = {"logs:CreateLogStream", "logs:PutLogEvents", "lambda:InvokeFunction", "events:PutEvents"}
    assert actions_allowed(Template.from_stack(stack)) == actions_called() | around_the_code


def test_each_role_is_for_one_service(stack: Stack) -> None:
    declare(stack)
    roles = Template.from_stack(stack).find_resources("AWS::IAM::Role")
    assumed_by = {
        name: role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]["Service"]
        for name, role in roles.items()
    }
    assert sorted((re.sub(".*Exports|[0-9A-F]{8}$", "", name), by) for name, by in assumed_by.items()) == [
        ("HandlerRole", "lambda.amazonaws.com"),
        ("StateMachineRole", "states.amazonaws.com"),
    ]


def test_every_export_waits_for_the_policies_of_its_handler(stack: Stack) -> None:
    """Without that its first calls would be denied."""
    declare(stack)
    template = Template.from_stack(stack)
    [export] = template.find_resources(EXPORT)
    assert set(template.find_resources("AWS::IAM::Policy")) <= waits_for(template.to_json(), export)


def test_an_export_waits_for_no_policy_twice(stack: Stack) -> None:
    """A dependency besides what its properties refer to is one message more to the CDK's process for each export."""
    declare(stack)
    [export] = Template.from_stack(stack).find_resources(EXPORT).values()
    assert "DependsOn" not in export


def test_an_export_of_a_job_that_is_known_at_deployment_waits_for_the_policy_of_that_job(stack: Stack) -> None:
    declare(stack, audience_generation_job_arn=parameter(stack, 1))
    template = Template.from_stack(stack)
    [export] = template.find_resources(EXPORT)
    policies = set(template.find_resources("AWS::IAM::Policy"))
    assert len(policies) == 2
    assert policies <= waits_for(template.to_json(), export)


def test_the_generated_name_of_each_export_is_in_its_metadata(stack: Stack) -> None:
    declare(stack)
    declare(stack, "Other")
    exports = Template.from_stack(stack).find_resources(EXPORT).values()
    names = {one["Metadata"]["cdk-cleanroomsml"]["ExportName"] for one in exports}
    assert len(names) == 2


@pytest.mark.parametrize("make", [declare, AudienceExportProvider.of, AudienceExportProvider.configure])
def test_another_construct_of_its_name_stays_and_is_named(stack: Stack, make: Callable[[Stack], object]) -> None:
    other = Construct(stack, "CleanRoomsMLAudienceExports")
    rule = "scope must be in a stack without another construct named CleanRoomsMLAudienceExports"
    with pytest.raises(InvalidArgumentError, match=rule):
        make(stack)
    assert stack.node.children == [other]


class TestEvents:
    FOLLOWER: ClassVar = {"Ref": "CleanRoomsMLAudienceExportsFollower40ED8B26"}
    ACCESS: ClassVar = "CleanRoomsMLAudienceExportsFollowerAccess38802701"

    def test_with_a_bus_every_export_has_the_follower_and_waits_for_its_policy(self, stack: Stack) -> None:
        provider = AudienceExportProvider.configure(stack, event_bus=events.EventBus(stack, "Bus"))
        assert provider.follower is None, "it is made with the first export"
        for number in range(2):
            declare(stack, f"Export{number}")
        exports = Template.from_stack(stack).find_resources(EXPORT).values()
        assert [one["Properties"]["FollowerArn"] for one in exports] == [self.FOLLOWER] * 2
        assert all(self.ACCESS in one["DependsOn"] for one in exports)

    def test_without_one_only_an_export_with_a_rule_has_it(self, stack: Stack) -> None:
        provider = AudienceExportProvider.of(stack)
        declare(stack, "Plain")
        before = provider.follower
        declare(stack, "WithRule").on_active("Active")
        follower = provider.follower
        assert before is None
        assert isinstance(follower, sfn.StateMachine)
        assert stack.resolve(follower.state_machine_arn) == self.FOLLOWER
        exports = Template.from_stack(stack).find_resources(EXPORT)
        assert [name for name, one in exports.items() if "FollowerArn" in one["Properties"]] == [
            name for name in exports if name.startswith("WithRule")
        ]

    def test_the_follower_has_the_settings_of_the_provider(self, stack: Stack) -> None:
        AudienceExportProvider.configure(stack, tracing=lambda_.Tracing.ACTIVE)
        declare(stack).on_active("Active")
        machines = Template.from_stack(stack).find_resources("AWS::StepFunctions::StateMachine").values()
        assert [one["Properties"]["TracingConfiguration"] for one in machines] == [{"Enabled": True}] * 2
        assert len({json.dumps(one["Properties"]["RoleArn"]) for one in machines}) == 1


class TestFunctions:
    """The provider stands for its functions, where the CDK asks for what can be granted or connected."""

    def test_what_it_is_granted_its_role_is(self, stack: Stack) -> None:
        provider = AudienceExportProvider.of(stack)
        assert provider.grant_principal is provider.role

    def test_their_role_can_be_allowed_more(self, stack: Stack) -> None:
        provider = AudienceExportProvider.of(stack)
        provider.add_to_role_policy(iam.PolicyStatement(actions=["ssm:GetParameter"], resources=["*"]))
        assert "ssm:GetParameter" in actions_allowed(Template.from_stack(stack))

    def test_its_connections_are_those_of_the_handler(self, stack: Stack) -> None:
        provider = AudienceExportProvider.configure(stack, vpc=ec2.Vpc(stack, "Vpc"))
        [group] = provider.connections.security_groups
        [of_handler] = provider.function.connections.security_groups
        assert group.security_group_id == of_handler.security_group_id

    def test_its_token_is_the_arn_of_the_handler(self, stack: Stack) -> None:
        provider = AudienceExportProvider.of(stack)
        assert stack.resolve(provider.service_token) == stack.resolve(provider.function.function_arn)


def test_the_policies_name_their_resources(stack: Stack) -> None:
    declare(stack)
    of_any_resource = [
        statement for statement in statements(Template.from_stack(stack)) if statement["Resource"] == "*"
    ]
    assert [statement["Action"] for statement in of_any_resource] == ["cleanrooms-ml:ListAudienceExportJobs"]


def test_only_executions_of_the_own_state_machine_can_be_stopped(stack: Stack) -> None:
    declare(stack)
    [stops] = [one for one in statements(Template.from_stack(stack)) if one["Action"] == "states:StopExecution"]
    resource = json.dumps(stops["Resource"])
    assert ':execution:", {"Fn::GetAtt": ["CleanRoomsMLAudienceExportsStateMachine' in resource
    assert '"Name"]}, ":*"]' in resource


def test_an_event_is_delivered_for_an_hour_and_then_to_the_last_resort(stack: Stack) -> None:
    declare(stack)
    template = Template.from_stack(stack)
    last_resort = {"Fn::GetAtt": ["CleanRoomsMLAudienceExportsLastResort2505B535", "Arn"]}
    template.has_resource_properties(
        "AWS::Lambda::EventInvokeConfig",
        {
            "MaximumRetryAttempts": 2,
            "MaximumEventAgeInSeconds": 3600,
            "DestinationConfig": {"OnFailure": {"Destination": last_resort}},
        },
    )
    invokes = [one for one in statements(template) if one["Action"] == "lambda:InvokeFunction"]
    assert last_resort in [one["Resource"] for one in invokes]


def test_the_state_machine_may_call_the_handler(stack: Stack) -> None:
    declare(stack)
    template = Template.from_stack(stack)
    handler = {"Fn::GetAtt": ["CleanRoomsMLAudienceExportsHandlerDC88305D", "Arn"]}
    [role] = [one for name, one in template.find_resources("AWS::IAM::Role").items() if "StateMachine" in name]
    [policy] = role["Properties"]["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("lambda:InvokeFunction", handler)


def test_the_handler_logs_for_a_month_into_a_group_that_goes_with_the_stack(stack: Stack) -> None:
    """Without a group of the stack's, Lambda makes one that stays and never expires."""
    declare(stack)
    template = Template.from_stack(stack)
    [(group_id, group)] = template.find_resources("AWS::Logs::LogGroup").items()
    assert group["Properties"]["RetentionInDays"] == 30
    assert group["DeletionPolicy"] == group["UpdateReplacePolicy"] == "Delete"
    template.has_resource_properties("AWS::Lambda::Function", {"LoggingConfig": {"LogGroup": {"Ref": group_id}}})


def test_the_state_machine_ends_by_itself(stack: Stack) -> None:
    declare(stack)
    [machine] = Template.from_stack(stack).find_resources("AWS::StepFunctions::StateMachine").values()
    definition = json.dumps(machine["Properties"]["DefinitionString"])
    assert '\\"TimeoutSeconds\\":3900' in definition
    assert "LoggingConfiguration" not in machine["Properties"], "execution data holds the ResponseURL"


class TestConfigure:
    def test_it_configures_the_provider_that_the_exports_of_the_stack_share(self, stack: Stack) -> None:
        provider = AudienceExportProvider.configure(stack, memory_size=1024)
        declare(stack)
        declare(Construct(stack, "Deeper"), "Other")
        assert AudienceExportProvider.of(stack) is provider
        template = Template.from_stack(stack)
        template.resource_count_is("AWS::StepFunctions::StateMachine", 1)
        template.has_resource_properties("AWS::Lambda::Function", {"MemorySize": 1024})

    def test_any_construct_of_the_stack_will_do(self, stack: Stack) -> None:
        provider = AudienceExportProvider.configure(Construct(stack, "Deeper"))
        assert provider.node.path == "Campaigns/CleanRoomsMLAudienceExports"

    @pytest.mark.parametrize("first", [declare, AudienceExportProvider.of, AudienceExportProvider.configure])
    def test_once_and_before_the_first_export(self, stack: Stack, first: Callable[[Stack], object]) -> None:
        first(stack)
        rule = "scope must be in a stack without a provider yet: configure it once, before the stack's first export"
        with pytest.raises(InvalidArgumentError, match=f"^{rule}; got 'Campaigns'$"):
            AudienceExportProvider.configure(stack, memory_size=1024)

    def test_one_that_the_app_makes_under_its_id_is_the_stack_s(self, stack: Stack) -> None:
        own = AudienceExportProvider(stack, "CleanRoomsMLAudienceExports", memory_size=1024)
        assert AudienceExportProvider.of(stack) is own

    def test_what_the_cdk_refuses_leaves_nothing_behind(self, stack: Stack) -> None:
        public = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC)
        vpc = ec2.Vpc(stack, "Vpc")
        with pytest.raises(RuntimeError, match="public subnet"):
            AudienceExportProvider.configure(stack, vpc=vpc, vpc_subnets=public)
        assert [one.node.id for one in stack.node.children] == ["Vpc"]
        AudienceExportProvider.configure(stack, vpc=vpc)


def test_its_parts_are_constructs_that_tools_recognise(stack: Stack) -> None:
    provider = AudienceExportProvider.of(stack)
    assert isinstance(provider.function, lambda_.Function)
    assert isinstance(provider.state_machine, sfn.StateMachine)
    assert isinstance(provider.role, iam.Role)
    assert isinstance(provider.state_machine_role, iam.Role)
    assert isinstance(provider.log_group, logs.LogGroup)
    functions = [one for one in stack.node.find_all() if isinstance(one, lambda_.Function)]
    assert len(functions) == 2, "an Aspect that looks for functions finds both"


@pytest.mark.parametrize(
    ("metric", "namespace", "name"),
    [
        ("errors", "AWS/Lambda", "Errors"),
        ("throttles", "AWS/Lambda", "Throttles"),
        ("exports_succeeded", "AWS/States", "ExecutionsSucceeded"),
        ("exports_failed", "AWS/States", "ExecutionsFailed"),
    ],
)
def test_its_metrics_can_be_alarmed_on(stack: Stack, metric: str, namespace: str, name: str) -> None:
    provider = AudienceExportProvider.of(stack)
    found = getattr(provider, f"metric_{metric}")(period=Duration.minutes(1))
    found.create_alarm(stack, "Alarm", threshold=1, evaluation_periods=1)
    expected = {"Namespace": namespace, "MetricName": name, "Statistic": "Sum", "Period": 60}
    Template.from_stack(stack).has_resource_properties("AWS::CloudWatch::Alarm", expected)


class TestCustomResourceConfig:
    """The app-wide settings for custom resources hold, unless the provider has its own."""

    def configured(self, stack: Stack, **settings: Any) -> Template:
        config = CustomResourceConfig.of(stack)
        config.add_log_retention_lifetime(logs.RetentionDays.TEN_YEARS)
        config.add_removal_policy(RemovalPolicy.RETAIN)
        config.add_lambda_runtime(lambda_.Runtime.PYTHON_3_12)
        AudienceExportProvider.configure(stack, **settings)
        return Template.from_stack(stack)

    def test_they_reach_the_log_group_and_both_functions(self, stack: Stack) -> None:
        template = self.configured(stack)
        template.has_resource("AWS::Logs::LogGroup", {"DeletionPolicy": "Retain"})
        template.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 3653})
        functions = template.find_resources("AWS::Lambda::Function").values()
        assert [one["Properties"]["Runtime"] for one in functions] == ["python3.12"] * 2

    def test_the_provider_s_own_settings_win(self, stack: Stack) -> None:
        template = self.configured(stack, log_retention=logs.RetentionDays.ONE_DAY, runtime=lambda_.Runtime.PYTHON_3_11)
        template.has_resource("AWS::Logs::LogGroup", {"DeletionPolicy": "Delete"})
        template.has_resource_properties("AWS::Logs::LogGroup", {"RetentionInDays": 1})
        functions = template.find_resources("AWS::Lambda::Function").values()
        assert [one["Properties"]["Runtime"] for one in functions] == ["python3.11"] * 2
