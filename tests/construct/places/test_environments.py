"""Accounts, Regions, partitions and options of a stack; and the ids that long or odd construct ids become."""

import json
import re

import pytest
from aws_cdk import App, Environment, Stack
from constructs import Construct

from cdk_cleanroomsml import InvalidArgumentError
from cdk_cleanroomsml_contract.identity import export_name
from tests.builders import templates
from tests.builders.arns import ACCOUNT, JOB
from tests.builders.stacks import EXPORT, declare
from tests.builders.templates import Template, only_one, templates_of


def checked(app: App, name: str = "Campaigns") -> Template:
    template = templates_of(app)[name]
    templates.check(template)
    return template


def job_in(partition: str, region: str) -> str:
    return f"arn:{partition}:" + JOB.removeprefix("arn:aws:").replace("us-east-1", region)


@pytest.mark.parametrize(
    ("partition", "region"), [("aws", "eu-west-1"), ("aws-cn", "cn-north-1"), ("aws-us-gov", "us-gov-west-1")]
)
def test_no_arn_names_another_partition_or_region(partition: str, region: str) -> None:
    app = App()
    stack = Stack(app, "Campaigns", env=Environment(account=ACCOUNT, region=region))
    declare(stack, audience_generation_job_arn=job_in(partition, region))
    written = json.dumps(checked(app)["Resources"])
    assert set(re.findall(r"arn:(aws[a-z-]*)", written)) == {partition}
    assert set(re.findall(r"\b[a-z]{2}(?:-gov)?-(?:north|south|east|west)+-\d\b", written)) == {region}


def test_a_job_of_another_region_than_the_stack_s_is_refused() -> None:
    stack = Stack(App(), "Campaigns", env=Environment(account=ACCOUNT, region="eu-west-1"))
    with pytest.raises(InvalidArgumentError, match=r"audience_generation_job_arn .*eu-west-1"):
        declare(stack)


def test_a_stack_without_an_environment_names_no_account_or_region() -> None:
    app = App()
    declare(Stack(app, "Campaigns"))
    template = checked(app)
    _, export = only_one(template, EXPORT)
    assert export["Properties"].pop("AudienceGenerationJobArn") == JOB
    written = json.dumps(template["Resources"]).replace(JOB, "")
    assert not re.search(rf"{ACCOUNT}|us-east-1|arn:aws", written)


def test_options_of_the_stack_change_none_of_its_resources() -> None:
    plain, optional = App(), App(analytics_reporting=True)
    declare(Stack(plain, "Campaigns"))
    declare(Stack(optional, "Campaigns", analytics_reporting=True, termination_protection=True, description="Ads"))
    [artifact] = optional.synth().stacks
    assert artifact.termination_protection
    resources = checked(optional)["Resources"]
    metadata = resources.pop("CDKMetadata")
    assert metadata["Type"] == "AWS::CDK::Metadata"
    assert resources == checked(plain)["Resources"]


ODD_IDS = {
    "spaces and signs": ["Spring & Summer (2026)", "100 % of it"],
    "nothing that a logical id can have": ["春", "🎯"],
    "long": [f"{number}{'Campaign' * 40}" for number in range(4)],
    "hyphens": ["-".join("abc"), "_"],
}


@pytest.mark.parametrize("ids", ODD_IDS.values(), ids=list(ODD_IDS))
def test_any_construct_id_makes_ids_and_names_that_are_allowed(ids: list[str]) -> None:
    app = App()
    stack = Stack(app, "Campaigns", stack_name="S" * 128)
    scope: Construct = stack
    for construct_id in ids:
        scope = Construct(scope, construct_id)
    for construct_id in ids:
        declare(scope, construct_id)
    template = checked(app, "S" * 128)
    exports = {name: one for name, one in template["Resources"].items() if one["Type"] == EXPORT}
    stack_id = f"arn:aws:cloudformation:us-east-1:{ACCOUNT}:stack/{'S' * 128}/1"
    names = [export_name(one["Properties"], stack_id=stack_id, logical_id=name) for name, one in exports.items()]
    assert len(set(names)) == len(ids)
    assert all(re.fullmatch("[A-Za-z0-9-]{1,57}", name) for name in names)
