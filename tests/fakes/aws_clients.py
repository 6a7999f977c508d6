"""AWS as the command line reads it: Clean Rooms ML is the emulator behind botocore, CloudFormation a few answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from cdk_cleanroomsml_cli.facts import EXPORT_TYPE
from cdk_cleanroomsml_local.emulator import Emulator
from tests.builders.arns import ACCOUNT

PAGE = 100


@dataclass
class FakeStack:
    """A deployed stack: its template, and the physical id and status of each resource that has begun."""

    name: str
    template: Any
    status: str = "CREATE_COMPLETE"
    physical_ids: dict[str, str] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)

    @property
    def stack_id(self) -> str:
        return f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{self.name}/0c4d7c40"

    def event(self, logical_id: str, status: str, at: datetime) -> None:
        is_own = logical_id == self.name
        one = {"EventId": f"{self.name}-{len(self.events)}", "LogicalResourceId": logical_id, "Timestamp": at}
        one |= {"ResourceStatus": status, "ResourceType": "AWS::CloudFormation::Stack" if is_own else EXPORT_TYPE}
        self.events.append(one | {"PhysicalResourceId": self.stack_id if is_own else ""})


class FakeCloudFormation:
    """`denied` are operations that are refused; `at` is when resources last changed."""

    def __init__(self, *stacks: FakeStack, at: datetime) -> None:
        self.stacks = list(stacks)
        self.denied: set[str] = set()
        self.calls: Counter[str] = Counter()
        self._at = at

    def describe_stacks(self, StackName: str | None = None) -> dict[str, Any]:  # noqa: N803 - boto3's
        self._count("DescribeStacks")
        found = self.stacks if StackName is None else [self._stack(StackName, "DescribeStacks")]
        return {"Stacks": [self._described(one) for one in found]}

    def get_template(self, StackName: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        self._count("GetTemplate")
        return {"TemplateBody": self._stack(StackName, "GetTemplate").template}

    def get_paginator(self, operation: str) -> Any:
        pages = {
            "describe_stacks": lambda: iter([self.describe_stacks()]),
            "list_stack_resources": self._resources,
            "describe_stack_events": self._events,
        }
        return SimpleNamespace(paginate=pages[operation])

    def _resources(self, StackName: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's
        stack = self._stack(StackName, "ListStackResources")
        listed = [
            {
                "LogicalResourceId": logical_id,
                "ResourceType": one["Type"],
                "PhysicalResourceId": stack.physical_ids.get(logical_id, ""),
                "ResourceStatus": stack.statuses.get(logical_id, "CREATE_COMPLETE"),
                "LastUpdatedTimestamp": self._at,
                "ResourceStatusReason": stack.reasons.get(logical_id, ""),
            }
            for logical_id, one in stack.template["Resources"].items()
            if logical_id in stack.physical_ids or logical_id in stack.statuses
        ]
        for first in range(0, max(1, len(listed)), PAGE):
            self._count("ListStackResources")
            yield {"StackResourceSummaries": listed[first : first + PAGE]}

    def _events(self, StackName: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's
        newest_first = self._stack(StackName, "DescribeStackEvents").events[::-1]
        for first in range(0, max(1, len(newest_first)), PAGE):
            self._count("DescribeStackEvents")
            yield {"StackEvents": newest_first[first : first + PAGE]}

    def _stack(self, name: str, operation: str) -> FakeStack:
        for stack in self.stacks:
            # A stack that was deleted is found by its id only.
            if name == stack.stack_id or (name == stack.name and stack.status != "DELETE_COMPLETE"):
                return stack
        raise error(operation, "ValidationError", f"Stack with id {name} does not exist")

    def _described(self, stack: FakeStack) -> dict[str, Any]:
        parameters = [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()]
        described = {"StackId": stack.stack_id, "StackName": stack.name, "StackStatus": stack.status}
        return described | {"Parameters": parameters}

    def _count(self, operation: str) -> None:
        self.calls[operation] += 1
        if operation in self.denied:
            raise error(operation, "AccessDenied", f"not authorized to perform: cloudformation:{operation}")


class FakeSts:
    def __init__(self, account: str) -> None:
        self.account = account

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": self.account, "Arn": f"arn:aws:iam::{self.account}:user/reader"}


class FakeClients:
    """What the command line is given instead of a session."""

    region = "us-east-1"

    def __init__(self, emulator: Emulator, cloudformation: FakeCloudFormation, *, account: str = ACCOUNT) -> None:
        config = Config(proxies={}, retries={"mode": "standard", "total_max_attempts": 3})
        client = _session().client("cleanroomsml", region_name=self.region, endpoint_url=emulator.url, config=config)
        self._clients = {"cleanroomsml": client, "cloudformation": cloudformation, "sts": FakeSts(account)}

    def client(self, service: str, region: str | None = None) -> Any:
        return self._clients[service]


@cache
def _session() -> Any:
    """One for all tests: a new session reads the model of the service again."""
    return boto3.session.Session(aws_access_key_id="test", aws_secret_access_key="test")


def error(operation: str, code: str, message: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)
