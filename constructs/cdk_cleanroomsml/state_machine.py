"""The state machines of a provider, with their role, key, log and tracing.

What the one that follows requests does is in `states`, what the one that follows exports does in `follower_states`.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import ArnFormat, CfnResource, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk_cleanroomsml import cdk_releases, encryption, lint, log_groups, logical_ids, roles, states
from cdk_cleanroomsml.provider_settings import ProviderSettings


def make(scope: Construct, handler: lambda_.Function, role: iam.IRole, settings: ProviderSettings) -> sfn.StateMachine:
    """Make the state machine that follows requests; `role` is one that may be changed, or that takes no changes."""
    if "state_machine_role" in settings:
        role.add_to_principal_policy(roles.call(handler.function_arn))
    if key := settings.get("encryption_key"):
        role.add_to_principal_policy(encryption.for_machine(key, Stack.of(scope)))
    logical_id = logical_ids.of_direct_child(scope, "StateMachine")
    machine = make_one(scope, "StateMachine", states.definition(handler.function_arn), role, settings)
    logical_ids.keep(machine, logical_id)
    return machine


def make_one(
    scope: Construct, construct_id: str, definition: dict[str, Any], role: iam.IRole, settings: ProviderSettings
) -> sfn.StateMachine:
    """Make a state machine as the settings require it."""
    stack, key, log = Stack.of(scope), settings.get("encryption_key"), _log_options(scope, settings)
    if key and log:
        role.add_to_principal_policy(encryption.let_deliver_logs(key, stack))
    machine = sfn.StateMachine(
        scope,
        construct_id,
        definition_body=sfn.DefinitionBody.from_string(stack.to_json_string(definition)),
        role=role,
        logs=log,
        tracing_enabled=True if settings.get("tracing") is lambda_.Tracing.ACTIVE else None,
    )
    lint.acknowledge_redundant_dependency(machine)
    if key:
        encryption.encrypt_machine(machine, key)
    _acknowledge(machine, role)
    return machine


def redefine(machine: sfn.StateMachine, definition: dict[str, Any]) -> None:
    """Give a state machine another definition, until the app is synthesised."""
    _resource_of(machine).definition_string = Stack.of(machine).to_json_string(definition)


def arn_for_exports(machine: sfn.StateMachine, delivery: CfnResource) -> str:
    """Return the ARN as every export has it in its properties: the export then waits for the delivery of events too.

    CloudFormation waits for all that the properties of a resource refer to, also for what `Fn::Select` does not pick. A
    dependency of each export on the delivery would be one more message to the CDK's process for each.
    """
    return Token.as_string({"Fn::Select": [0, [_resource_of(machine).attr_arn, delivery.ref]]})


def executions_of(machine: sfn.StateMachine) -> str:
    """Return what stands for every execution of a state machine in a policy."""
    return Stack.of(machine).format_arn(
        service="states",
        resource="execution",
        resource_name=f"{machine.state_machine_name}:*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )


def _resource_of(machine: sfn.StateMachine) -> sfn.CfnStateMachine:
    resource = machine.node.default_child
    assert isinstance(resource, sfn.CfnStateMachine)  # noqa: S101 - an L2 construct has an L1 one
    return resource


def _acknowledge(machine: sfn.StateMachine, role: iam.IRole) -> None:
    cdk_releases.acknowledge(
        machine, "AwsSolutions-SF1", "its data contain the ResponseURL, and the handler logs every step"
    )
    cdk_releases.acknowledge(
        machine, "AwsSolutions-SF2", "tracing needs a permission on every resource; turn it on with tracing"
    )
    lint.acknowledge_wildcard(role, "*", "log deliveries and traces of a state machine have no ARN to allow")


def _log_options(scope: Construct, settings: ProviderSettings) -> sfn.LogOptions | None:
    given = settings.get("state_machine_logging")
    if given is None or given.level is sfn.LogLevel.OFF:
        return None
    return sfn.LogOptions(
        destination=given.destination or log_groups.make_for_state_machine(scope, settings),
        level=given.level or sfn.LogLevel.ERROR,
        include_execution_data=False,
    )
