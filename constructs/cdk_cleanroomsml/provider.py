"""What the exports of a stack share: the handler and its last resort, log group, state machine and their roles.

The ServiceToken of a deployed resource can never change, so the construct ids in this module are fixed: a renamed id
would make a new function, and CloudFormation would refuse every existing export.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import jsii
from aws_cdk import CfnResource, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk_cleanroomsml import (
    handler_access,
    log_groups,
    names_in_metadata,
    place,
    provider_settings,
    roles,
    state_machine,
)
from cdk_cleanroomsml.errors import InvalidArgumentError
from cdk_cleanroomsml.follower import Follower
from cdk_cleanroomsml.functions import Functions
from cdk_cleanroomsml.provider_settings import ProviderSettings
from cdk_cleanroomsml_contract.export_properties import FOLLOWER_ARN

if TYPE_CHECKING:
    from typing_extensions import Unpack

_DEFAULT_ID = "CleanRoomsMLAudienceExports"
# Remembered here, because a question to the construct tree goes to the CDK's own process.
_of_stack: WeakKeyDictionary[Stack, AudienceExportProvider] = WeakKeyDictionary()


@jsii.implements(iam.IGrantable, ec2.IConnectable)
class AudienceExportProvider(Construct):
    """The shared half of a stack's exports: handler, last resort, log group, state machine and their roles.

    There is one in each stack, made with the first export; `configure` says how. Make your own for exports that need a
    separate handler and role, and pass it as `provider`.

    Args:
        scope: a stack, or a construct in one.
        construct_id: another id is another function, which CloudFormation refuses for exports that are deployed.
        **settings: see `ProviderSettings`. A change to any of them replaces nothing and starts nothing.

    Raises:
        InvalidArgumentError: the scope or a setting breaks a rule; nothing has been added to the stack.
    """

    @classmethod
    def of(cls, scope: Construct) -> AudienceExportProvider:
        """Return the provider of the stack that `scope` is in; it is made if the stack has none yet."""
        stack = place.of(scope).stack
        return existing(stack) or cls._make_default(stack)

    @classmethod
    def configure(cls, scope: Construct, **settings: Unpack[ProviderSettings]) -> AudienceExportProvider:
        """Make the provider of the stack that `scope` is in with settings, before the stack's first export.

        Raises:
            InvalidArgumentError: a setting breaks a rule, or the stack has its provider already.
        """
        stack = place.of(scope).stack
        if existing(stack):
            rule = "must be in a stack without a provider yet: configure it once, before the stack's first export"
            raise InvalidArgumentError("scope", rule, scope.node.path)
        return cls._make_default(stack, **settings)

    @classmethod
    def _make_default(cls, stack: Stack, **settings: Unpack[ProviderSettings]) -> AudienceExportProvider:
        try:
            _of_stack[stack] = cls(stack, _DEFAULT_ID, **settings)
        except Exception:
            stack.node.try_remove_child(_DEFAULT_ID)  # half of it would be in the way of the next one
            raise
        return _of_stack[stack]

    def __init__(self, scope: Construct, construct_id: str, **settings: Unpack[ProviderSettings]) -> None:
        place.of(scope)
        given = provider_settings.check(settings)
        super().__init__(scope, construct_id)
        self.log_group: logs.ILogGroup = given.get("log_group") or log_groups.make_for_functions(self, given)
        """The log group of both functions."""
        self.role: iam.IRole = given.get("role") or roles.make_handler_role(self)
        """The role of both functions."""
        changeable = roles.without_changes(self, "HandlerRoleAsItIs", self.role)
        functions = Functions(self, changeable, self.log_group, given)
        self.function = functions.handler
        """The handler, which CloudFormation calls."""
        self.service_token: str = self.function.function_arn
        """ARN of the handler."""
        self.state_machine_role: iam.IRole = given.get("state_machine_role") or roles.make_state_machine_role(
            self, self.service_token
        )
        """The role of the state machine."""
        self._machine_role = roles.without_changes(self, "StateMachineRoleAsItIs", self.state_machine_role)
        self.state_machine: sfn.StateMachine = state_machine.make(self, self.function, self._machine_role, given)
        """The state machine, which the handler starts; one execution follows one request."""
        self._names, stack = names_in_metadata.GeneratedNames(), Stack.of(self)
        self._access = handler_access.HandlerAccess(
            self,
            changeable,
            state_machine=self.state_machine,
            last_resort=functions.last_resort,
            log_group=self.log_group,
            settings=given,
            at_synthesis=lambda: self._names.write(stack),
        )
        delivery = functions.deliver_events()
        delivery.node.add_dependency(self._access.policy)
        self.state_machine_arn: str = state_machine.arn_for_exports(self.state_machine, delivery)
        """ARN of the state machine. What refers to it waits for all that the handler needs."""
        self.event_bus: events.IEventBus | None = given.get("event_bus")
        """The event bus on which every export publishes its end; None if only those with a rule do."""
        self._settings = given
        self._follower: Follower | None = None

    def serve(self, resource: CfnResource, audience_generation_job_arn: str, properties: dict[str, Any]) -> None:
        """Allow exports of a generation job, and make the resource wait for that."""
        self._names.add(resource, properties)
        policy = self._access.allow_job(audience_generation_job_arn)
        if policy is not self._access.policy:
            resource.node.add_dependency(policy)
        if self.event_bus:
            self.publish_end_of(resource)

    def publish_end_of(self, resource: CfnResource) -> None:
        """Have the end of an export published; the follower is made with the first one that wants that."""
        self._follower = self._follower or Follower(
            self,
            handler=self.function,
            starter=self.state_machine,
            role=self._machine_role,
            access=self._access,
            settings=self._settings,
        )
        resource.add_property_override(FOLLOWER_ARN, self._follower.machine.state_machine_arn)
        resource.node.add_dependency(self._follower.policy)

    @property
    def follower(self) -> sfn.StateMachine | None:
        """The state machine that follows exports until their end is published; None if none wants that yet."""
        return self._follower.machine if self._follower else None

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The role of the functions, to grant it more."""
        return self.function.grant_principal

    @property
    def connections(self) -> ec2.Connections:
        """The connections of the functions; only with a VPC."""
        return self.function.connections

    def add_to_role_policy(self, statement: iam.PolicyStatement) -> None:
        """Allow the functions more; an imported role is not changed."""
        self.function.add_to_role_policy(statement)

    def metric_errors(self, **options: Any) -> cloudwatch.Metric:
        """Return how many calls of the handler failed, the sum over 5 minutes; options as in aws_cloudwatch."""
        return self.function.metric_errors(**options)

    def metric_throttles(self, **options: Any) -> cloudwatch.Metric:
        """Return how many calls of the handler were throttled, the sum over 5 minutes."""
        return self.function.metric_throttles(**options)

    def metric_exports_succeeded(self, **options: Any) -> cloudwatch.Metric:
        """Return how many requests for exports succeeded, the sum over 5 minutes.

        It is ExecutionsSucceeded of the state machine. A request that is refused before it is followed, for a property
        that breaks a rule, and a Delete have no execution.
        """
        return self.state_machine.metric_succeeded(**options)

    def metric_exports_failed(self, **options: Any) -> cloudwatch.Metric:
        """Return how many requests for exports failed, the sum over 5 minutes: ExecutionsFailed of the state machine.

        A request whose answer could not be delivered is one of them.
        """
        return self.state_machine.metric_failed(**options)


def existing(stack: Stack) -> AudienceExportProvider | None:
    """Return the provider of a stack if it is made, and refuse a stack with another construct in its place."""
    if stack not in _of_stack:
        found = stack.node.try_find_child(_DEFAULT_ID)
        if found is None:
            return None
        if not isinstance(found, AudienceExportProvider):
            rule = f"must be in a stack without another construct named {_DEFAULT_ID}"
            raise InvalidArgumentError("scope", rule, stack.node.path)
        _of_stack[stack] = found
    return _of_stack[stack]
