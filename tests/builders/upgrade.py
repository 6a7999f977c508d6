"""The stack whose template is kept for each release: one export of each kind, with the provider that they share."""

from typing import Any

from aws_cdk import App, Stack
from aws_cdk.assertions import Template

from cdk_cleanroomsml import AudienceExport, AudienceSize, OnConflict
from tests.builders.arns import JOB

Resources = dict[str, dict[str, Any]]


def synthesise() -> Resources:
    """The resources of the stack, as this version synthesises them."""
    stack = Stack(App(), "Campaigns")
    AudienceExport(stack, "Spring", audience_generation_job_arn=JOB, audience_size=AudienceSize.percentage(10))
    AudienceExport(
        stack,
        "Summer",
        audience_generation_job_arn=JOB,
        audience_size=AudienceSize.absolute(5000),
        name="summer",
        on_conflict=OnConflict.ADOPT,
        description="d",
        wait_for_completion=False,
    )
    return dict(Template.from_stack(stack).to_json()["Resources"])


def changes(released: Resources, now: Resources) -> list[str]:
    """What an upgrade changes in a deployed stack: a line for each resource and property, as CloudFormation sees it."""
    released, now = as_evaluated(released), as_evaluated(now)
    found = [f"{name} is removed ({released[name]['Type']})" for name in released.keys() - now.keys()]
    found += [f"{name} is added ({now[name]['Type']})" for name in now.keys() - released.keys()]
    for name in released.keys() & now.keys():
        old, new = (one[name].get("Properties", {}) for one in (released, now))
        found += [f"{name}.{key} is changed" for key in old.keys() | new.keys() if old.get(key) != new.get(key)]
    return sorted(found)


def as_evaluated(value: Any) -> Any:
    """The value once CloudFormation has evaluated what it can without deploying anything: it compares those."""
    match value:
        case {"Fn::Select": [int(index), [*choices]]}:
            return as_evaluated(choices[index])
        case dict():
            return {key: as_evaluated(one) for key, one in value.items()}
        case list():
            return [as_evaluated(one) for one in value]
    return value
