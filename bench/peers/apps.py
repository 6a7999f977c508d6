"""The CDK code that a user of each peer writes, for a number of exports in one stack."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aws_cdk import CustomResource, Duration, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import custom_resources as cr

from bench.peers import assets, machine
from cdk_cleanroomsml import AudienceExport, AudienceSize

_JOB = "arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/11111111-2222-4333-8444-{:012}"
_EXPORT_ACTIONS = ["cleanrooms-ml:StartAudienceExportJob", "cleanrooms-ml:ListAudienceExportJobs"]
# crhelper's README, "Polling"; cfn-handler calls the same operations.
_POLLING_ACTIONS = [
    "lambda:AddPermission",
    "lambda:RemovePermission",
    "events:PutRule",
    "events:DeleteRule",
    "events:PutTargets",
    "events:RemoveTargets",
]
_HOUR = Duration.hours(1)
_RUNTIME = lambda_.Runtime.PYTHON_3_13
# Importing boto3 with the 128 MB of the default takes seconds, so a user raises it.
_MEMORY = 512

Declare = Callable[[Stack, int, Path], None]


@dataclass(frozen=True)
class App:
    """What a user writes with one peer. `declare` takes a stack, the number of exports, and a folder for assets."""

    name: str
    declare: Declare


def job_of(number: int) -> str:
    """The ARN of a generation job: each export has another one."""
    return _JOB.format(number)


def _properties(number: int) -> dict[str, object]:
    return {
        "AudienceGenerationJobArn": job_of(number),
        "Name": f"spring-{number}",
        "SizeType": "PERCENTAGE",
        "SizeValue": 10,
    }


def _function(stack: Stack, construct_id: str, folder: Path, handler: str, actions: list[str]) -> lambda_.Function:
    function = lambda_.Function(
        stack,
        construct_id,
        runtime=_RUNTIME,
        code=lambda_.Code.from_asset(str(folder)),
        handler=handler,
        timeout=Duration.minutes(1),
        memory_size=_MEMORY,
    )
    if actions:
        function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=["*"]))
    return function


def _declare_exports(stack: Stack, count: int, service_token: str) -> None:
    for number in range(count):
        CustomResource(
            stack,
            f"Export{number}",
            service_token=service_token,
            resource_type="Custom::AudienceExport",
            properties=_properties(number),
        )


def _provider(stack: Stack, count: int, folder: Path, *, interval: Duration | None) -> None:
    code = assets.assemble(folder, ("peer_exports", "peer_provider"))
    provider = cr.Provider(
        stack,
        "Provider",
        on_event_handler=_function(stack, "OnEvent", code, "peer_provider.on_event", _EXPORT_ACTIONS),
        is_complete_handler=_function(stack, "IsComplete", code, "peer_provider.is_complete", _EXPORT_ACTIONS[1:]),
        query_interval=interval,
        total_timeout=_HOUR,
    )
    _declare_exports(stack, count, provider.service_token)


def _polling(stack: Stack, count: int, folder: Path, *, library: str, module: str) -> None:
    code = assets.assemble(folder, ("peer_exports", module), library)
    actions = _EXPORT_ACTIONS + _POLLING_ACTIONS
    _declare_exports(stack, count, _function(stack, "Handler", code, f"{module}.handler", actions).function_arn)


def _step_functions(stack: Stack, count: int, folder: Path) -> None:
    code = assets.assemble(folder, ("peer_exports", "peer_step_functions"))
    begin = _function(stack, "Begin", code, "peer_step_functions.begin", [])
    answer = _function(stack, "Answer", code, "peer_step_functions.answer", [])
    body = json.dumps(machine.definition("${Answer}"))
    deployed = sfn.StateMachine(
        stack,
        "Machine",
        definition_body=sfn.DefinitionBody.from_string(body),
        definition_substitutions={"Answer": answer.function_arn},
    )
    deployed.add_to_role_policy(iam.PolicyStatement(actions=_EXPORT_ACTIONS, resources=["*"]))
    answer.grant_invoke(deployed)
    deployed.grant_start_execution(begin)
    begin.add_environment("STATE_MACHINE_ARN", deployed.state_machine_arn)
    _declare_exports(stack, count, begin.function_arn)


def _aws_custom_resource(stack: Stack, count: int, folder: Path) -> None:
    policy = cr.AwsCustomResourcePolicy.from_statements(
        [iam.PolicyStatement(actions=_EXPORT_ACTIONS[:1], resources=["*"])]
    )
    for number in range(count):
        start = cr.AwsSdkCall(
            service="cleanroomsml",
            action="StartAudienceExportJob",
            parameters={
                "name": f"spring-{number}",
                "audienceGenerationJobArn": job_of(number),
                "audienceSize": {"type": "PERCENTAGE", "value": 10},
            },
            physical_resource_id=cr.PhysicalResourceId.of(f"spring-{number}"),
            # It may have been started before.
            ignore_error_codes_matching="ConflictException",
        )
        cr.AwsCustomResource(
            stack,
            f"Export{number}",
            on_create=start,
            on_update=start,
            policy=policy,
            # The client comes with Lambda's runtime.
            install_latest_aws_sdk=False,
        )


def _project(stack: Stack, count: int, folder: Path) -> None:
    for number in range(count):
        AudienceExport(
            stack,
            f"Export{number}",
            audience_generation_job_arn=job_of(number),
            audience_size=AudienceSize.percentage(10),
            name=f"spring-{number}",
        )


PROJECT = App("this project", _project)
APPS = (
    PROJECT,
    App("Provider, 5 s", partial(_provider, interval=None)),
    App("Provider, 2 s", partial(_provider, interval=Duration.seconds(2))),
    App("crhelper, polling 1 min", partial(_polling, library="crhelper", module="peer_crhelper")),
    App("cfn-handler, polling 1 min", partial(_polling, library="cfn_handler", module="peer_cfn_handler")),
    App("Step Functions SDK", _step_functions),
    App("AwsCustomResource", _aws_custom_resource),
)
