"""The log groups that a provider makes: they belong to the stack, so that no entry stays for ever by oversight."""

from __future__ import annotations

from aws_cdk import Fn, RemovalPolicy, Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_cleanroomsml import encryption
from cdk_cleanroomsml.provider_settings import ProviderSettings

# CustomResourceConfig finds the log groups of custom resources by it.
_OF_CUSTOM_RESOURCE = "aws:cdk:is-custom-resource-handler-logGroup"
_OF_STATE_MACHINES = "StateMachineLogs"


def make_for_functions(scope: Construct, settings: ProviderSettings) -> logs.LogGroup:
    """Make the log group of the two functions."""
    return _make(scope, "Logs", settings, name=None)


def make_for_state_machine(scope: Construct, settings: ProviderSettings) -> logs.LogGroup:
    """Make the log group of the state machines, if it is not made yet.

    Its name begins as AWS advises for logs of Step Functions: each group of another name makes the account's resource
    policy for log deliveries longer, and that is limited. The name ends with a part of the stack's ARN, so that a group
    which was retained does not stand in the way of the next one.
    """
    made = scope.node.try_find_child(_OF_STATE_MACHINES)
    if isinstance(made, logs.LogGroup):
        return made
    stack = Stack.of(scope)
    of_stack = Fn.select(4, Fn.split("-", Fn.select(2, Fn.split("/", stack.stack_id))))
    name = f"/aws/vendedlogs/states/{stack.stack_name}-{scope.node.addr[-8:]}-{of_stack}"
    return _make(scope, _OF_STATE_MACHINES, settings, name=name)


def _make(scope: Construct, construct_id: str, settings: ProviderSettings, name: str | None) -> logs.LogGroup:
    key = settings.get("encryption_key")
    if key:
        encryption.let_logs_use(key, Stack.of(scope))
    group = logs.LogGroup(
        scope,
        construct_id,
        log_group_name=name,
        retention=settings.get("log_retention", logs.RetentionDays.ONE_MONTH),
        removal_policy=settings.get("log_removal_policy", RemovalPolicy.DESTROY),
        encryption_key=key,
    )
    if not settings.keys() & {"log_retention", "log_removal_policy"}:
        group.node.add_metadata(_OF_CUSTOM_RESOURCE, True)
    return group
