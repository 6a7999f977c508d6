"""The library as it is installed: a wheel that carries its handler, away from this checkout."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

from local_cloud import environment

ROOT = Path(__file__).parents[1]
APP = """
from aws_cdk import App, Stack
import cdk_cleanroomsml
assert cdk_cleanroomsml.__file__.startswith({site!r}), cdk_cleanroomsml.__file__
app = App()
cdk_cleanroomsml.AudienceExport(
    Stack(app, "Campaigns"),
    "Spring",
    audience_generation_job_arn="arn:aws:cleanrooms-ml:us-east-1:111122223333:audience-generation-job/1",
    audience_size=cdk_cleanroomsml.AudienceSize.percentage(10),
)
app.synth()
"""


def test_an_installed_wheel_synthesises_with_its_own_handler(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, env=environment.base(tmp_path), check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    assert (site / "cdk_cleanroomsml_cli" / "entry.py").exists()

    (tmp_path / "app.py").write_text(APP.format(site=str(site)))
    environ = environment.base(tmp_path) | {"PYTHONPATH": str(site), "CDK_OUTDIR": str(tmp_path / "out")}
    subprocess.run([sys.executable, "app.py"], cwd=tmp_path, env=environ, check=True)

    assets = json.loads((tmp_path / "out" / "Campaigns.assets.json").read_text())["files"]
    folders = [tmp_path / "out" / asset["source"]["path"] for asset in assets.values()]
    assert [folder for folder in folders if (folder / "audience_export_handler" / "lifecycle.py").exists()]
