"""Which generation jobs the handler may use, and that the policies for them fit into a role and make no cycle."""

import pytest
from aws_cdk import App, CfnResource, Stack
from aws_cdk.assertions import Template

from cdk_cleanroomsml import AudienceExportProvider, job_access
from tests.builders.arns import JOB
from tests.builders.role_policies import (
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

LIKELY = 256


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


def test_an_export_that_is_declared_after_synthesis_has_a_policy_of_its_own(stack: Stack) -> None:
    """So it is allowed too, although the shared policy is complete."""
    declare(stack, "First")
    Template.from_stack(stack)
    late = literal(1)
    declare(stack, "Late", audience_generation_job_arn=late)
    stack.node.root.synth(force=True)  # type: ignore[attr-defined]
    assert job_resources(Template.from_stack(stack)) == [JOB, late]
