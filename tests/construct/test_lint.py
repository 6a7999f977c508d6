"""Users of cdk-nag and cfn-lint see no finding that the library causes: they could not fix it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App, CfnResource, Environment, Stack, Validations
from aws_cdk import aws_iam as iam
from cdk_nag import AwsSolutionsChecks

from cdk_cleanroomsml import AudienceExportProvider, lint
from local_cloud import environment
from tests.builders.arns import JOB
from tests.builders.stacks import declare, settings_of_every_kind
from tests.fakes.acknowledgments import Acknowledgments

ROLES = {"role", "state_machine_role"}


def settings_but(stack: Stack, *left_out: str) -> dict[str, Any]:
    return {name: value for name, value in settings_of_every_kind(stack).items() if name not in left_out}


def violations(app: App, folder: Path, under: str) -> list[str]:
    """The rules that cdk-nag finds broken by what is under a construct."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    try:
        app.synth()
    except RuntimeError as error:
        assert "Validation failed" in str(error)
    report = json.loads((folder / "validation-report.json").read_text())
    return [
        violation["ruleName"]
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        if any(str(one.get("constructPath", "")).startswith(under) for one in violation["violatingConstructs"])
    ]


@pytest.mark.parametrize("env", [None, Environment(account="111122223333", region="us-east-1")], ids=["any", "fixed"])
@pytest.mark.parametrize("everything", [False, True], ids=["default", "everything"])
def test_cdk_nag_finds_nothing_in_the_provider(tmp_path: Path, everything: bool, env: Environment | None) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Campaigns", env=env)
    if everything:
        AudienceExportProvider.configure(stack, **settings_but(stack, *ROLES, "log_group"))
    for number in range(75):  # so many that all jobs of the account are allowed
        declare(stack, f"Export{number}", audience_generation_job_arn=f"{JOB[:-2]}{number:02}")
    assert violations(app, tmp_path, "Campaigns/CleanRoomsMLAudienceExports") == []
    assert violations(app, tmp_path, "Campaigns/Export") == []


def test_what_the_app_allows_more_is_still_found(tmp_path: Path) -> None:
    """The library acknowledges its own findings, not those of its users."""
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Campaigns")
    declare(stack)
    resources = ["arn:aws:s3:::audiences/*"]
    statement = iam.PolicyStatement(actions=["s3:GetObject"], resources=resources)
    AudienceExportProvider.of(stack).add_to_role_policy(statement)
    [found] = violations(app, tmp_path, "Campaigns/CleanRoomsMLAudienceExports")
    assert found == f"AwsSolutions-IAM5[Resource::{resources[0]}]"


def test_a_wildcard_is_acknowledged_as_cdk_nag_writes_it_and_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    acknowledgments = Acknowledgments(monkeypatch)
    stack = Stack(App(), "Campaigns")
    policy, queue = iam.Policy(stack, "Policy"), CfnResource(stack, "Queue", type="AWS::SQS::Queue")
    resource = f"arn:aws:sqs:{stack.region}:{queue.get_att('QueueName').to_string()}:*"
    lint.acknowledge_wildcard(policy, resource, "a reason")
    rule = "AwsSolutions-IAM5[Resource::arn:aws:sqs:<AWS::Region>:<Queue.QueueName>:*]"
    assert acknowledgments.reasons == {("Campaigns/Policy", rule): "a reason"}


@pytest.mark.parametrize("everything", [False, True], ids=["default", "everything"])
def test_cfn_lint_finds_nothing(tmp_path: Path, everything: bool) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Campaigns")
    if everything:
        AudienceExportProvider.configure(stack, **settings_but(stack, *ROLES, "log_group"))
    declare(stack)
    app.synth()
    command = [str(Path(sys.executable).with_name("cfn-lint")), str(tmp_path / "Campaigns.template.json")]
    result = subprocess.run(command, env=environment.base(tmp_path), capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")
