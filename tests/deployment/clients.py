"""Who deploys a stack: a program that calls CloudFormation's API as the CDK CLI does, or the CDK CLI itself.

The CLI takes many seconds for each command, and most tests ask about the stack and not about the CLI. Those use the
API; `make nightly` runs them with the CLI too.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Protocol

from botocore.exceptions import ClientError

from cdk_cleanroomsml_local import environment
from local_cloud.cdk_cli import CdkCli
from local_cloud.cloud import LocalCloud
from tests.fakes.waiting import wait_until

_ASSETS = f"cdk-hnb659fds-assets-{environment.ACCOUNT}-{environment.REGION}"
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_POLL = {"Delay": 0.2, "MaxAttempts": 300}


@dataclass(frozen=True)
class Assembly:
    """A folder that an app was synthesised into, for one of its stacks."""

    folder: Path
    stack: str

    def template(self) -> str:
        return (self.folder / f"{self.stack}.template.json").read_text()

    def assets(self) -> Iterator[tuple[Path, str]]:
        """Folders, to be deployed as zip files, and templates, each with its key in the bucket of assets."""
        manifest = json.loads((self.folder / f"{self.stack}.assets.json").read_text())
        for asset in manifest["files"].values():
            for destination in asset["destinations"].values():
                yield self.folder / asset["source"]["path"], destination["objectKey"]


class Cloud(Protocol):
    """Where stacks are deployed: the local cloud, or an account of AWS."""

    @property
    def folder(self) -> Path: ...

    @property
    def cdk(self) -> CdkCli: ...

    def client(self, service: str) -> Any: ...


class Client(Protocol):
    """Both commands return when the stack is at rest, in whatever status."""

    def deploy(self, assembly: Assembly, *, rollback: bool, parameters: Mapping[str, str]) -> None: ...

    def destroy(self, assembly: Assembly) -> None: ...


def prepare(cloud: LocalCloud) -> None:
    """Make what a deployment needs of `cdk bootstrap`; the command itself runs in the tests of `make demo`."""
    cloud.client("s3").create_bucket(Bucket=_ASSETS)
    cloud.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="30", Type="String")


class Api:
    """Deploys by change sets, as the CDK CLI does; only these can go on from an update that failed without rollback."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._cloud = cloud
        self._cloudformation = cloud.client("cloudformation")
        self._numbers = count()

    def deploy(self, assembly: Assembly, *, rollback: bool, parameters: Mapping[str, str]) -> None:
        self._upload_assets(assembly)
        if self._status(assembly.stack) == "ROLLBACK_COMPLETE":
            # CloudFormation updates no stack whose creation failed; the CLI deletes such a stack first.
            self.destroy(assembly)
        change_set = self._change_set(assembly, parameters)
        [before, *_] = self._newest_events(assembly.stack)
        self._cloudformation.execute_change_set(ChangeSetName=change_set, DisableRollback=not rollback)
        wait_until(lambda: self._has_come_to_rest(assembly.stack, since=before), f"{assembly.stack} is at rest")

    def destroy(self, assembly: Assembly) -> None:
        self._cloudformation.delete_stack(StackName=assembly.stack)
        self._cloudformation.get_waiter("stack_delete_complete").wait(StackName=assembly.stack, WaiterConfig=_POLL)

    def _upload_assets(self, assembly: Assembly) -> None:
        s3 = self._cloud.client("s3")
        for path, key in assembly.assets():
            if not s3.list_objects_v2(Bucket=_ASSETS, Prefix=key)["KeyCount"]:
                is_folder = path.is_dir()
                file = shutil.make_archive(str(assembly.folder / key), "zip", path) if is_folder else str(path)
                s3.upload_file(file, _ASSETS, key)

    def _change_set(self, assembly: Assembly, parameters: Mapping[str, str]) -> str:
        made = self._cloudformation.create_change_set(
            StackName=assembly.stack,
            ChangeSetName=f"test-{next(self._numbers)}",
            ChangeSetType="UPDATE" if self._status(assembly.stack) else "CREATE",
            TemplateBody=assembly.template(),
            Parameters=[{"ParameterKey": key, "ParameterValue": text} for key, text in parameters.items()],
            Capabilities=_CAPABILITIES,
        )
        name = str(made["Id"])
        self._cloudformation.get_waiter("change_set_create_complete").wait(ChangeSetName=name, WaiterConfig=_POLL)
        return name

    def _has_come_to_rest(self, stack: str, *, since: dict[str, Any]) -> bool:
        for event in self._newest_events(stack):
            if event["EventId"] == since["EventId"]:
                return False
            if event["PhysicalResourceId"] == event["StackId"]:
                return not event["ResourceStatus"].endswith("_IN_PROGRESS")
        raise AssertionError("the events of one deployment do not fit on a page")

    def _newest_events(self, stack: str) -> list[dict[str, Any]]:
        """One page of the stack's events, newest first."""
        return list(self._cloudformation.describe_stack_events(StackName=stack)["StackEvents"])

    def _status(self, stack: str) -> str | None:
        try:
            return str(self._cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
        except ClientError:
            return None


class CdkCommands:
    """Deploys with the CDK CLI, and holds that its exit status says what has become of the stack."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud

    def deploy(self, assembly: Assembly, *, rollback: bool, parameters: Mapping[str, str]) -> None:
        options = [] if rollback else ["--no-rollback"]
        for name, value in parameters.items():
            options += ["--parameters", f"{name}={value}"]
        exit_status = self._run("deploy", assembly, "--require-approval", "never", *options)
        [stack] = self._cloud.client("cloudformation").describe_stacks(StackName=assembly.stack)["Stacks"]
        has_succeeded = stack["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        assert (exit_status == 0) == has_succeeded, self._cloud.cdk.log.read_text()

    def destroy(self, assembly: Assembly) -> None:
        assert self._run("destroy", assembly, "--force") == 0, self._cloud.cdk.log.read_text()

    def _run(self, command: str, assembly: Assembly, *options: str) -> int:
        return self._cloud.cdk.run(command, "--app", str(assembly.folder), *options)
