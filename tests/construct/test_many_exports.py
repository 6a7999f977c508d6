"""A stack of 450 exports of as many generation jobs fits CloudFormation, and an export more is cheap to synthesise."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk.assertions import Template
from jsii._kernel.providers import process

from tests.builders.arns import JOB
from tests.builders.stacks import EXPORT, declare

# "AWS CloudFormation quotas" in its user guide.
RESOURCES, TEMPLATE_BYTES = 500, 1_000_000


def declare_many(stack: Stack, numbers: range) -> None:
    for number in numbers:
        declare(stack, f"Export{number}", audience_generation_job_arn=f"{JOB[:-3]}{number:03}")


@contextmanager
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """Count the messages to the process that the CDK runs in, by their kind."""
    counted: Counter[str] = Counter()
    send = process._NodeProcess.send

    def count(self: Any, request: Any, *rest: Any, **named: Any) -> Any:
        counted[type(request).__name__] += 1
        return send(self, request, *rest, **named)

    with monkeypatch.context() as patched:
        patched.setattr(process._NodeProcess, "send", count)
        yield counted


def test_450_exports_of_450_jobs_fit_into_a_stack() -> None:
    stack = Stack(App(), "Campaigns")
    declare_many(stack, range(450))
    template = Template.from_stack(stack)
    assert len(template.find_resources(EXPORT)) == 450
    assert len(template.to_json()["Resources"]) <= RESOURCES
    assert len(json.dumps(template.to_json())) <= TEMPLATE_BYTES


def test_one_export_more_is_two_messages_to_the_cdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """One for its construct, one for its resource."""
    stack = Stack(App(), "Campaigns")
    declare_many(stack, range(1))
    with counting(monkeypatch) as counted:
        declare_many(stack, range(1, 11))
    assert counted == {"CreateRequest": 20}
