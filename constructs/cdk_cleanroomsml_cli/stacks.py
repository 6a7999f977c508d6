"""The only caller of CloudFormation and STS on the command line. It reads, and botocore repeats what is throttled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from cdk_cleanroomsml_cli.facts import EXPORT_TYPE, NESTED_STACK_TYPE, DeployedResource, Unread
from cdk_cleanroomsml_cli.service import unread
from cdk_cleanroomsml_cli.templates import Template, read_template


@dataclass(frozen=True)
class Stack:
    """A deployed stack as DescribeStacks returns it."""

    stack_id: str
    name: str
    status: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds_nothing(self) -> bool:
        """Whether its next deployment creates everything: it was never created, or its creation was rolled back."""
        return self.status in ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "DELETE_COMPLETE")


@dataclass(frozen=True)
class Resource:
    """A resource of a deployed stack; `since` is when its status last changed."""

    logical_id: str
    type: str
    physical_id: str
    status: str
    since: datetime
    reason: str = ""


@dataclass(frozen=True)
class StackEvent:
    """One event of a stack."""

    event_id: str
    logical_id: str
    type: str
    physical_id: str
    status: str
    at: datetime


def read_account(client: Any) -> tuple[str, str] | Unread:
    """Return account and partition of the credentials."""
    try:
        identity = client.get_caller_identity()
    except (ClientError, BotoCoreError) as error:
        return unread("GetCallerIdentity", error)
    return identity["Account"], identity["Arn"].split(":")[1]


def read_stack(client: Any, name: str) -> Stack | Unread | None:
    """Return a stack by its name or id; None if there is none."""
    try:
        [stack] = client.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        # There is no separate code for a stack that does not exist.
        is_missing = error.response.get("Error", {}).get("Code") == "ValidationError"
        return None if is_missing else unread("DescribeStacks", error)
    except BotoCoreError as error:
        return unread("DescribeStacks", error)
    return _stack(stack)


def read_stacks(client: Any) -> list[Stack] | Unread:
    """Return all stacks of the account and Region that are not deleted."""
    try:
        pages = list(client.get_paginator("describe_stacks").paginate())
    except (ClientError, BotoCoreError) as error:
        return unread("DescribeStacks", error)
    return [_stack(stack) for page in pages for stack in page["Stacks"]]


def read_resources(client: Any, stack_id: str) -> list[Resource] | Unread:
    """Return the resources of a stack, over all pages: DescribeStackResources returns no more than 100."""
    try:
        pages = list(client.get_paginator("list_stack_resources").paginate(StackName=stack_id))
    except (ClientError, BotoCoreError) as error:
        return unread("ListStackResources", error)
    return [_resource(one) for page in pages for one in page["StackResourceSummaries"]]


def read_deployed_template(client: Any, stack_id: str) -> Template | Unread:
    """Return the template of a stack; one that is not JSON is not read."""
    try:
        body = client.get_template(StackName=stack_id)["TemplateBody"]
    except (ClientError, BotoCoreError) as error:
        return unread("GetTemplate", error)
    template = read_template(body)
    return Unread("GetTemplate", "NotJson", "the template is not JSON") if template is None else template


def read_events(client: Any, stack_id: str) -> Iterator[StackEvent]:
    """Yield the events of a stack, newest first, a page at a time.

    Raises:
        ClientError, BotoCoreError: a page cannot be read.
    """
    for page in client.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        for one in page["StackEvents"]:
            yield StackEvent(
                one["EventId"],
                one.get("LogicalResourceId", ""),
                one.get("ResourceType", ""),
                one.get("PhysicalResourceId", ""),
                one.get("ResourceStatus", ""),
                one["Timestamp"].astimezone(timezone.utc),
            )


def deployed_exports(
    client: Any, stack: Stack, nesting: tuple[str, ...] = ()
) -> dict[tuple[str, ...], DeployedResource] | Unread:
    """Return the exports of a stack and of its nested stacks, by the logical ids that lead to them."""
    if stack.holds_nothing:
        return {}
    resources = read_resources(client, stack.stack_id)
    if isinstance(resources, Unread):
        return resources
    exports = [one for one in resources if one.type == EXPORT_TYPE]
    template = read_deployed_template(client, stack.stack_id) if exports else {}
    declared = {} if isinstance(template, Unread) else template.get("Resources", {})
    found = {
        (*nesting, one.logical_id): DeployedResource(
            one.physical_id, one.status, declared.get(one.logical_id, {}).get("Properties")
        )
        for one in exports
    }
    for one in resources:
        if one.type == NESTED_STACK_TYPE and one.physical_id and not one.status.startswith("DELETE_"):
            inner = deployed_exports(client, Stack(one.physical_id, "", one.status), (*nesting, one.logical_id))
            if isinstance(inner, Unread):
                return inner
            found |= inner
    return found


def _stack(stack: Any) -> Stack:
    given = stack.get("Parameters", [])
    values = {one["ParameterKey"]: one.get("ResolvedValue", one.get("ParameterValue", "")) for one in given}
    return Stack(stack["StackId"], stack["StackName"], stack["StackStatus"], values)


def _resource(one: Any) -> Resource:
    return Resource(
        one["LogicalResourceId"],
        one["ResourceType"],
        one.get("PhysicalResourceId", ""),
        one["ResourceStatus"],
        one["LastUpdatedTimestamp"].astimezone(timezone.utc),
        one.get("ResourceStatusReason", ""),
    )
