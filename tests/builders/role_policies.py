"""The inline policies of the handler's role: which generation jobs they allow, and how long they can become."""

import json
from typing import Any

from aws_cdk import CfnParameter, Stack
from aws_cdk.assertions import Template

from tests.builders.arns import JOB

LIKELY, ROLE_BYTES = 256, 10_240


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
    "Follower": _ARN + 80,
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
