"""One app is the same bytes wherever it is synthesised: `cdk diff` is empty, and `cdk import` changes nothing else."""

import os
import subprocess
import sys
from pathlib import Path

from aws_cdk import FileSystem

from local_cloud import environment

ROOT = Path(__file__).parents[3]
PROGRAM = """
import os, sys
os.umask(int(sys.argv[2], 8))
from aws_cdk import App, Stack, Stage
from tests.builders.arns import JOB, OTHER_JOB
from tests.builders.stacks import declare
context = {"aws:cdk:enable-path-metadata": True, "aws:cdk:enable-asset-metadata": True}
app = App(outdir=sys.argv[1], context=context)
for scope in (app, Stage(app, "Prod")):
    stack = Stack(scope, "Campaigns")
    for number, job in enumerate((JOB, OTHER_JOB, stack.format_arn(service="s", resource="r"))):
        declare(stack, f"Export{number}", audience_generation_job_arn=job)
app.synth()
"""


def synthesise(folder: Path, *, seed: str, umask: str, outdir: str) -> dict[str, bytes]:
    """The files of an assembly that CloudFormation and the CDK CLI read, made in a separate process and folder."""
    folder.mkdir()
    environ = environment.base(folder) | {
        "PYTHONHASHSEED": seed,
        "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("constructs", "lambda", ".")),
    }
    arguments = [sys.executable, "-c", PROGRAM, outdir, umask]
    subprocess.run(arguments, cwd=folder, env=environ, check=True)
    made = folder / outdir
    files = [*made.rglob("*.template.json"), *made.rglob("*.assets.json"), *made.rglob("manifest.json")]
    [code] = made.glob("asset.*")
    modes = {oct(path.stat().st_mode) for path in code.rglob("*.py")}
    of_code = f"{code.name} {FileSystem.fingerprint(str(code))} {modes}".encode()
    return {str(path.relative_to(made)): path.read_bytes() for path in files} | {"code": of_code}


def test_an_app_is_the_same_bytes_in_every_process_and_folder(tmp_path: Path) -> None:
    first = synthesise(tmp_path / "first", seed="1", umask="022", outdir="cdk.out")
    second = synthesise(tmp_path / "second", seed="2", umask="077", outdir="made/elsewhere")
    assert len([name for name in first if name.endswith(".template.json")]) == 2
    assert first == second
