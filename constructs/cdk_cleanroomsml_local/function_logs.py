"""The lines that Lambda functions log, read from CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from cdk_cleanroomsml_local.cloud import Cloud

_PLATFORM = ("START RequestId: ", "END RequestId: ", "REPORT RequestId: ")


@dataclass(frozen=True)
class Line:
    """One line; `at` is in milliseconds since 1970."""

    group: str
    at: int
    message: str


def of_stack(cloud: Cloud, stack: str) -> list[Line]:
    """Return the lines of all functions of a deployed stack, in the order of their times."""
    pages = cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    functions = [
        one["PhysicalResourceId"]
        for page in pages
        for one in page["StackResourceSummaries"]
        if one["ResourceType"] == "AWS::Lambda::Function"
    ]
    lambda_ = cloud.client("lambda")
    configurations = [lambda_.get_function_configuration(FunctionName=name) for name in functions]
    groups = {
        one.get("LoggingConfig", {}).get("LogGroup", f"/aws/lambda/{one['FunctionName']}") for one in configurations
    }
    logs = cloud.client("logs")
    return sorted((line for group in groups for line in _of_group(logs, group)), key=lambda line: line.at)


class Tail:
    """New lines of all log groups, each returned once."""

    def __init__(self, cloud: Cloud) -> None:
        self._logs = cloud.client("logs")
        self._seen: dict[str, int] = {}

    def new_lines(self) -> list[Line]:
        """Return the lines since the last call, in the order of their times."""
        found = []
        for page in self._logs.get_paginator("describe_log_groups").paginate():
            for group in page["logGroups"]:
                name = group["logGroupName"]
                lines = list(_of_group(self._logs, name))
                found += lines[self._seen.get(name, 0) :]
                self._seen[name] = len(lines)
        return sorted(found, key=lambda line: line.at)


def _of_group(logs: Any, group: str) -> Iterator[Line]:
    try:
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=group):
            for event in page["events"]:
                if not event["message"].startswith(_PLATFORM):
                    yield Line(group, event["timestamp"], event["message"].rstrip("\n"))
    except ClientError:
        return  # The group does not exist: no function of it has run yet, or its stack was deleted.
