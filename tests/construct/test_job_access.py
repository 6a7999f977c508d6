"""Which generation jobs the handler may use, and that the policies for them fit into a role and make no cycle."""

import json
import re
from typing import Any

import pytest
from aws_cdk import App, CfnResource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from cdk_cleanroomsml import AudienceExportProvider, job_access
from cdk_cleanroomsml.job_access import JobAccess
from tests.builders.arns import JOB
from tests.builders.role_policies import (
    LIKELY,
    ROLE_BYTES,
    bytes_of_role,
    is_every,
    job_resources,
    literal,
    of_account,
    parameter,
)
from tests.builders.stacks import EXPORT, declare, settings_of_every_kind
from tests.builders.templates import waits_for


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


@pytest.mark.parametrize("jobs", [1, 60], ids=["1 job", "60 jobs"])
def test_60_generation_jobs_are_allowed_by_name(stack: Stack, jobs: int) -> None:
    arns = [literal(number) for number in range(jobs)]
    for number, arn in enumerate([*arns, *arns]):
        declare(stack, f"Export{number}", audience_generation_job_arn=arn)
    template = Template.from_stack(stack)
    assert job_resources(template) == arns
    assert bytes_of_role(template) <= ROLE_BYTES


@pytest.mark.parametrize(("jobs", "length"), [(75, len(JOB)), (60, 227), (4, 2048)], ids=repr)
def test_the_account_s_generation_jobs_are_allowed_if_their_arns_do_not_fit(
    stack: Stack, jobs: int, length: int
) -> None:
    for number in range(jobs):
        declare(stack, f"Export{number}", audience_generation_job_arn=literal(number, length))
    template = Template.from_stack(stack)
    [resource] = job_resources(template)
    assert is_every(resource)
    assert bytes_of_role(template) <= ROLE_BYTES


def test_arns_that_are_known_but_for_the_account_are_counted_as_long_as_they_can_be(stack: Stack) -> None:
    for number in range(66):
        declare(stack, f"Export{number}", audience_generation_job_arn=of_account(stack, number))
    template = Template.from_stack(stack)
    assert not any(map(is_every, job_resources(template)))
    template.resource_count_is("AWS::IAM::Policy", 1)
    assert ROLE_BYTES - 200 < bytes_of_role(template) <= ROLE_BYTES


@pytest.mark.parametrize(
    ("literals", "tokens", "by_name"),
    [(0, 15, True), (30, 9, True), (0, 16, False), (70, 2, False), (60, 15, False), (3, 60, False)],
    ids=repr,
)
def test_arns_that_are_known_at_deployment_count_as_likely_long(
    stack: Stack, literals: int, tokens: int, by_name: bool
) -> None:
    arns = [parameter(stack, number) for number in range(tokens)] + [literal(number) for number in range(literals)]
    for number, arn in enumerate(arns):
        declare(stack, f"Export{number}", audience_generation_job_arn=arn)
    template = Template.from_stack(stack)
    assert any(map(is_every, job_resources(template))) != by_name
    if by_name:
        assert len(job_resources(template)) == len(arns)
    assert bytes_of_role(template) <= ROLE_BYTES


def test_the_rest_of_the_policies_leaves_the_generation_jobs_their_bytes(stack: Stack) -> None:
    declare(stack)
    rest = bytes_of_role(Template.from_stack(stack)) - len(JOB)
    assert job_access.REST_BYTES - 200 < rest <= job_access.REST_BYTES
    assert job_access.REST_BYTES == 2_304, "with another number a deployed stack gets other policies"


def test_with_every_setting_the_generation_jobs_fit_too(stack: Stack) -> None:
    """What the settings add to the role is counted."""
    needing_nothing = {"role", "state_machine_role", "log_group", "event_bus"}
    settings = {name: value for name, value in settings_of_every_kind(stack).items() if name not in needing_nothing}
    AudienceExportProvider.configure(stack, **settings)
    for number in range(65):
        declare(stack, f"Export{number}", audience_generation_job_arn=literal(number))
    template = Template.from_stack(stack)
    assert not any(map(is_every, job_resources(template)))
    assert ROLE_BYTES - 300 < bytes_of_role(template) <= ROLE_BYTES


def test_the_shared_policy_never_refers_to_a_job(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where one more ARN would fit, but not one more policy."""
    monkeypatch.setattr(job_access, "ROLE_BYTES", job_access.REST_BYTES + 900 + 832)
    for number in range(2):
        declare(stack, f"Export{number}", audience_generation_job_arn=parameter(stack, number))
    every, own = sorted(job_resources(Template.from_stack(stack)), key=lambda one: "Ref" in one)
    assert is_every(every)
    assert own == {"Ref": "Job0"}


def test_an_export_may_take_its_job_from_another_export(stack: Stack) -> None:
    """Template.from_stack fails for a cycle."""
    first = declare(stack, "First")
    resource = first.node.find_child("Resource")
    assert isinstance(resource, CfnResource)
    arn = resource.get_att("AudienceGenerationJobArn").to_string()
    declare(stack, "Second", audience_generation_job_arn=arn)
    Template.from_stack(stack).resource_count_is(EXPORT, 2)


def test_an_export_may_take_its_job_from_a_resource_that_waits_for_another_export(stack: Stack) -> None:
    first = declare(stack, "First")
    job = CfnResource(stack, "Job", type="Custom::GenerationJob")
    job.node.add_dependency(first)
    for name in ("Second", "Third"):
        declare(stack, name, audience_generation_job_arn=job.get_att("Arn").to_string())
    template = Template.from_stack(stack)
    own = {"Fn::GetAtt": ["Job", "Arn"]}
    assert job_resources(template) == [JOB, own]
    [policy] = [name for name in template.find_resources("AWS::IAM::Policy") if "JobAccess" in name]
    waits = {name: policy in waits_for(template.to_json(), name) for name in template.find_resources(EXPORT)}
    assert sorted(waits.values()) == [False, True, True], "only its exports wait for the policy of the job"


def test_one_attribute_of_resources_in_two_stacks_is_two_jobs() -> None:
    app = App()
    stacks = [Stack(app, name) for name in ("First", "Second")]
    jobs = [CfnResource(stack, "Job", type="Custom::GenerationJob") for stack in stacks]
    for number, job in enumerate(jobs):
        declare(stacks[0], f"Export{number}", audience_generation_job_arn=job.get_att("Arn").to_string())
    imported, own = sorted(job_resources(Template.from_stack(stacks[0])), key=lambda one: "Fn::GetAtt" in one)
    assert "Fn::ImportValue" in imported
    assert own == {"Fn::GetAtt": ["Job", "Arn"]}


def test_the_policy_of_a_job_has_the_same_id_in_every_synthesis(stack: Stack) -> None:
    """It is made of what the ARN refers to: the CDK gives a token another number each time."""
    found = []
    for one in (stack, Stack(App(), "Campaigns")):
        declare(one, audience_generation_job_arn=parameter(one, 0))
        found.append([name for name in Template.from_stack(one).find_resources("AWS::IAM::Policy") if "Job" in name])
    [[first], [second]] = found
    assert first == second
    assert re.fullmatch("CleanRoomsMLAudienceExportsJobAccess[0-9a-f]{8}[0-9A-F]{8}", first)


def test_an_export_that_is_declared_after_synthesis_has_a_policy_of_its_own(stack: Stack) -> None:
    """So it is allowed too, although the shared policy is complete."""
    declare(stack, "First")
    Template.from_stack(stack)
    late = literal(1)
    declare(stack, "Late", audience_generation_job_arn=late)
    stack.node.root.synth(force=True)  # type: ignore[attr-defined]
    assert job_resources(Template.from_stack(stack)) == [JOB, late]


class TestTheLastByte:
    """A role that is one byte too long fails the deployment, and one that has room need not allow all jobs."""

    AROUND = len('"",')
    EVERY = AROUND + len("arn:aws-us-gov:cleanrooms-ml:ap-southeast-1:111122223333:audience-generation-job/*")

    @pytest.fixture
    def shared(self, stack: Stack) -> iam.Policy:
        return iam.Policy(stack, "Shared")

    def access(self, stack: Stack, shared: iam.Policy, *other_bytes: int, later_bytes: int | None = None) -> JobAccess:
        role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        later = {} if later_bytes is None else {"later_bytes": later_bytes}
        return JobAccess(stack, shared, role, *other_bytes, **later)

    def resources(self, stack: Stack, policy: iam.Policy) -> list[Any]:
        [statement] = stack.resolve(policy.document)["Statement"]
        assert statement["Action"] == [
            "cleanrooms-ml:StartAudienceExportJob",
            "cleanrooms-ml:ListAudienceExportJobs",
            "cleanrooms-ml:GetAudienceGenerationJob",
        ]
        found = statement["Resource"]
        return found if isinstance(found, list) else [found]

    def apart(self) -> int:
        """How long the policy of one job is, with an ARN of the length that is likely."""
        stack = Stack(App(), "Other")
        policy = self.access(stack, iam.Policy(stack, "Shared"), 0).allow(parameter(stack, 0))
        document = stack.resolve(policy.document)
        document["Statement"][0]["Resource"] = "x" * LIKELY
        return len(json.dumps(document, separators=(",", ":")))

    @pytest.mark.parametrize("too_few", [0, 1])
    def test_arns_in_the_shared_policy_are_counted_with_what_is_around_them(
        self, stack: Stack, shared: iam.Policy, too_few: int
    ) -> None:
        arns = [literal(number) for number in range(3)]
        room = sum(len(arn) + self.AROUND for arn in arns) - too_few
        jobs = self.access(stack, shared, ROLE_BYTES - room)
        assert all(jobs.allow(arn) is shared for arn in (*arns, arns[0]))
        jobs.complete()
        found = self.resources(stack, shared)
        assert [is_every(one) for one in found] == [True] if too_few else found == arns

    @pytest.mark.parametrize("too_few", [0, 1])
    def test_by_default_the_rest_of_the_policies_is_left_out(
        self, stack: Stack, shared: iam.Policy, too_few: int
    ) -> None:
        arn = literal(0, ROLE_BYTES - job_access.REST_BYTES - self.AROUND + too_few)
        jobs = self.access(stack, shared)
        jobs.allow(arn)
        jobs.complete()
        [found] = self.resources(stack, shared)
        assert is_every(found) if too_few else found == arn

    @pytest.mark.parametrize("too_few", [0, 1])
    @pytest.mark.parametrize("later_bytes", [None, 100])
    def test_a_policy_apart_leaves_room_for_what_comes_later_and_for_every_job(
        self, stack: Stack, shared: iam.Policy, later_bytes: int | None, too_few: int
    ) -> None:
        room = self.apart() + self.EVERY + (later_bytes or 0) - too_few
        jobs = self.access(stack, shared, ROLE_BYTES - room, later_bytes=later_bytes)
        policy = jobs.allow(parameter(stack, 0))
        assert (policy is shared) == bool(too_few)
        assert jobs.allow(parameter(stack, 1)) is shared, "there is no room for a second one"
        jobs.complete()
        assert [is_every(one) for one in self.resources(stack, shared)] == [True]

    @pytest.mark.parametrize("too_few", [0, 1])
    def test_a_policy_apart_takes_room_from_the_shared_one(
        self, stack: Stack, shared: iam.Policy, too_few: int
    ) -> None:
        arns = [literal(number) for number in range(2)]
        room = self.apart() + sum(len(arn) + self.AROUND for arn in arns) - too_few
        jobs = self.access(stack, shared, ROLE_BYTES - room)
        own = parameter(stack, 0)
        policy = jobs.allow(own)
        assert jobs.allow(own) is policy is not shared
        for arn in arns:
            jobs.allow(arn)
        jobs.complete()
        found = self.resources(stack, shared)
        assert [is_every(one) for one in found] == [True] if too_few else found == arns

    def test_an_arn_with_a_part_that_is_not_known_has_no_place_in_the_shared_policy(
        self, stack: Stack, shared: iam.Policy
    ) -> None:
        jobs = self.access(stack, shared, 0)
        assert jobs.allow(JOB.rpartition("/")[0] + "/" + parameter(stack, 0)) is not shared

    @pytest.mark.parametrize("times", [0, 1, 2])
    def test_what_comes_later_takes_its_room_once(self, stack: Stack, shared: iam.Policy, times: int) -> None:
        arn = literal(0)
        jobs = self.access(stack, shared, ROLE_BYTES - len(arn) - self.AROUND - (100 if times else 0), later_bytes=100)
        for _ in range(times):
            jobs.use_later_bytes()
        jobs.allow(arn)
        jobs.complete()
        assert self.resources(stack, shared) == [arn]

    def test_room_that_later_bytes_have_taken_is_gone(self, stack: Stack, shared: iam.Policy) -> None:
        arn = literal(0)
        jobs = self.access(stack, shared, ROLE_BYTES - len(arn) - self.AROUND - 99, later_bytes=100)
        jobs.use_later_bytes()
        jobs.allow(arn)
        jobs.complete()
        assert [is_every(one) for one in self.resources(stack, shared)] == [True]

    def test_the_shared_policy_is_written_once_and_only_if_a_job_is_in_it(
        self, stack: Stack, shared: iam.Policy
    ) -> None:
        jobs = self.access(stack, shared, 0)
        jobs.allow(parameter(stack, 0))
        jobs.complete()
        assert shared.document.is_empty
        late = jobs.allow(literal(0))
        assert late is not shared, "the shared policy is complete"
        jobs.complete()
        assert shared.document.is_empty
