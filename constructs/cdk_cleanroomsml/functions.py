"""The two Lambda functions of a provider, which are of the same code: the handler and its last resort."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from aws_cdk import Duration, Stage
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_cleanroomsml import cdk_releases, handler_code, lint, logical_ids, network_access
from cdk_cleanroomsml.errors import HandlerCodeError
from cdk_cleanroomsml.provider_settings import ProviderSettings
from cdk_cleanroomsml_contract import timeouts

_MEMORY_MIB = 512
# CustomResourceConfig finds the handlers of custom resources by it, and sets their runtime.
_RUNTIME_FAMILY = "aws:cdk:is-custom-resource-handler-runtime-family"


class Functions:
    """The handler and the last resort.

    Args:
        scope: the provider.
        role: the role of both.
        log_group: the log group of both.
        settings: how the provider is configured.
    """

    def __init__(
        self, scope: Construct, role: iam.IRole, log_group: logs.ILogGroup, settings: ProviderSettings
    ) -> None:
        self._scope, self._role, self._log_group, self._settings = scope, role, log_group, settings
        self._code = _code_of(scope)
        self._allow_what_lambda_needs()
        given = settings.get("security_groups")
        self.handler = self._make(
            "Handler", "Custom resource: AWS Clean Rooms ML audience exports", timeouts.FUNCTION_TIMEOUT, given
        )
        # The last resort shares those of the handler, so that one is made at most.
        shared = self.handler.connections.security_groups if "vpc" in settings else None
        self.last_resort = self._make(
            "LastResort",
            "Answers requests for audience exports whose deliveries have failed",
            timeouts.LAST_RESORT_TIMEOUT,
            shared,
        )
        if settings.keys() & {"vpc", "tracing"}:
            lint.acknowledge_wildcard(role, "*", "network interfaces of Lambda and traces have no ARN to allow")

    def deliver_events(self) -> lambda_.CfnEventInvokeConfig:
        """Deliver an event for as long as CloudFormation waits, by default it is six hours; then to the last resort."""
        return lambda_.CfnEventInvokeConfig(
            self._scope,
            "Delivery",
            function_name=self.handler.function_name,
            qualifier="$LATEST",
            maximum_retry_attempts=timeouts.DELIVERY_RETRIES,
            maximum_event_age_in_seconds=int(timeouts.LONGEST_DELIVERY.total_seconds()),
            destination_config=lambda_.CfnEventInvokeConfig.DestinationConfigProperty(
                on_failure=lambda_.CfnEventInvokeConfig.OnFailureProperty(destination=self.last_resort.function_arn)
            ),
        )

    def _allow_what_lambda_needs(self) -> None:
        if "vpc" in self._settings:
            network_access.allow(self._role)
        if key := self._settings.get("environment_encryption"):
            self._role.add_to_principal_policy(iam.PolicyStatement(actions=["kms:Decrypt"], resources=[key.key_arn]))

    def _make(
        self,
        construct_id: str,
        description: str,
        timeout: timedelta,
        security_groups: Sequence[ec2.ISecurityGroup] | None,
    ) -> lambda_.Function:
        settings = self._settings
        logical_id = logical_ids.of_direct_child(self._scope, construct_id)
        function = lambda_.Function(
            self._scope,
            construct_id,
            description=description,
            runtime=settings.get("runtime") or lambda_.Runtime.PYTHON_3_13,
            architecture=settings.get("architecture"),
            code=self._code,
            handler=handler_code.HANDLER,
            role=self._role,
            log_group=self._log_group,
            timeout=Duration.seconds(timeout.total_seconds()),
            memory_size=settings.get("memory_size") or _MEMORY_MIB,
            tracing=settings.get("tracing"),
            environment_encryption=settings.get("environment_encryption"),
            reserved_concurrent_executions=settings.get("reserved_concurrent_executions"),
            vpc=settings.get("vpc"),
            vpc_subnets=settings.get("vpc_subnets"),
            security_groups=security_groups,
            allow_public_subnet=settings.get("allow_public_subnet"),
        )
        logical_ids.keep(function, logical_id)
        lint.acknowledge_redundant_dependency(function)
        cdk_releases.acknowledge(
            function, "AwsSolutions-L1", "the library's tests run the handler on this runtime, or you chose it"
        )
        if "runtime" not in settings:
            function.node.add_metadata(_RUNTIME_FAMILY, lambda_.RuntimeFamily.PYTHON)
        if "vpc" not in settings:
            network_access.allow_if_an_aspect_asks(function, self._role)
        return function


def _code_of(scope: Construct) -> lambda_.Code:
    stage = Stage.of(scope)
    if stage is None:
        raise HandlerCodeError("an audience export must be in a stack that belongs to an App or a Stage")
    return lambda_.Code.from_asset(str(handler_code.assemble(Path(stage.outdir))))
