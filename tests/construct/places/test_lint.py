"""cfn-lint finds nothing in the templates of any place, without feature flags and with those that `cdk init` sets."""

import subprocess
import sys
from pathlib import Path

import pytest
from aws_cdk import App, CfnParameter, NestedStack, RemovalPolicies, Stack, Stage, Tags

from local_cloud import environment
from tests.builders import feature_flags
from tests.builders.arns import OTHER_JOB
from tests.builders.stacks import declare


def declare_everywhere(app: App) -> None:
    root = Stack(app, "Campaigns", termination_protection=True)
    job = CfnParameter(root, "Job").value_as_string
    declare(NestedStack(root, "Spring"), audience_generation_job_arn=job)
    export = declare(root, name="autumn", audience_generation_job_arn=OTHER_JOB)
    declare(Stack(app, "Later"), description=export.name).node.add_dependency(export)
    retained = Stack(Stage(app, "Prod"), "Campaigns")
    declare(retained)
    RemovalPolicies.of(retained).retain()
    Tags.of(app).add("team", "ads")


@pytest.mark.nightly
def test_cfn_lint_finds_nothing(tmp_path: Path) -> None:
    for name, flags in (("without", {}), ("with", feature_flags.recommended())):
        app = App(outdir=str(tmp_path / name), context=flags)
        declare_everywhere(app)
        app.synth()
    templates = [str(path) for path in tmp_path.rglob("*.template.json")]
    assert len(templates) == 8
    command = [str(Path(sys.executable).with_name("cfn-lint")), *templates]
    result = subprocess.run(command, env=environment.base(tmp_path), capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")
