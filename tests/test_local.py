"""`make local` as a person uses it: export what it prints, deploy your own app, end it with Ctrl-C."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

from local_cloud import environment
from tests.builders.arns import JOB
from tests.fakes.processes import processes_of, program_running, run_folders
from tests.fakes.waiting import wait_until

APP = Path(__file__).parent / "apps" / "life"
SETTINGS = environment.CHECKOUT / ".local" / "env"
SCRIPT = """
. "$SETTINGS"
cdk bootstrap --output "$OUT"
cdk deploy --require-approval never --output "$OUT" -c stack=Mine -c export="$EXPORT"
cdk diff --fail --output "$OUT" -c stack=Mine -c export="$EXPORT"
cdk destroy --force --output "$OUT" -c stack=Mine -c export="$EXPORT"
"""


def test_an_app_of_one_s_own_is_deployed_with_what_it_prints(tmp_path: Path) -> None:
    with program_running("-m", "local_cloud", "--export-seconds", "1") as local:
        printed = read_introduction(local)
        exported = [line.strip() for line in printed.splitlines() if line.startswith(("    export ", "    unset "))]
        assert exported == SETTINGS.read_text().splitlines()

        variables = {
            "SETTINGS": str(SETTINGS),
            "AWS_PROFILE": "of somebody else",
            "HTTPS_PROXY": "http://127.0.0.1:1",
            "OUT": str(tmp_path / "out"),
            "EXPORT": json.dumps({"audience_generation_job_arn": JOB, "percent": 5, "name": "of one's own"}),
        }
        result = subprocess.run(
            ["/usr/bin/env", "bash", "-ec", SCRIPT],
            cwd=APP,
            env=environment.base(tmp_path) | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert "s3://lookalike-audiences/exports/export-0001/" in result.stdout + result.stderr
        local.send_signal(signal.SIGINT)
        rest, _ = local.communicate(timeout=60)
    assert local.returncode == 0
    assert "ACTIVE               of one's own" in rest
    assert rest.endswith("The local cloud has stopped. Nothing is left running.\n")
    assert not SETTINGS.exists()


def test_nothing_is_left_running_if_it_is_killed() -> None:
    with program_running("-m", "local_cloud") as local:
        read_introduction(local)
        folders = run_folders(local)
        assert processes_of(local)
        local.kill()
        local.communicate(timeout=60)
    wait_until(lambda: not processes_of(local), "all that it started has ended")
    for folder in folders:
        shutil.rmtree(folder)  # What is killed cannot tidy up.
    SETTINGS.unlink()


def read_introduction(local: subprocess.Popen[str]) -> str:
    """What it prints when the cloud is up, before the exports."""
    assert local.stdout
    lines: list[str] = []
    for line in local.stdout:
        lines.append(line)
        if line.startswith("Status changes of exports"):
            return "".join(lines)
    raise AssertionError("".join(lines))
