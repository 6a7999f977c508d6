"""The template of app.py under the field's own checks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, Stack, Validations
from cdk_nag import AwsSolutionsChecks

from local_cloud import environment
from tests.builders.stacks import declare

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """app.py, synthesised as the CDK CLI does it."""
    folder = tmp_path_factory.mktemp("assembly")
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    environ = environment.base(folder) | {"CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(context)}
    subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environ, check=True)
    return folder


def test_cfn_lint_finds_nothing(assembly: Path) -> None:
    command = [str(Path(sys.executable).with_name("cfn-lint")), str(assembly / "AudienceExports.template.json")]
    environ = environment.base(assembly)
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


def test_the_template_has_the_export_and_its_outputs(assembly: Path) -> None:
    template = json.loads((assembly / "AudienceExports.template.json").read_text())
    assert {name.removeprefix("SpringCampaign") for name in template["Outputs"]} == {
        "name",
        "status",
        "outputlocation",
        "createtime",
    }


def test_cdk_nag_finds_what_the_docs_explain(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    declare(Stack(app, "Campaigns"))
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(Exception, match=r"ValidationFailed|Validation failed"):
        app.synth()
    report = json.loads((tmp_path / "validation-report.json").read_text())
    [found] = report["pluginReports"]
    rules = sorted(violation["ruleName"] for violation in found["violations"])
    assert [rule.partition("[")[0] for rule in rules] == [
        "AwsSolutions-IAM5",
        "AwsSolutions-IAM5",
        "AwsSolutions-IAM5",
        "AwsSolutions-L1",
        "AwsSolutions-SF1",
        "AwsSolutions-SF2",
    ]
    security = (ROOT / "docs" / "security.md").read_text()
    for rule in rules:
        assert rule.replace("AwsSolutions-", "", 1).partition("[")[0] in security
