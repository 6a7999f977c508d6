"""Which generation jobs the handler may use, and that the policies for them fit into a role and make no cycle."""

import json
from typing import Any

import pytest
from aws_cdk import App, CfnParameter, CfnResource, Stack
from aws_cdk.assertions import Template

from cdk_cleanroomsml import AudienceExportProvider, job_access
from tests.builders.arns import JOB
from tests.builders.stacks import EXPORT, declare, settings_of_every_kind, waited_for

LIKELY, ROLE_BYTES = 256, 10_240


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


def literal(number: int, length: int = len(JOB)) -> str:
    return JOB[:-4] + "0" * (length - len(JOB)) + f"{number:04}"


def of_account(stack: Stack, number: int) -> str:
    """An ARN that is known but for the stack's account, Region and partition."""
    return stack.format_arn(
        service="cleanrooms-ml", resource="audience-generation-job", resource_name=f"{number:04}{JOB[-32:]}"
    )


def parameter(stack: Stack, number: int) -> str:
    return CfnParameter(stack, f"Job{number}").value_as_string


def policies_of_handler(template: Template) -> dict[str, dict[str, Any]]:
    """The inline policies of the handler's role."""
    roles = template.find_resources("AWS::IAM::Role")
    [(role_id, role)] = [(name, role) for name, role in roles.items() if "HandlerRole" in name]
    found = {policy["PolicyName"]: policy["PolicyDocument"] for policy in role["Properties"].get("Policies", [])}
    for name, policy in template.find_resources("AWS::IAM::Policy").items():
        if policy["Properties"]["Roles"] == [{"Ref": role_id}]:
            found[name] = policy["Properties"]["PolicyDocument"]
    return found


def job_resources(template: Template) -> list[Any]:
    """The resources of every statement that allows a start."""
    found: list[Any] = []
    for document in policies_of_handler(template).values():
        for statement in document["Statement"]:
            if "cleanrooms-ml:StartAudienceExportJob" in statement["Action"]:
                resources = statement["Resource"]
                found += resources if isinstance(resources, list) else [resources]
    return found


def is_every(resource: Any) -> bool:
    return "audience-generation-job/*" in json.dumps(resource)


# As long as AWS lets the names be that CloudFormation makes.
_ARN = len("arn:aws-us-gov:cloudformation:ap-southeast-1:111122223333:stack//")
LONGEST = {
    "AWS::Partition": len("aws-us-gov"),
    "AWS::Region": len("ap-southeast-1"),
    "AWS::AccountId": 12,
    "AWS::StackId": _ARN + 128 + 36,
    "Logs": _ARN + 512,
    "StateMachine": _ARN + 80,
    "LastResort": _ARN + 64,
    # A key is given by its ARN; the id of one in several Regions is longer.
    "Key": len("arn:aws-us-gov:kms:ap-southeast-1:111122223333:key/mrk-") + 36,
    "EnvironmentKey": len("arn:aws-us-gov:kms:ap-southeast-1:111122223333:key/mrk-") + 36,
}


def at_longest(value: Any) -> Any:
    """Replace what refers to something by the longest text that it can be."""
    if isinstance(value, list):
        return [at_longest(one) for one in value]
    if not isinstance(value, dict):
        return value
    if "Fn::Join" in value:
        return "".join(at_longest(value["Fn::Join"][1]))
    [target] = [value.get("Ref")] if "Ref" in value else value.get("Fn::GetAtt", [None])[:1]
    if target is None:
        return {key: at_longest(inner) for key, inner in value.items()}
    lengths = [length for name, length in LONGEST.items() if name in target.removeprefix("CleanRoomsMLAudienceExports")]
    return "x" * (lengths[0] if lengths else LIKELY)


def bytes_of_role(template: Template) -> int:
    documents = at_longest(list(policies_of_handler(template).values()))
    return sum(len(json.dumps(document, separators=(",", ":"))) for document in documents)


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
    [(0, 17, True), (30, 9, True), (0, 18, False), (70, 2, False), (60, 15, False), (3, 60, False)],
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
    needing_nothing = {"role", "state_machine_role", "log_group"}
    settings = {name: value for name, value in settings_of_every_kind(stack).items() if name not in needing_nothing}
    AudienceExportProvider.configure(stack, **settings)
    for number in range(65):
        declare(stack, f"Export{number}", audience_generation_job_arn=literal(number))
    template = Template.from_stack(stack)
    assert not any(map(is_every, job_resources(template)))
    assert ROLE_BYTES - 300 < bytes_of_role(template) <= ROLE_BYTES


def test_the_shared_policy_never_refers_to_a_job(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where one more ARN would fit, but not one more policy."""
    monkeypatch.setattr(job_access, "ROLE_BYTES", job_access.REST_BYTES + 900)
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
    waits = {name: policy in waited_for(template, name) for name in template.find_resources(EXPORT)}
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
