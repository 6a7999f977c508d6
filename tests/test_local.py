"""`make local` as a person uses it: export what it prints, deploy an app of one's own, end it with Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

from local_cloud.environment import CHECKOUT
from tests.builders.arns import JOB

APP = Path(__file__).parent / "apps" / "life"
SCRIPT = """
. "$SETTINGS"
cdk bootstrap
cdk deploy --require-approval never --output "$OUT" -c stack=Mine -c export="$EXPORT"
cdk diff --fail --output "$OUT" -c stack=Mine -c export="$EXPORT"
cdk destroy --force --output "$OUT" -c stack=Mine -c export="$EXPORT"
"""


def test_an_app_of_one_s_own_is_deployed_with_what_it_prints(tmp_path: Path) -> None:
    local = subprocess.Popen(
        [sys.executable, "-m", "local_cloud", "--export-seconds", "1"],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert local.stdout
        printed = ""
        for line in local.stdout:
            printed += line
            if line.startswith("Status changes of exports"):
                break
        settings = CHECKOUT / ".local" / "env"
        exported = [line.strip() for line in printed.splitlines() if line.startswith(("    export ", "    unset "))]
        assert exported == settings.read_text().splitlines()

        variables = {
            "SETTINGS": str(settings),
            "AWS_PROFILE": "of somebody else",
            "HTTPS_PROXY": "http://127.0.0.1:1",
            "OUT": str(tmp_path / "out"),
            "EXPORT": json.dumps({"audience_generation_job_arn": JOB, "percent": 5, "name": "of one's own"}),
        }
        result = subprocess.run(
            ["/usr/bin/env", "bash", "-ec", SCRIPT],
            cwd=APP,
            env=dict(os.environ) | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        assert "s3://lookalike-audiences/exports/export-0001/" in result.stdout + result.stderr
    finally:
        local.send_signal(signal.SIGINT)
        rest, _ = local.communicate(timeout=60)
    assert local.returncode == 0
    assert "ACTIVE               of one's own" in rest
    assert rest.endswith("The local cloud has stopped. Nothing is left running.\n")
    assert not settings.exists()
