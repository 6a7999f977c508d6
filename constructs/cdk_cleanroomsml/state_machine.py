"""The state machine of a provider, with its role, key, log and tracing; what it does is in `states`."""

from __future__ import annotations

from aws_cdk import CfnResource, Stack, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk_cleanroomsml import cdk_releases, encryption, lint, log_groups, logical_ids, roles, states
from cdk_cleanroomsml.provider_settings import ProviderSettings


def make(scope: Construct, handler: lambda_.Function, role: iam.IRole, settings: ProviderSettings) -> sfn.StateMachine:
    """Make the state machine that calls the handler; an imported role is not changed."""
    stack = Stack.of(scope)
    role = roles.without_changes(scope, "StateMachineRoleAsItIs", role)
    if "state_machine_role" in settings:
        role.add_to_principal_policy(roles.call(handler.function_arn))
    log = _log_options(scope, settings)
    key = settings.get("encryption_key")
    if key:
        role.add_to_principal_policy(encryption.for_machine(key, stack))
        if log:
            role.add_to_principal_policy(encryption.let_deliver_logs(key, stack))
    logical_id = logical_ids.of_direct_child(scope, "StateMachine")
    machine = sfn.StateMachine(
        scope,
        "StateMachine",
        definition_body=sfn.DefinitionBody.from_string(stack.to_json_string(states.definition(handler.function_arn))),
        role=role,
        logs=log,
        tracing_enabled=True if settings.get("tracing") is lambda_.Tracing.ACTIVE else None,
    )
    logical_ids.keep(machine, logical_id)
    lint.acknowledge_redundant_dependency(machine)
    if key:
        encryption.encrypt_machine(machine, key)
    _acknowledge(machine, role)
    return machine


def arn_for_exports(machine: sfn.StateMachine, delivery: CfnResource) -> str:
    """Return the ARN as every export has it in its properties: the export then waits for the delivery of events too.

    CloudFormation waits for all that the properties of a resource refer to, also for what `Fn::Select` does not pick. A
    dependency of each export on the delivery would be one more message to the CDK's process for each.
    """
    resource = machine.node.default_child
    assert isinstance(resource, sfn.CfnStateMachine)  # noqa: S101 - an L2 construct has an L1 one
    return Token.as_string({"Fn::Select": [0, [resource.attr_arn, delivery.ref]]})


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
