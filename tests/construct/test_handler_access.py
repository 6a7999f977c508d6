"""What the handler may do, by its exact statements: one too few fails a deployment, one too many is a risk.

How the generation jobs are allowed is in test_job_access; here a fake notes what is requested.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.assertions import Template
from constructs import Construct

from cdk_cleanroomsml import encryption, handler_access, provider_settings
from cdk_cleanroomsml.handler_access import HandlerAccess
from cdk_cleanroomsml.job_access import REST_BYTES
from cdk_cleanroomsml.state_machine import executions_of
from tests.builders.arns import ACCOUNT, JOB
from tests.builders.stacks import settings_of_every_kind
from tests.fakes.acknowledgments import Acknowledgments


class Jobs:
    """`JobAccess`, which notes what is requested."""

    def __init__(self, order: list[str]) -> None:
        self.order, self.allowed = order, list[str]()
        self.bytes_left_out = (0, 0)

    def make(
        self, scope: Construct, shared: iam.Policy, role: iam.IRole, other_bytes: int, *, later_bytes: int
    ) -> Jobs:
        self.shared, self.role, self.bytes_left_out = shared, role, (other_bytes, later_bytes)
        return self

    def allow(self, audience_generation_job_arn: str) -> iam.Policy:
        self.allowed.append(audience_generation_job_arn)
        return self.shared

    def use_later_bytes(self) -> None:
        self.order.append("room for what comes later")

    def complete(self) -> None:
        self.order.append("jobs complete")


class Role(iam.Role):
    """A role that notes when a policy is attached."""

    order: list[str]

    def attach_inline_policy(self, policy: iam.Policy) -> None:
        if (attached := f"{policy.node.id} attached") not in self.order:  # the policy attaches itself in turn
            self.order.append(attached)
        super().attach_inline_policy(policy)


@dataclass
class Made:
    """The access of a provider, and what it is made of."""

    stack: Stack
    jobs: Jobs
    machine: sfn.StateMachine
    last_resort: lambda_.Function
    log_group: logs.LogGroup
    role: Role
    access: HandlerAccess
    order: list[str] = field(default_factory=list)

    def statements(self) -> list[tuple[Any, Any]]:
        """The actions and resources of the policy."""
        [policy] = Template.from_stack(self.stack).find_resources("AWS::IAM::Policy").values()
        found = policy["Properties"]["PolicyDocument"]["Statement"]
        assert all(one["Effect"] == "Allow" for one in found)
        return [(one["Action"], one["Resource"]) for one in found]

    def resolved(self, *statements: tuple[Any, Any]) -> list[tuple[Any, Any]]:
        return [(actions, self.stack.resolve(resource)) for actions, resource in statements]


@pytest.fixture
def stack() -> Stack:
    app = App(context={"@aws-cdk/core:enablePartitionLiterals": True})
    return Stack(app, "Campaigns", env=Environment(account=ACCOUNT, region="us-east-1"))


DEFINITION = sfn.DefinitionBody.from_string('{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}')


def machine_in(stack: Stack, construct_id: str) -> sfn.StateMachine:
    role = iam.Role.from_role_arn(stack, f"{construct_id}Role", f"arn:aws:iam::{ACCOUNT}:role/machine", mutable=False)
    return sfn.StateMachine(stack, construct_id, definition_body=DEFINITION, role=role)


def make(stack: Stack, monkeypatch: pytest.MonkeyPatch, *names: str) -> Made:
    """The access of a provider for which the named settings are set."""
    order: list[str] = []
    jobs = Jobs(order)
    monkeypatch.setattr(handler_access, "JobAccess", jobs.make)
    every = settings_of_every_kind(stack) if names else {}
    settings: dict[str, Any] = {name: value for name, value in every.items() if name in names}
    own_role = iam.Role.from_role_arn(stack, "OwnRole", f"arn:aws:iam::{ACCOUNT}:role/function", mutable=False)
    runtime, code = lambda_.Runtime.PYTHON_3_13, lambda_.Code.from_inline("pass")
    last_resort = lambda_.Function(
        stack, "LastResort", runtime=runtime, code=code, handler="index.handler", role=own_role
    )
    machine, log_group = machine_in(stack, "StateMachine"), logs.LogGroup(stack, "Logs")
    role = Role(stack, "HandlerRole", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    role.order = order
    access = HandlerAccess(
        Construct(stack, "Provider"),
        role,
        state_machine=machine,
        last_resort=last_resort,
        log_group=log_group,
        settings=provider_settings.check(settings),
        at_synthesis=lambda: order.append("at synthesis"),
    )
    return Made(stack, jobs, machine, last_resort, log_group, role, access, order)


MODELS = f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:configured-audience-model/*"
JOBS = f"arn:aws:cleanrooms-ml:us-east-1:{ACCOUNT}:audience-generation-job/*"


def test_it_may_log_follow_requests_reach_the_last_resort_and_read_what_exports_need(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(stack, monkeypatch)
    assert made.statements() == made.resolved(
        (["logs:CreateLogStream", "logs:PutLogEvents"], made.log_group.log_group_arn),
        (["states:StartExecution", "states:ListExecutions"], made.machine.state_machine_arn),
        ("states:StopExecution", executions_of(made.machine)),
        ("lambda:InvokeFunction", made.last_resort.function_arn),
        ("cleanrooms-ml:GetConfiguredAudienceModel", MODELS),
        ("cleanrooms-ml:ListAudienceExportJobs", "*"),
        ("cloudformation:DescribeStacks", stack.stack_id),
    )
    assert made.access.policy.node.path == "Campaigns/Provider/AudienceExportAccess"


def test_with_a_key_it_may_start_executions_whose_data_are_encrypted(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(stack, monkeypatch, "encryption_key")
    key = stack.node.find_child("Key")
    used = encryption.for_caller(key, made.machine)  # type: ignore[arg-type]
    assert (["kms:Decrypt", "kms:GenerateDataKey"], stack.resolve(used.resources[0])) in made.statements()
    assert len(made.statements()) == 8


class TestFollowing:
    def test_it_may_stop_the_follower_and_look_at_resources(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = make(stack, monkeypatch)
        before = len(made.access.policy.document.to_json()["Statement"])
        follower = machine_in(stack, "Follower")
        made.access.allow_following(follower)
        assert made.order == ["room for what comes later"]
        assert made.statements()[before:] == made.resolved(
            ("states:ListExecutions", follower.state_machine_arn),
            ("states:StopExecution", executions_of(follower)),
            ("cloudformation:DescribeStackResource", stack.stack_id),
        )

    def test_with_a_key_it_may_use_that_for_the_follower_too(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        made = make(stack, monkeypatch, "encryption_key")
        follower = machine_in(stack, "Follower")
        made.access.allow_following(follower)
        [policy] = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
        conditions = [one.get("Condition") for one in policy["Properties"]["PolicyDocument"]["Statement"]]
        context = "kms:EncryptionContext:aws:states:stateMachineArn"
        assert [one for one in conditions if one] == [
            {"StringEquals": {context: stack.resolve(machine.state_machine_arn)}}
            for machine in (made.machine, follower)
        ]

    def test_the_wildcard_of_its_executions_is_acknowledged(
        self, stack: Stack, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        acknowledgments = Acknowledgments(monkeypatch)
        made = make(stack, monkeypatch)
        made.access.allow_following(machine_in(stack, "Follower"))
        found = acknowledgments.rules(made.access.policy)
        assert [rule for rule in found if "execution:<Follower" in rule and rule.endswith(".Name>:*]")] == found[-1:]


def test_each_wildcard_is_acknowledged(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    acknowledgments = Acknowledgments(monkeypatch)
    made = make(stack, monkeypatch)
    every, executions, models, jobs = acknowledgments.rules(made.access.policy)
    assert every == "AwsSolutions-IAM5[Resource::*]"
    assert executions.startswith(f"AwsSolutions-IAM5[Resource::arn:aws:states:us-east-1:{ACCOUNT}:execution:<")
    assert (models, jobs) == tuple(f"AwsSolutions-IAM5[Resource::{arn}]" for arn in (MODELS, JOBS))


def test_a_job_is_allowed_as_job_access_does(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(stack, monkeypatch)
    assert made.access.allow_job(JOB) is made.access.policy
    assert made.jobs.allowed == [JOB]
    assert made.jobs.shared is made.access.policy
    assert made.jobs.role is made.role


OF_SETTINGS, OF_EVENTS, OF_KEY = 832, 832, 416


@pytest.mark.parametrize(
    ("setting", "other", "later"),
    [
        ((), REST_BYTES, OF_EVENTS),
        (("vpc",), REST_BYTES + OF_SETTINGS, OF_EVENTS),
        (("tracing",), REST_BYTES + OF_SETTINGS, OF_EVENTS),
        (("environment_encryption",), REST_BYTES + OF_SETTINGS, OF_EVENTS),
        (("encryption_key",), REST_BYTES + OF_SETTINGS, OF_EVENTS + OF_KEY),
        (("memory_size", "runtime"), REST_BYTES, OF_EVENTS),
    ],
    ids=lambda one: ", ".join(one) or "nothing" if isinstance(one, tuple) else "",
)
def test_what_settings_and_events_add_to_the_role_is_room_that_jobs_do_not_have(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, setting: tuple[str, ...], other: int, later: int
) -> None:
    """With another number a deployed stack gets other policies, though its app is the same."""
    assert make(stack, monkeypatch, *setting).jobs.bytes_left_out == (other, later)


def test_the_policy_is_attached_once_when_the_app_has_declared_its_exports(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report of `Role.customize_roles` has the statements that a policy has when it is attached."""
    made = make(stack, monkeypatch)
    assert made.order == []
    Template.from_stack(stack)
    assert made.order == ["at synthesis", "jobs complete", "AudienceExportAccess attached"]
