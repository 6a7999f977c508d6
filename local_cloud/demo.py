"""`make demo`: runs the main job from end to end, prints what happens, and checks it.

It exits with 0 only if every outcome was as expected.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cdk_cleanroomsml_local import catalog, interrupt
from local_cloud import cloud
from local_cloud.cloud import LocalCloud
from local_cloud.environment import CHECKOUT
from local_cloud.stack_watch import StackWatch

_WIDTH = 100
_FAILED_LOG = CHECKOUT / ".local" / "demo-cdk.log"


class UnexpectedOutcomeError(Exception):
    """An outcome was not what the demo had announced."""


@dataclass
class Demo:
    """The demo's steps, on a running local cloud."""

    cloud: LocalCloud
    began: float
    context: dict[str, Any] = field(default_factory=lambda: json.loads((CHECKOUT / "cdk.json").read_text())["context"])

    def __post_init__(self) -> None:
        """Watch the app's only stack."""
        self._watch = StackWatch(self.cloud, self.context["stack"], self._tell)

    def run(self) -> None:
        """Run every step; raise UnexpectedOutcomeError at the first outcome that is not as announced."""
        self._bootstrap()
        self._check()
        outputs = self._deploy()
        self._deploy_a_taken_name(outputs["SpringCampaignname"])
        self._deploy_a_size_not_offered()
        self._destroy()

    def _bootstrap(self) -> None:
        _headline("cdk bootstrap", "Prepares the local account for deployments, like a real one (about 15 s).")
        self._expect(self._cdk("bootstrap") == 0, "cdk bootstrap succeeds")

    def _check(self) -> None:
        _headline(
            "cdk synth, and cdk-cleanroomsml check",
            "Shows what the deployment would start and what would fail. It only reads.",
        )
        self._expect(self._cdk("synth", "--quiet") == 0, "cdk synth succeeds")
        checked = self._run_check()
        print(textwrap.indent((checked.stdout + checked.stderr).rstrip(), " " * 10), flush=True)
        self._expect(checked.returncode == 0, "the one export would start")

    def _run_check(self) -> subprocess.CompletedProcess[str]:
        cdk = self.cloud.cdk
        return subprocess.run(
            [Path(sys.executable).parent / "cdk-cleanroomsml", "check", cdk.output],
            env=dict(cdk.environment) | {"COLUMNS": str(_WIDTH - 10)},
            capture_output=True,
            text=True,
            check=False,
        )

    def _deploy(self) -> dict[str, str]:
        _headline(
            "cdk deploy",
            "Deploys what was checked: app.py with the one export in cdk.json, of 10 percent. The stack is complete "
            "when the export is ACTIVE. The stack's outputs are the export's name and its output location.",
        )
        status = self._cdk("deploy", "--app", str(self.cloud.cdk.output), "--require-approval", "never")
        self._expect(status == 0 and self._stack()["StackStatus"] == "CREATE_COMPLETE", "the stack is CREATE_COMPLETE")
        outputs = self._outputs()
        for name, value in outputs.items():
            self._tell(f"output  {name} = {value}")
        service = self.cloud.clean_rooms_ml.service
        statuses = {one.name: service.status_of(one) for one in service.exports}
        self._expect(statuses == {outputs["SpringCampaignname"]: "ACTIVE"}, "the export of that name is ACTIVE")
        self._expect(
            self._has_output_object(outputs["SpringCampaignoutputlocation"]), "its output is stored in the S3 bucket"
        )
        return outputs

    def _deploy_a_taken_name(self, name: str) -> None:
        _headline(
            "cdk deploy with a name that is taken",
            f'Adds an export named "{name}". The name is taken, so the deployment must fail. The reason must say which '
            "export holds the name.",
        )
        self._deploy_and_fail({"id": "NameTaken", "name": name}, "ConflictException", name, "choose another name")

    def _deploy_a_size_not_offered(self) -> None:
        _headline(
            "cdk deploy with a size that is not offered",
            "Adds an export of 7 percent. The configured audience model offers 1, 5, 10 and 20 percent, so the "
            "deployment must fail. The reason must list these sizes.",
        )
        size = {"type": "PERCENTAGE", "value": 7}
        sizes = "PERCENTAGE 1, 5, 10, 20"
        self._deploy_and_fail({"id": "SizeNotOffered", "audienceSize": size}, "ValidationException", sizes)

    def _deploy_and_fail(self, changes: dict[str, Any], *expected: str) -> None:
        first = self.context["exports"][0]
        exports = json.dumps([first, first | changes])
        status = self._cdk("deploy", "--require-approval", "never", "-c", f"exports={exports}")
        reasons = self._watch.reasons()
        for reason in reasons:
            print(textwrap.fill(f"reason: {reason}", _WIDTH, initial_indent=" " * 10, subsequent_indent=" " * 18))
        self._expect(status != 0 and len(reasons) == 1, "the deployment fails with one reason")
        for part in expected:
            self._expect(part in reasons[0], f'the reason says "{part}"')
        self._expect(self._stack()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", "the stack has rolled back")
        self._expect(len(self.cloud.clean_rooms_ml.service.exports) == 1, "no other export was started")

    def _destroy(self) -> None:
        _headline(
            "cdk destroy", "Removes the stack. The export and its output stay, because no API can delete an export."
        )
        self._expect(self._cdk("destroy", "--force") == 0, "cdk destroy succeeds")
        self._expect(len(self.cloud.clean_rooms_ml.service.exports) == 1, "the export still exists")

    def _cdk(self, *arguments: str) -> int:
        with self.cloud.cdk.running(*arguments) as child:
            return self._watch.until_end_of(child)

    def _stack(self) -> Any:
        return self.cloud.client("cloudformation").describe_stacks(StackName=self.context["stack"])["Stacks"][0]

    def _outputs(self) -> dict[str, str]:
        return {output["OutputKey"]: output["OutputValue"] for output in self._stack()["Outputs"]}

    def _has_output_object(self, location: str) -> bool:
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        return bool(self.cloud.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["KeyCount"])

    def _expect(self, holds: bool, what: str) -> None:
        self._tell(f"{'as expected:' if holds else 'NOT AS EXPECTED:'} {what}")
        if not holds:
            raise UnexpectedOutcomeError(what)

    def _tell(self, line: str) -> None:
        print(f"{time.monotonic() - self.began:6.1f} s {line}"[:_WIDTH], flush=True)


def main() -> int:
    """Run the demo; returns the exit status."""
    interrupt.end_in_order()
    began = time.monotonic()
    print("Deploys an audience export with the CDK CLI. This needs no AWS account.")
    _headline("Local cloud", "Starts MiniStack and the project's emulator of Clean Rooms ML on 127.0.0.1.")
    try:
        with cloud.running(catalog.read(catalog.DEMO)) as local_cloud:
            _run(Demo(local_cloud, began))
    except KeyboardInterrupt:
        print("\nInterrupted. Nothing is left running.")
        return 130
    except UnexpectedOutcomeError as error:
        print(f"\nThe demo failed at: {error}.\nThe CDK CLI's output is in {_FAILED_LOG.relative_to(CHECKOUT)}")
        return 1
    print(f"\nEvery outcome was as expected, after {time.monotonic() - began:.0f} s. Nothing is left running.")
    return 0


def _run(demo: Demo) -> None:
    try:
        demo.run()
    except UnexpectedOutcomeError:
        shutil.copy(demo.cloud.cdk.log, _FAILED_LOG)
        raise


def _headline(title: str, text: str) -> None:
    print(f"\n== {title}")
    print(textwrap.fill(text, _WIDTH), flush=True)


if __name__ == "__main__":
    sys.exit(main())
