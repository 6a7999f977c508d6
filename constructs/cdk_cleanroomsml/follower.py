"""The follower: the state machine that looks for the end of exports whose requests are answered, and publishes it.

A provider has one only if an export wants events. Then the state machine that follows requests starts it.
"""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from cdk_cleanroomsml import follower_states, state_machine, states
from cdk_cleanroomsml.handler_access import HandlerAccess
from cdk_cleanroomsml.provider_settings import ProviderSettings


class Follower:
    """The follower of a provider.

    Args:
        scope: the provider.
        starter: the state machine that follows requests.
        role: the role of both state machines, or one that takes no permissions.
        access: the permissions of the handler.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        handler: lambda_.Function,
        starter: sfn.StateMachine,
        role: iam.IRole,
        access: HandlerAccess,
        settings: ProviderSettings,
    ) -> None:
        stack = Stack.of(scope)
        bus = _arn_of(settings.get("event_bus"), stack)
        definition = follower_states.definition(handler.function_arn, event_bus_arn=bus, partition=stack.partition)
        self.machine = state_machine.make_one(scope, "Follower", definition, role, settings)
        """The state machine; one execution follows one export."""
        arn = self.machine.state_machine_arn
        following = states.with_follower(handler.function_arn, follower_arn=arn, partition=stack.partition)
        state_machine.redefine(starter, following)
        # Not in the role's default policy, for which the follower waits.
        self.policy = iam.Policy(
            scope,
            "FollowerAccess",
            statements=[
                iam.PolicyStatement(actions=["states:StartExecution"], resources=[arn]),
                iam.PolicyStatement(actions=["events:PutEvents"], resources=[bus]),
            ],
        )
        """What the role of both state machines needs for it."""
        role.attach_inline_policy(self.policy)
        access.allow_following(self.machine)


def _arn_of(bus: events.IEventBus | None, stack: Stack) -> str:
    if bus:
        return bus.event_bus_arn
    return stack.format_arn(service="events", resource="event-bus", resource_name="default")
