"""Values of an export in other stacks, and values of other stacks in an export."""

import json
from typing import Any

import aws_cdk
import pytest
from aws_cdk import App, CfnOutput, CfnParameter, CfnResource, Environment, NestedStack, Stack
from aws_cdk.assertions import Template
from aws_cdk.aws_ssm import StringParameter

from tests.builders import templates
from tests.builders.arns import ACCOUNT
from tests.builders.stacks import EXPORT, declare
from tests.builders.templates import Template as Read
from tests.builders.templates import only_one, templates_of, waits_for

HERE = Environment(account=ACCOUNT, region="us-east-1")
THERE = Environment(account=ACCOUNT, region="eu-west-1")


def consumer(app: App, env: Environment | None = None, **arguments: Any) -> Stack:
    """A stack whose outputs are the values of an export in another stack."""
    export = declare(Stack(app, "Campaigns", env=HERE if env else None, **arguments))
    stack = Stack(app, "Reports", env=env, **arguments)
    CfnOutput(stack, "Name", value=export.name)
    CfnOutput(stack, "Location", value=export.output_location)
    return stack


def test_another_stack_imports_what_the_export_s_stack_exports() -> None:
    app = App()
    consumer(app)
    made = templates_of(app)
    [export_id, _] = only_one(made["Campaigns"], EXPORT)
    exported = {one["Export"]["Name"]: one["Value"] for one in made["Campaigns"]["Outputs"].values()}
    imported = {name: exported[one["Value"]["Fn::ImportValue"]] for name, one in made["Reports"]["Outputs"].items()}
    assert imported == {
        "Name": {"Fn::GetAtt": [export_id, "Name"]},
        "Location": {"Fn::GetAtt": [export_id, "OutputLocation"]},
    }


def test_the_other_stack_is_deployed_later() -> None:
    app = App()
    consumer(app)
    [reports] = [one for one in app.synth().stacks if one.stack_name == "Reports"]
    assert "Campaigns" in [one.id for one in reports.dependencies]


def exported(template: Read) -> list[object]:
    return [one["Export"] for one in template.get("Outputs", {}).values() if "Export" in one]


def test_a_parameter_of_systems_manager_carries_a_location_to_another_stack_without_an_export() -> None:
    """CloudFormation refuses to change an exported value that is imported, and the new export has started by then."""
    app = App()
    campaigns, reports = Stack(app, "Campaigns"), Stack(app, "Reports")
    location = "/campaigns/spring/output-location"
    export = declare(campaigns)
    StringParameter(campaigns, "Location", parameter_name=location, string_value=export.output_location)
    CfnOutput(reports, "Location", value=StringParameter.value_for_string_parameter(reports, location))
    reports.add_dependency(campaigns)
    made = templates_of(app)
    [export_id, _] = only_one(made["Campaigns"], EXPORT)
    [_, parameter] = only_one(made["Campaigns"], "AWS::SSM::Parameter")
    assert parameter["Properties"]["Value"] == {"Fn::GetAtt": [export_id, "OutputLocation"]}
    assert exported(made["Campaigns"]) == []
    read = made["Reports"]["Parameters"][made["Reports"]["Outputs"]["Location"]["Value"]["Ref"]]
    assert read == {"Type": "AWS::SSM::Parameter::Value<String>", "Default": location}


@pytest.mark.skipif(not hasattr(aws_cdk, "ReferenceStrength"), reason="aws-cdk-lib has weak references since 2.258")
def test_a_weak_reference_makes_no_export_either() -> None:
    app = App()
    export = declare(Stack(app, "Campaigns"))
    location = Stack.consume_reference(export.output_location, aws_cdk.ReferenceStrength.WEAK)
    CfnOutput(Stack(app, "Reports"), "Location", value=location)
    made = templates_of(app)
    assert exported(made["Campaigns"]) == []
    assert "Fn::GetStackOutput" in made["Reports"]["Outputs"]["Location"]["Value"]


def test_a_stack_in_another_region_reads_parameters_that_are_written_after_the_export() -> None:
    app = App()
    consumer(app, THERE, cross_region_references=True)
    template = templates_of(app)["Campaigns"]
    templates.check(template)
    [writer, written] = only_one(template, "Custom::CrossRegionExportWriter")
    [export_id, _] = only_one(template, EXPORT)
    values = written["Properties"]["WriterProps"]["exports"].values()
    assert {json.dumps(one) for one in values} == {
        json.dumps({"Fn::GetAtt": [export_id, name]}) for name in ("Name", "OutputLocation")
    }
    assert export_id in waits_for(template, writer)


def jobs_allowed(template: Read) -> list[object]:
    policies = [one["Properties"] for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Policy"]
    statements = [one for policy in policies for one in policy["PolicyDocument"]["Statement"]]
    return [one["Resource"] for one in statements if "cleanrooms-ml:StartAudienceExportJob" in one["Action"]]


def test_the_generation_job_can_be_of_another_stack() -> None:
    app = App()
    job = CfnResource(Stack(app, "Jobs"), "Job", type="Custom::GenerationJob").get_att("Arn").to_string()
    declare(Stack(app, "Campaigns"), audience_generation_job_arn=job)
    template = templates_of(app)["Campaigns"]
    templates.check(template)
    [_, export] = only_one(template, EXPORT)
    imported = export["Properties"]["AudienceGenerationJobArn"]
    assert imported["Fn::ImportValue"].startswith("Jobs:")
    assert jobs_allowed(template) == [imported]


def test_a_nested_stack_takes_the_generation_job_of_its_parent_as_a_parameter() -> None:
    root = Stack(App(), "Campaigns")
    nested = NestedStack(root, "Spring")
    declare(nested, audience_generation_job_arn=CfnParameter(root, "Job").value_as_string)
    template, of_root = Template.from_stack(nested).to_json(), Template.from_stack(root).to_json()
    templates.check(template)
    [_, export] = only_one(template, EXPORT)
    parameter = export["Properties"]["AudienceGenerationJobArn"]["Ref"]
    [_, resource] = only_one(of_root, "AWS::CloudFormation::Stack")
    assert resource["Properties"]["Parameters"][parameter] == {"Ref": "Job"}
    assert jobs_allowed(template) == [{"Ref": parameter}]


def test_a_parent_reads_an_export_of_its_nested_stack() -> None:
    root = Stack(App(), "Campaigns")
    nested = NestedStack(root, "Spring")
    CfnOutput(root, "Name", value=declare(nested).name)
    template, of_root = Template.from_stack(nested).to_json(), Template.from_stack(root).to_json()
    [nested_id, _] = only_one(of_root, "AWS::CloudFormation::Stack")
    [read_from, attribute] = of_root["Outputs"]["Name"]["Value"]["Fn::GetAtt"]
    assert read_from == nested_id
    [export_id, _] = only_one(template, EXPORT)
    assert template["Outputs"][attribute.removeprefix("Outputs.")]["Value"] == {"Fn::GetAtt": [export_id, "Name"]}
