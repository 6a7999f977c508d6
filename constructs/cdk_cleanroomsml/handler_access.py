"""What the handler may do: one policy that every export waits for, and one for each job known only at deployment.

It is a separate policy, not the role's default one: it refers to the state machine, that to the function, and the
function waits for the role's default policy.
"""

from __future__ import annotations

from collections.abc import Callable

import jsii
from aws_cdk import Aspects, IAspect, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IConstruct

from cdk_cleanroomsml import encryption, lint
from cdk_cleanroomsml.job_access import REST_BYTES, JobAccess, every_job_of
from cdk_cleanroomsml.provider_settings import ProviderSettings
from cdk_cleanroomsml.state_machine import executions_of

# What following exports adds to them, and what it adds if the follower is encrypted.
_BYTES_OF_EVENTS, _BYTES_OF_KEY = 832, 416
# What the settings that change the role can add to its policies: VPC, tracing, keys.
_BYTES_OF_SETTINGS = 832
_ADDING = {"vpc", "tracing", "environment_encryption", "encryption_key"}


class HandlerAccess:
    """The permissions of the two functions.

    Args:
        scope: the provider.
        role: the role of the functions, or one that takes no permissions.
        at_synthesis: what else is to be done when the app has declared its exports.
    """

    def __init__(
        self,
        scope: Construct,
        role: iam.IRole,
        *,
        state_machine: sfn.StateMachine,
        last_resort: lambda_.Function,
        log_group: logs.ILogGroup,
        settings: ProviderSettings,
        at_synthesis: Callable[[], None],
    ) -> None:
        stack = Stack.of(scope)
        key = settings.get("encryption_key")
        self.policy = iam.Policy(
            scope,
            "AudienceExportAccess",
            statements=[
                _allow(["logs:CreateLogStream", "logs:PutLogEvents"], [log_group.log_group_arn]),
                _allow(["states:StartExecution", "states:ListExecutions"], [state_machine.state_machine_arn]),
                _allow(["states:StopExecution"], [executions_of(state_machine)]),
                *([encryption.for_caller(key, state_machine)] if key else []),
                _allow(["lambda:InvokeFunction"], [last_resort.function_arn]),
                *_for_exports(stack),
            ],
        )
        """The policy that every export waits for."""
        _acknowledge_wildcards(self.policy, state_machine)
        has_more = bool(_ADDING & settings.keys())
        other_bytes = REST_BYTES + has_more * _BYTES_OF_SETTINGS
        later_bytes = _BYTES_OF_EVENTS + (_BYTES_OF_KEY if key else 0)
        self._jobs = JobAccess(scope, self.policy, role, other_bytes, later_bytes=later_bytes)
        self._key = key
        Aspects.of(self.policy).add(_AttachWhenComplete(self.policy, role, self._jobs, at_synthesis))

    def allow_following(self, follower: sfn.StateMachine) -> None:
        """Allow what the end of exports needs: to stop the follower, and to see whether a resource is still there."""
        stack = Stack.of(follower)
        self._jobs.use_later_bytes()
        self.policy.add_statements(
            _allow(["states:ListExecutions"], [follower.state_machine_arn]),
            _allow(["states:StopExecution"], [executions_of(follower)]),
            _allow(["cloudformation:DescribeStackResource"], [stack.stack_id]),
            *([encryption.for_caller(self._key, follower)] if self._key else []),
        )
        reason = "executions are named after requests, which are unknown at synth"
        lint.acknowledge_wildcard(self.policy, executions_of(follower), reason)

    def allow_job(self, audience_generation_job_arn: str) -> iam.Policy:
        """Allow exports of a generation job, and return the policy that they must wait for."""
        return self._jobs.allow(audience_generation_job_arn)


@jsii.implements(IAspect)
class _AttachWhenComplete:
    """Attaches the policy when the app has declared its exports.

    The report of `Role.customize_roles` has the statements that a policy has when it is attached.
    """

    def __init__(self, policy: iam.Policy, role: iam.IRole, jobs: JobAccess, at_synthesis: Callable[[], None]) -> None:
        self._policy, self._role, self._jobs, self._at_synthesis = policy, role, jobs, at_synthesis

    def visit(self, node: IConstruct) -> None:
        if node is self._policy:
            self._at_synthesis()
            self._jobs.complete()
            self._role.attach_inline_policy(self._policy)


def _models_of(stack: Stack) -> str:
    return stack.format_arn(service="cleanrooms-ml", resource="configured-audience-model", resource_name="*")


def _for_exports(stack: Stack) -> list[iam.PolicyStatement]:
    return [
        # Which model a job belongs to is unknown at synth.
        _allow(["cleanrooms-ml:GetConfiguredAudienceModel"], [_models_of(stack)]),
        # Without a job the API lists the account's exports: which holds a name that is taken, and how many run.
        _allow(["cleanrooms-ml:ListAudienceExportJobs"], ["*"]),
        _allow(["cloudformation:DescribeStacks"], [stack.stack_id]),
    ]


def _acknowledge_wildcards(policy: iam.Policy, machine: sfn.StateMachine) -> None:
    stack = Stack.of(policy)
    for resource, reason in (
        ("*", "lists the exports of the account after a refused start"),
        (executions_of(machine), "executions are named after requests, which are unknown at synth"),
        (_models_of(stack), "reads the sizes of a job's model; which model that is, is unknown at synth"),
        (every_job_of(stack), "allows all jobs only if the ARNs of the declared ones do not fit into a role"),
    ):
        lint.acknowledge_wildcard(policy, resource, reason)


def _allow(actions: list[str], resources: list[str]) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=actions, resources=resources)
