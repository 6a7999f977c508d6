"""What the answers of CloudFormation become, and its errors: whose an export is, and what an update finds."""

from datetime import timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from cdk_cleanroomsml_cli import stacks
from cdk_cleanroomsml_cli.facts import EXPORT_TYPE, NESTED_STACK_TYPE, DeployedResource, Unread
from cdk_cleanroomsml_cli.stacks import Resource, Stack, StackEvent
from tests.builders.arns import ACCOUNT, STACK_ID
from tests.builders.assemblies import resource, template
from tests.builders.exports import AT
from tests.fakes.answers import Answers
from tests.fakes.aws_clients import FakeCloudFormation, FakeStack, error

NO_ANSWER = ConnectTimeoutError(endpoint_url="https://example.com")
STACK = Stack(STACK_ID, "Campaigns", "CREATE_COMPLETE")
LOCAL = timezone(timedelta(hours=2))
failures = pytest.mark.parametrize(
    ("raised", "code"), [(error("Read", "AccessDenied", "not you"), "AccessDenied"), (NO_ANSWER, "ConnectTimeoutError")]
)


def described(**changes: Any) -> dict[str, Any]:
    return {"StackId": STACK_ID, "StackName": "Campaigns", "StackStatus": "CREATE_COMPLETE"} | changes


def summary(**changes: Any) -> dict[str, Any]:
    one = {"LogicalResourceId": "Export", "ResourceType": EXPORT_TYPE, "ResourceStatus": "CREATE_COMPLETE"}
    return one | {"LastUpdatedTimestamp": AT.astimezone(LOCAL)} | changes


def unread(found: object, operation: str, code: str) -> bool:
    return isinstance(found, Unread) and (found.operation, found.code) == (operation, code)


class TestAccount:
    def test_it_is_that_of_the_credentials(self) -> None:
        answer = {"Account": ACCOUNT, "Arn": f"arn:aws-cn:iam::{ACCOUNT}:user/reader"}
        assert stacks.read_account(Answers(get_caller_identity=answer)) == (ACCOUNT, "aws-cn")

    @failures
    def test_one_that_cannot_be_read(self, raised: Exception, code: str) -> None:
        assert unread(stacks.read_account(Answers(get_caller_identity=raised)), "GetCallerIdentity", code)


class TestStack:
    def test_it_is_read_by_its_name(self) -> None:
        client = Answers(describe_stacks={"Stacks": [described()]})
        assert stacks.read_stack(client, "Campaigns") == STACK
        assert client.requests == [("describe_stacks", {"StackName": "Campaigns"})]

    def test_a_parameter_has_the_value_that_it_stands_for(self) -> None:
        parameters = [
            {"ParameterKey": "Job", "ParameterValue": "of-spring"},
            {"ParameterKey": "Shared", "ParameterValue": "/jobs/spring", "ResolvedValue": "resolved"},
            {"ParameterKey": "Hidden"},
        ]
        read = stacks.read_stack(Answers(describe_stacks={"Stacks": [described(Parameters=parameters)]}), "Campaigns")
        assert isinstance(read, Stack)
        assert read.parameters == {"Job": "of-spring", "Shared": "resolved", "Hidden": ""}

    def test_one_that_does_not_exist_is_none(self) -> None:
        missing = error("DescribeStacks", "ValidationError", "does not exist")
        assert stacks.read_stack(Answers(describe_stacks=missing), "Campaigns") is None

    @failures
    def test_one_that_cannot_be_read_is_not_missing(self, raised: Exception, code: str) -> None:
        assert unread(stacks.read_stack(Answers(describe_stacks=raised), "Campaigns"), "DescribeStacks", code)

    def test_an_error_without_a_code_does_not_say_that_it_is_missing(self) -> None:
        read = stacks.read_stack(Answers(describe_stacks=ClientError({}, "DescribeStacks")), "Campaigns")
        assert unread(read, "DescribeStacks", "UnknownError")

    @pytest.mark.parametrize(
        ("status", "nothing"),
        [
            ("REVIEW_IN_PROGRESS", True),
            ("ROLLBACK_COMPLETE", True),
            ("DELETE_COMPLETE", True),
            ("CREATE_COMPLETE", False),
            ("UPDATE_ROLLBACK_COMPLETE", False),
            ("ROLLBACK_FAILED", False),
        ],
    )
    def test_one_that_was_never_created_or_rolled_back_holds_nothing(self, status: str, nothing: bool) -> None:
        assert Stack(STACK_ID, "Campaigns", status).holds_nothing is nothing


class TestStacks:
    def test_every_page_is_read(self) -> None:
        pages = [{"Stacks": [described(), described(StackName="Other")]}, {"Stacks": [described(StackName="Third")]}]
        read = stacks.read_stacks(Answers(describe_stacks=pages))
        assert isinstance(read, list)
        assert [stack.name for stack in read] == ["Campaigns", "Other", "Third"]

    @failures
    def test_what_cannot_be_read(self, raised: Exception, code: str) -> None:
        assert unread(stacks.read_stacks(Answers(describe_stacks=raised)), "DescribeStacks", code)


class TestResources:
    def test_every_page_is_read(self) -> None:
        pages = [{"StackResourceSummaries": [summary()]}, {"StackResourceSummaries": [summary()] * 2}]
        client = Answers(list_stack_resources=pages)
        read = stacks.read_resources(client, STACK_ID)
        assert read == [Resource("Export", EXPORT_TYPE, "", "CREATE_COMPLETE", AT)] * 3
        assert client.requests == [("list_stack_resources", {"StackName": STACK_ID})]

    def test_one_has_a_physical_id_a_time_and_a_reason(self) -> None:
        one = summary(PhysicalResourceId="mine-1", ResourceStatusReason="taken")
        [read] = resources(one)
        assert (read.physical_id, read.reason) == ("mine-1", "taken")
        assert read.since.isoformat() == "2026-03-01T11:50:00+00:00"

    @failures
    def test_what_cannot_be_read(self, raised: Exception, code: str) -> None:
        assert unread(stacks.read_resources(Answers(list_stack_resources=raised), STACK_ID), "ListStackResources", code)


def resources(*summaries: dict[str, Any]) -> list[Resource]:
    read = stacks.read_resources(Answers(list_stack_resources=[{"StackResourceSummaries": summaries}]), STACK_ID)
    assert not isinstance(read, Unread)
    return read


class TestTemplate:
    def test_it_is_an_object_or_a_text(self) -> None:
        client = Answers(get_template={"TemplateBody": '{"Resources": {}}'})
        assert stacks.read_deployed_template(client, STACK_ID) == {"Resources": {}}
        assert client.requests == [("get_template", {"StackName": STACK_ID})]

    def test_one_that_is_no_json_is_unread(self) -> None:
        read = stacks.read_deployed_template(Answers(get_template={"TemplateBody": "Resources: {}"}), STACK_ID)
        assert read == Unread("GetTemplate", "NotJson", "the template is not JSON")

    @failures
    def test_one_that_cannot_be_read(self, raised: Exception, code: str) -> None:
        assert unread(stacks.read_deployed_template(Answers(get_template=raised), STACK_ID), "GetTemplate", code)


FIRST = {"EventId": "1", "Timestamp": AT.astimezone(LOCAL)}
SECOND = FIRST | {
    "EventId": "2",
    "LogicalResourceId": "Export",
    "ResourceType": EXPORT_TYPE,
    "PhysicalResourceId": "mine-1",
    "ResourceStatus": "CREATE_COMPLETE",
}


class TestEvents:
    def test_they_come_as_they_are_over_all_pages(self) -> None:
        client = Answers(describe_stack_events=[{"StackEvents": [SECOND]}, {"StackEvents": [FIRST]}])
        second, first = stacks.read_events(client, STACK_ID)
        assert second == StackEvent("2", "Export", EXPORT_TYPE, "mine-1", "CREATE_COMPLETE", AT)
        assert first == StackEvent("1", "", "", "", "", AT)
        assert first.at.isoformat() == "2026-03-01T11:50:00+00:00"
        assert client.requests == [("describe_stack_events", {"StackName": STACK_ID})]

    def test_a_page_that_is_not_needed_is_not_read(self) -> None:
        cloudformation = FakeCloudFormation(FakeStack("Campaigns", template()), at=AT)
        for _ in range(450):
            cloudformation.stacks[0].event("Export", "UPDATE_COMPLETE", AT)
        next(stacks.read_events(cloudformation, STACK_ID))
        assert cloudformation.calls == {"DescribeStackEvents": 1}

    @failures
    def test_a_page_that_cannot_be_read_is_an_error(self, raised: Exception, code: str) -> None:
        with pytest.raises(type(raised)):
            list(stacks.read_events(Answers(describe_stack_events=raised), STACK_ID))


NESTED = {"Type": NESTED_STACK_TYPE, "Properties": {}}


@pytest.fixture
def cloudformation() -> FakeCloudFormation:
    """The stack Campaigns with an export, and another one in a nested stack."""
    inner = FakeStack("Inner", template(Export=resource(Name="inner")), physical_ids={"Export": "inner-1"})
    body = template(Export=resource(Name="outer"), Queue={"Type": "AWS::SQS::Queue"}, Nested=NESTED)
    ids = {"Export": "outer-1", "Queue": "queue", "Nested": inner.stack_id}
    return FakeCloudFormation(FakeStack("Campaigns", body, physical_ids=ids), inner, at=AT)


class TestDeployedExports:
    def test_they_are_found_by_the_ids_that_lead_to_them(self, cloudformation: FakeCloudFormation) -> None:
        assert stacks.deployed_exports(cloudformation, STACK) == {
            ("Export",): DeployedResource("outer-1", "CREATE_COMPLETE", resource(Name="outer")["Properties"]),
            ("Nested", "Export"): DeployedResource("inner-1", "CREATE_COMPLETE", resource(Name="inner")["Properties"]),
        }

    def test_a_stack_that_holds_nothing_is_not_read(self, cloudformation: FakeCloudFormation) -> None:
        assert stacks.deployed_exports(cloudformation, Stack(STACK_ID, "Campaigns", "ROLLBACK_COMPLETE")) == {}
        assert cloudformation.calls == {}

    def test_a_template_is_read_only_for_an_export(self, cloudformation: FakeCloudFormation) -> None:
        del cloudformation.stacks[0].template["Resources"]["Export"]
        assert stacks.deployed_exports(cloudformation, STACK) == {
            ("Nested", "Export"): DeployedResource("inner-1", "CREATE_COMPLETE", resource(Name="inner")["Properties"])
        }
        assert cloudformation.calls["GetTemplate"] == 1

    def test_without_a_template_the_properties_are_not_known(self, cloudformation: FakeCloudFormation) -> None:
        cloudformation.denied.add("GetTemplate")
        found = stacks.deployed_exports(cloudformation, STACK)
        assert found == {
            ("Export",): DeployedResource("outer-1", "CREATE_COMPLETE"),
            ("Nested", "Export"): DeployedResource("inner-1", "CREATE_COMPLETE"),
        }

    def test_an_export_that_is_in_no_template_any_more_has_no_properties(self) -> None:
        client = Answers(
            list_stack_resources=[{"StackResourceSummaries": [summary(PhysicalResourceId="mine-1")]}],
            get_template={"TemplateBody": {}},
        )
        held = {("Export",): DeployedResource("mine-1", "CREATE_COMPLETE")}
        assert stacks.deployed_exports(client, STACK) == held

    @pytest.mark.parametrize("status", ["DELETE_COMPLETE", "DELETE_FAILED"])
    def test_a_nested_stack_that_is_deleted_is_not_read(self, cloudformation: FakeCloudFormation, status: str) -> None:
        cloudformation.stacks[0].statuses["Nested"] = status
        found = stacks.deployed_exports(cloudformation, STACK)
        assert isinstance(found, dict)
        assert list(found) == [("Export",)]

    def test_a_nested_stack_that_does_not_exist_yet_is_not_read(self, cloudformation: FakeCloudFormation) -> None:
        cloudformation.stacks[0].physical_ids["Nested"] = ""
        found = stacks.deployed_exports(cloudformation, STACK)
        assert isinstance(found, dict)
        assert list(found) == [("Export",)]
        assert cloudformation.calls["ListStackResources"] == 1

    def test_what_cannot_be_read_is_unread(self, cloudformation: FakeCloudFormation) -> None:
        inner = cloudformation.stacks.pop()
        assert unread(stacks.deployed_exports(cloudformation, STACK), "ListStackResources", "ValidationError")
        cloudformation.stacks.append(inner)
        cloudformation.denied.add("ListStackResources")
        assert unread(stacks.deployed_exports(cloudformation, STACK), "ListStackResources", "AccessDenied")
