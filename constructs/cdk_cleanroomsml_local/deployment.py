"""Deploys synthesised stacks as the CDK CLI does, without it: assets are uploaded, and each stack gets a change set."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from botocore.exceptions import ClientError, WaiterError

from cdk_cleanroomsml_local import assembly
from cdk_cleanroomsml_local.assembly import Asset, NotDeployableError, SynthesisedStack, Synthesises

if TYPE_CHECKING:
    from cdk_cleanroomsml_local.cloud import Cloud

Result = TypeVar("Result")
WITHIN = timedelta(minutes=5)
_CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
_READ_EVERY_SECONDS = 0.2
_SUCCEEDED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
# CloudFormation's reason for a change set in which nothing changes.
_NO_CHANGES = "didn't contain changes"


class DependencyFailedError(Exception):
    """A stack that another one depends on could not be deployed; `deployment` is what became of it."""

    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment
        super().__init__(f"{deployment.stack} is {deployment.status}: {' '.join(deployment.reasons)}")


@dataclass(frozen=True)
class Deployment:
    """What became of a stack.

    Attributes:
        status: the status that the stack ended in.
        outputs: value by key, as they are after the deployment.
        events: those of this deployment, oldest first, as DescribeStackEvents returns them.
        has_changed: False if there was nothing to deploy.
    """

    stack: str
    status: str
    outputs: Mapping[str, str]
    events: tuple[Mapping[str, Any], ...] = field(repr=False)
    has_changed: bool = True

    @property
    def succeeded(self) -> bool:
        """Whether the stack is as it was declared, and did not fail or roll back."""
        return self.status in _SUCCEEDED

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why resources failed, as the stack's events say."""
        return tuple(
            event.get("ResourceStatusReason", "")
            for event in self.events
            if event["ResourceStatus"].endswith("_FAILED") and event["PhysicalResourceId"] != event["StackId"]
        )


def deploy(
    cloud: Cloud,
    app: Synthesises | str | Path,
    stack: str | None,
    *,
    parameters: Mapping[str, str],
    rollback: bool,
    within: timedelta,
) -> Deployment:
    """Deploy one stack after those that it depends on; see `Cloud.deploy`."""
    stacks = assembly.read(assembly.folder_of(app))
    chosen = _choose(stacks, stack)
    for needed in assembly.needed_for(chosen, stacks):
        deployed = _Deploying(cloud, needed, within).run({}, rollback=True)
        if not deployed.succeeded:
            raise DependencyFailedError(deployed)
    return _Deploying(cloud, chosen, within).run(parameters, rollback=rollback)


def deploy_all(cloud: Cloud, app: Synthesises | str | Path, *, within: timedelta) -> list[Deployment]:
    """Deploy all stacks in order, until one fails."""
    done: list[Deployment] = []
    for stack in assembly.read(assembly.folder_of(app)):
        done.append(_Deploying(cloud, stack, within).run({}, rollback=True))
        if not done[-1].succeeded:
            break
    return done


def destroy(cloud: Cloud, stack: str, *, within: timedelta) -> str:
    """Delete a stack; return the status that it ends in."""
    cloudformation = cloud.client("cloudformation")
    stack_id = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack_id)
    return _wait(lambda: _status_at_rest(cloudformation, stack_id), f"{stack} is deleted", within)


def _status_at_rest(cloudformation: Any, stack_id: str) -> str:
    status = str(cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"])
    return "" if status.endswith("_IN_PROGRESS") else status


def _choose(stacks: list[SynthesisedStack], name: str | None) -> SynthesisedStack:
    found = [stack for stack in stacks if name in (None, stack.name, stack.artifact)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(stack.name for stack in stacks) or "none"
    asked = "Name one stack" if name is None else f"{len(found)} stacks are named {name}"
    raise NotDeployableError(f"{asked}. The app has: {names}")


class _Deploying:
    """One deployment of one stack."""

    def __init__(self, cloud: Cloud, stack: SynthesisedStack, within: timedelta) -> None:
        self._cloud, self._stack, self._within = cloud, stack, within
        self._cloudformation = cloud.client("cloudformation")
        for ours, theirs in ((cloud.account, stack.account), (cloud.region, stack.region)):
            if theirs and theirs != ours:
                raise NotDeployableError(f"{stack.name} is for {theirs}, and this local cloud is {ours}")

    def run(self, parameters: Mapping[str, str], *, rollback: bool) -> Deployment:
        status = self._status()
        if status.endswith("_IN_PROGRESS"):
            raise NotDeployableError(f"{self._stack.name} is {status}; CloudFormation refuses another operation")
        self._upload()
        if status == "ROLLBACK_COMPLETE":
            # CloudFormation updates no stack whose creation failed; the CLI deletes such a stack first.
            destroy(self._cloud, self._stack.name, within=self._within)
        change_set = self._change_set(parameters)
        if not change_set:
            return self._deployment(since="", has_changed=False)
        before = next(self._newest_events())["EventId"]
        self._cloudformation.execute_change_set(ChangeSetName=change_set, DisableRollback=not rollback)
        _wait(lambda: self._is_at_rest(before), f"{self._stack.name} is at rest", self._within)
        return self._deployment(since=before, has_changed=True)

    def _upload(self) -> None:
        """Do what the stack needs of `cdk bootstrap`, and store its assets."""
        if self._stack.version_parameter:
            name = self._stack.version_parameter
            self._cloud.client("ssm").put_parameter(Name=name, Value="30", Type="String", Overwrite=True)
        s3 = self._cloud.client("s3")
        for asset in self._stack.assets:
            bucket = self._filled_in(asset.bucket)
            self._cloud.create_bucket(bucket)
            key = self._filled_in(asset.key)
            if not s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"]:
                s3.upload_file(str(_file_of(asset, self._cloud.folder / "assets")), bucket, key)

    def _filled_in(self, text: str) -> str:
        values = {"AWS::AccountId": self._cloud.account, "AWS::Region": self._cloud.region, "AWS::Partition": "aws"}
        for name, value in values.items():
            text = text.replace(f"${{{name}}}", value)
        return text

    def _change_set(self, parameters: Mapping[str, str]) -> str:
        """Make a change set; return its id, or nothing if it would change nothing."""
        made = self._cloudformation.create_change_set(
            StackName=self._stack.name,
            ChangeSetName=f"local-{uuid4()}",
            ChangeSetType="UPDATE" if self._status() else "CREATE",
            **self._template(),
            Parameters=[{"ParameterKey": key, "ParameterValue": text} for key, text in parameters.items()],
            Capabilities=_CAPABILITIES,
        )
        name = str(made["Id"])
        waiter = self._cloudformation.get_waiter("change_set_create_complete")
        try:
            waiter.wait(ChangeSetName=name, WaiterConfig={"Delay": _READ_EVERY_SECONDS, "MaxAttempts": 300})
        except WaiterError as error:
            reason = str(self._cloudformation.describe_change_set(ChangeSetName=name).get("StatusReason", ""))
            if _NO_CHANGES in reason:
                self._cloudformation.delete_change_set(ChangeSetName=name)
                return ""
            raise NotDeployableError(f"{self._stack.name}: {reason}") from error
        return name

    def _template(self) -> dict[str, str]:
        """Return where the template is stored, since a request holds 51,200 bytes of one; or the template itself."""
        if not self._stack.template_url:
            return {"TemplateBody": self._stack.template.read_text()}
        path = self._filled_in(self._stack.template_url).removeprefix("s3://")
        return {"TemplateURL": f"https://s3.{self._cloud.region}.amazonaws.com/{path}"}

    def _is_at_rest(self, before: str) -> bool:
        for event in self._newest_events():
            if event["EventId"] == before:
                return False
            if event["PhysicalResourceId"] == event["StackId"]:
                return not event["ResourceStatus"].endswith("_IN_PROGRESS")
        return False

    def _deployment(self, *, since: str, has_changed: bool) -> Deployment:
        [stack] = self._cloudformation.describe_stacks(StackName=self._stack.name)["Stacks"]
        events = []
        for event in self._newest_events() if has_changed else ():
            if event["EventId"] == since:
                break
            events.append(event)
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}
        return Deployment(self._stack.name, stack["StackStatus"], outputs, tuple(events[::-1]), has_changed)

    def _newest_events(self) -> Iterator[dict[str, Any]]:
        for page in self._cloudformation.get_paginator("describe_stack_events").paginate(StackName=self._stack.name):
            yield from page["StackEvents"]

    def _status(self) -> str:
        try:
            return str(self._cloudformation.describe_stacks(StackName=self._stack.name)["Stacks"][0]["StackStatus"])
        except ClientError:
            return ""  # There is no such stack.


def _file_of(asset: Asset, folder: Path) -> Path:
    """Return the file to upload; a folder is zipped."""
    if not asset.source.is_dir():
        return asset.source
    folder.mkdir(exist_ok=True)
    target = folder / f"{uuid4()}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(asset.source.rglob("*")):
            if path.is_file():
                archive.write(path, path.relative_to(asset.source).as_posix())
    return target


def _wait(holds: Callable[[], Result], what: str, within: timedelta) -> Result:
    """Return the result as soon as it is true."""
    give_up = time.monotonic() + within.total_seconds()
    while not (result := holds()):
        if time.monotonic() > give_up:
            raise TimeoutError(f"still not so after {within}: {what}")
        time.sleep(_READ_EVERY_SECONDS)
    return result
