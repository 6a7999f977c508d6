"""Which stacks `exports` reads, and what it says of those that it could not: a wrong owner may lose an export."""

from typing import Any

import pytest

from cdk_cleanroomsml_cli.facts import EXPORT_TYPE, Unread
from cdk_cleanroomsml_cli.ledger import JobLedger, Owner
from cdk_cleanroomsml_cli.ledger_reading import Ledger, construct_path, read_ledger, scope_of
from cdk_cleanroomsml_cli.stacks import Resource, Stack
from cdk_cleanroomsml_cli.templates import Scope
from cdk_cleanroomsml_contract import identity
from tests.builders.arns import ACCOUNT, JOB, STACK_ID
from tests.builders.assemblies import resource, template
from tests.builders.exports import AT
from tests.fakes.answers import AnsweringClients, Answers
from tests.fakes.aws_clients import FakeCloudFormation, FakeStack, FakeSts, error

DECLARED = resource(path="Campaigns/Export", Name="mine", Description={"Ref": "Text"}, Revision={"Ref": "Later"})
HELD = identity.physical_id(resource(Name="mine")["Properties"], stack_id=STACK_ID, logical_id="Export")
OTHER_ACCOUNT = "444455556666"


def summary(name: str, job: str = JOB) -> dict[str, Any]:
    size = {"type": "PERCENTAGE", "value": 10}
    return {"name": name, "audienceGenerationJobArn": job, "audienceSize": size, "status": "ACTIVE", "createTime": AT}


def stack(name: str = "Campaigns", declared: dict[str, Any] = DECLARED, **changes: Any) -> FakeStack:
    ids = {"Export": HELD} if "physical_ids" not in changes else {}
    return FakeStack(name, template(Export=declared), **({"physical_ids": ids} | changes))


def read(
    *stacks: FakeStack, names: tuple[str, ...] = ("mine",), job: str | None = None, **changes: Any
) -> tuple[Ledger, FakeCloudFormation]:
    """The ledger of these stacks, and of an export of each name; `changes` are other clients and what is denied."""
    cloudformation = FakeCloudFormation(*stacks, at=AT)
    cloudformation.denied |= changes.pop("denied", set())
    listing = Answers(list_audience_export_jobs=[{"audienceExportJobs": [summary(name) for name in names]}])
    clients: dict[str, Any] = {
        "cleanroomsml": listing,
        "cloudformation": cloudformation,
        "sts": FakeSts(ACCOUNT),
    } | changes
    found = read_ledger(AnsweringClients(**clients), job)
    assert isinstance(found, Ledger)
    return found, cloudformation


def owners(found: Ledger) -> list[Owner | None]:
    return [entry.owner for job in found.jobs for entry in job.entries]


def test_the_owner_of_an_export_is_known_with_its_construct_and_properties() -> None:
    found, _ = read(stack(parameters={"Text": "for spring"}))
    known = DECLARED["Properties"] | {"Description": "for spring"}
    for unknown in ("ServiceToken", "StateMachineArn", "Revision"):
        del known[unknown]
    assert owners(found) == [Owner("Campaigns", STACK_ID, "Export", "Campaigns/Export", HELD, known)]
    assert found.unread == ()


def test_a_stack_without_an_export_has_its_template_not_read() -> None:
    other = FakeStack("Queues", {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}, physical_ids={"Queue": "q"})
    _, cloudformation = read(other, stack())
    assert cloudformation.calls == {"DescribeStacks": 1, "ListStackResources": 2, "GetTemplate": 1}


def test_a_stack_that_holds_nothing_is_not_read() -> None:
    found, cloudformation = read(stack("Gone", status="ROLLBACK_COMPLETE"), stack())
    assert cloudformation.calls["ListStackResources"] == 1
    [owner] = owners(found)
    assert owner is not None
    assert owner.stack == "Campaigns"


def test_a_resource_that_is_deleted_owns_nothing() -> None:
    found, cloudformation = read(stack(statuses={"Export": "DELETE_COMPLETE"}))
    assert owners(found) == [None]
    assert cloudformation.calls["GetTemplate"] == 0


def test_a_resource_of_another_type_owns_nothing() -> None:
    other = DECLARED | {"Type": "Custom::Other"}
    assert owners(read(stack(declared=other))[0]) == [None]


class TestDenied:
    def test_without_a_listing_there_is_no_ledger(self) -> None:
        listing = Answers(list_audience_export_jobs=error("List", "AccessDenied", "not you"))
        found = read_ledger(AnsweringClients(cleanroomsml=listing), None)
        assert found == Unread("ListAudienceExportJobs", "AccessDenied", "not you")

    def test_without_the_list_of_stacks_no_owner_is_known(self) -> None:
        found, cloudformation = read(stack(), denied={"DescribeStacks"})
        assert owners(found) == [None]
        assert [str(one) for one in found.unread] == ["DescribeStacks: AccessDenied"]
        assert cloudformation.calls == {"DescribeStacks": 1}

    def test_a_stack_whose_resources_cannot_be_read_is_named(self) -> None:
        found, cloudformation = read(stack(), stack("Other"), denied={"ListStackResources"})
        said = "ListStackResources {}: AccessDenied"
        assert [str(one) for one in found.unread] == [said.format("Campaigns"), said.format("Other")]
        assert owners(found) == [None]
        assert cloudformation.calls["GetTemplate"] == 0

    def test_without_its_template_an_owner_is_known_by_its_physical_id(self) -> None:
        found, _ = read(stack(), denied={"GetTemplate"})
        assert owners(found) == [Owner("Campaigns", STACK_ID, "Export", "Export", HELD, {})]
        assert [str(one) for one in found.unread] == ["GetTemplate Campaigns: AccessDenied"]

    def test_without_the_account_the_arns_stay_as_they_are_listed(self) -> None:
        sts = Answers(get_caller_identity=error("GetCallerIdentity", "AccessDenied", "not you"))
        found, _ = read(stack(), sts=sts)
        assert [job.job for job in found.jobs] == [JOB]
        assert [str(one) for one in found.unread] == ["GetCallerIdentity: AccessDenied"]


def test_a_shared_job_has_the_arn_of_the_own_account() -> None:
    shared = [{"audienceExportJobs": [summary("mine", JOB.replace(ACCOUNT, OTHER_ACCOUNT))]}]
    found, _ = read(stack(), cleanroomsml=Answers(list_audience_export_jobs=shared))
    assert [job.job for job in found.jobs] == [JOB]
    assert owners(found) != [None]


def test_a_job_that_is_named_is_shown_even_without_exports() -> None:
    assert read(names=(), job=JOB)[0].jobs == [JobLedger(JOB, ())]
    assert read(names=())[0].jobs == []
    [one] = read(job=JOB)[0].jobs
    assert len(one.entries) == 1


def test_an_export_that_the_template_has_no_more_is_owned_all_the_same() -> None:
    """While an update removes it, the stack's template is already the new one."""
    cloudformation = Answers(
        describe_stacks=[
            {"Stacks": [{"StackId": STACK_ID, "StackName": "Campaigns", "StackStatus": "UPDATE_COMPLETE"}]}
        ],
        list_stack_resources=[
            {
                "StackResourceSummaries": [
                    {
                        "LogicalResourceId": "Export",
                        "ResourceType": EXPORT_TYPE,
                        "PhysicalResourceId": HELD,
                        "ResourceStatus": "DELETE_FAILED",
                        "LastUpdatedTimestamp": AT,
                    }
                ]
            }
        ],
        get_template={"TemplateBody": {}},
    )
    found, _ = read(cloudformation=cloudformation)
    assert owners(found) == [Owner("Campaigns", STACK_ID, "Export", "Export", HELD, {})]


def test_the_scope_of_a_stack_has_its_parameters_and_its_resources() -> None:
    one = Stack(STACK_ID, "Campaigns", "CREATE_COMPLETE", {"Text": "given", "Both": "parameter"})
    ids = {"Bucket": "a-bucket", "Both": "resource", "NotYet": ""}
    resources = [Resource(name, "AWS::S3::Bucket", value, "CREATE_COMPLETE", AT) for name, value in ids.items()]
    values = {"Text": "given", "Both": "parameter", "Bucket": "a-bucket"}
    assert scope_of(one, resources) == Scope("Campaigns", ACCOUNT, "us-east-1", "aws", values)


@pytest.mark.parametrize(
    ("declared", "path"),
    [
        (resource(path="Campaigns/Export"), "Campaigns/Export"),
        ({"Metadata": {"aws:cdk:path": "Campaigns/Resource/Own"}}, "Campaigns/Resource/Own"),
        ({"Metadata": {}}, "Export"),
        (resource(), "Export"),
    ],
    ids=["of the construct", "own name", "no path", "no metadata"],
)
def test_a_construct_has_the_path_of_its_resource(declared: dict[str, Any], path: str) -> None:
    assert construct_path(declared, "Export") == path
