"""The template of app.py under the field's own checks."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from local_cloud import environment
from tests.builders.arns import JOB
from tests.builders.stacks import EXPORT

ROOT = Path(__file__).parents[1]


def synthesise(folder: Path, **changes: str) -> Path:
    """app.py, synthesised as the CDK CLI does it, with the context of cdk.json and of `-c`."""
    context = json.loads((ROOT / "cdk.json").read_text())["context"] | changes
    environ = environment.base(folder) | {"CDK_OUTDIR": str(folder), "CDK_CONTEXT_JSON": json.dumps(context)}
    subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=environ, check=True)
    return folder


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return synthesise(tmp_path_factory.mktemp("assembly"))


def test_cfn_lint_finds_nothing(assembly: Path) -> None:
    command = [str(Path(sys.executable).with_name("cfn-lint")), str(assembly / "AudienceExports.template.json")]
    environ = environment.base(assembly)
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "")


def test_the_template_has_the_export_and_its_outputs(assembly: Path) -> None:
    template = json.loads((assembly / "AudienceExports.template.json").read_text())
    assert set(template["Outputs"]) == {"SpringCampaignname", "SpringCampaignoutputlocation"}


def test_sixty_exports_have_fewer_outputs_than_a_stack_can_have(tmp_path: Path) -> None:
    size = {"type": "PERCENTAGE", "value": 10}
    exports = [
        {"id": f"Export{number}", "audienceGenerationJobArn": f"{JOB[:-2]}{number:02}", "audienceSize": size}
        for number in range(60)
    ]
    synthesise(tmp_path, exports=json.dumps(exports))
    template = json.loads((tmp_path / "AudienceExports.template.json").read_text())
    types = Counter(resource["Type"] for resource in template["Resources"].values())
    assert types[EXPORT] == 60
    assert len(template["Outputs"]) < 200
