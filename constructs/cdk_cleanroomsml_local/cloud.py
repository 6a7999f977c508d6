"""A running local cloud: the emulator of Clean Rooms ML, MiniStack for the rest of AWS, and what a test does with them.

Everything binds to 127.0.0.1 on free ports and ends with the block. Nothing of the user's environment reaches it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from cdk_cleanroomsml_local import deployment, environment, function_logs, ministack
from cdk_cleanroomsml_local.assembly import Synthesises
from cdk_cleanroomsml_local.catalog import Catalog, ConfiguredAudienceModel, GenerationJob
from cdk_cleanroomsml_local.deployment import Deployment
from cdk_cleanroomsml_local.emulator import Call, Emulator, Fault
from cdk_cleanroomsml_local.readings import Readings


@dataclass(frozen=True)
class SeenExport:
    """An export as it is now.

    Attributes:
        size: `type` and `value`, as in the API.
        status: CREATE_PENDING, CREATE_IN_PROGRESS, CREATE_FAILED or ACTIVE.
    """

    name: str
    audience_generation_job_arn: str
    size: Mapping[str, Any]
    status: str


@dataclass
class Cloud:
    """A running local cloud with one account and Region.

    Attributes:
        folder: everything that this run writes; it is removed at the end.
        aws_environment: the environment variables that a client needs to reach it.
        clean_rooms_ml: the emulator, with its calls, faults and exports.
        ministack: the other services.
        account: twelve digits.
        region: the only Region.
    """

    folder: Path
    aws_environment: dict[str, str]
    clean_rooms_ml: Emulator
    ministack: ministack.MiniStack
    account: str = environment.ACCOUNT
    region: str = environment.REGION

    def client(self, service: str) -> Any:
        """Return a boto3 client for a service of MiniStack, or for Clean Rooms ML."""
        endpoint = self.clean_rooms_ml.url if service == "cleanroomsml" else self.ministack.url
        session: Any = boto3.session.Session(
            botocore_session=environment.plain_session(),
            aws_access_key_id=self.aws_environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.aws_environment["AWS_SECRET_ACCESS_KEY"],
            region_name=self.region,
        )
        config = Config(proxies={}, s3={"addressing_style": "path"})
        return session.client(service, endpoint_url=endpoint, verify=str(self.ministack.ca_bundle), config=config)

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Let all AWS clients that this process makes reach this cloud, until the block ends.

        The variables are those of `aws_environment`. All other variables that begin with ``AWS_`` are hidden, and so
        are the files with profiles and credentials. What was set before is restored.
        """
        files = {name: str(self.folder / "none") for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
        session = boto3.DEFAULT_SESSION
        with environment.applied(self.aws_environment | files):
            boto3.DEFAULT_SESSION = None
            try:
                yield
            finally:
                boto3.DEFAULT_SESSION = session

    @property
    def readings(self) -> Readings:
        """How the emulator behaves where AWS documents nothing; also how long exports take. It can be set."""
        return self.clean_rooms_ml.service.readings

    @readings.setter
    def readings(self, readings: Readings) -> None:
        self.clean_rooms_ml.service.readings = readings

    @property
    def exports(self) -> tuple[SeenExport, ...]:
        """All exports, in the order of their starts."""
        service = self.clean_rooms_ml.service
        return tuple(SeenExport(one.name, one.job.arn, one.size, service.status_of(one)) for one in service.exports)

    @property
    def calls(self) -> tuple[Call, ...]:
        """All calls of Clean Rooms ML, in the order of their answers."""
        return tuple(self.clean_rooms_ml.calls)

    def add_generation_job(
        self,
        arn: str = "",
        *,
        sizes: tuple[int, ...] = (1, 5, 10, 20),
        size_type: str = "PERCENTAGE",
        relevance: Mapping[int, float] | None = None,
        recall: float | None = None,
        status: str = "ACTIVE",
        becomes: str = "",
        changes_after: timedelta = timedelta(0),
        status_details: Mapping[str, str] | None = None,
        exports_fail_with: str = "",
        destination: str = "s3://audiences/lookalikes",
    ) -> GenerationJob:
        """Add a generation job with a configured audience model, or replace the job that has this ARN.

        Args:
            arn: by default a new one, of the account and Region of this cloud.
            sizes: the sizes that the model offers.
            size_type: PERCENTAGE or ABSOLUTE.
            relevance: relevance score by size; without it the job shows no metrics.
            recall: the recall metric, which is shown beside relevance scores.
            status: the job's status: CREATE_PENDING, CREATE_IN_PROGRESS, CREATE_FAILED, ACTIVE, DELETE_PENDING, ….
            becomes: another status that the job has `changes_after` from now.
            changes_after: when the job `becomes` another.
            status_details: statusCode and message of the job's last status.
            exports_fail_with: the status code of exports of this job that fail; without it they become ACTIVE.
            destination: where exports are written, ``s3://bucket/prefix``; the bucket is created.
        """
        number = len(self.clean_rooms_ml.service.jobs) + 1
        prefix = f"arn:aws:cleanrooms-ml:{self.region}:{self.account}"
        arn = arn or f"{prefix}:audience-generation-job/{number:08}-0000-4000-8000-000000000000"
        model_arn = f"{prefix}:configured-audience-model/{arn.rpartition('/')[2]}"
        job = GenerationJob(
            arn=arn,
            configured_audience_model_arn=model_arn,
            status=status,
            measured_sizes=tuple(
                {"type": size_type, "value": size, "score": score} for size, score in (relevance or {}).items()
            ),
            fails_exports=exports_fail_with,
            recall=recall,
            becomes=becomes,
            changes_after=changes_after,
            status_details=dict(status_details or {}),
        )
        self.clean_rooms_ml.service.add(job, ConfiguredAudienceModel(model_arn, size_type, sizes, destination))
        self.create_bucket(destination.removeprefix("s3://").partition("/")[0])
        return job

    def add_fault(self, fault: Fault) -> None:
        """Let later calls of Clean Rooms ML fail. Faults are used up in the order in which they were added."""
        self.clean_rooms_ml.faults.append(fault)

    def advance(self, by: timedelta) -> None:
        """Let exports and generation jobs that exist now become so much older, so that their status changes.

        The waits of the handler and its deadline pass in real time, see `scale_waits`.
        """
        self.clean_rooms_ml.service.advance(by)

    def scale_waits(self, factor: float) -> None:
        """Multiply the waits of Step Functions from now on: 1 is real time, 0.1 is ten times as fast."""
        self.ministack.configure({"stepfunctions._SFN_WAIT_SCALE": factor})

    def deploy(
        self,
        app: Synthesises | str | Path,
        stack: str | None = None,
        *,
        parameters: Mapping[str, str] | None = None,
        rollback: bool = True,
        within: timedelta = deployment.WITHIN,
    ) -> Deployment:
        """Deploy one stack by a change set, after the stacks that it depends on; return what became of it.

        Args:
            app: an `aws_cdk.App` or `Stage`, or the folder of a cloud assembly such as ``cdk.out``.
            stack: name of the stack; it can be left out if the app has only one.
            parameters: of the stack. One that is not given has its default.
            rollback: False leaves a stack that fails as it is, as ``cdk deploy --no-rollback`` does.
            within: how long each stack may take.

        Raises:
            NotDeployableError: there is no such stack, it needs what the local cloud does not have, or it is in the
                middle of another operation.
            DependencyFailedError: a stack that it depends on could not be deployed.
            TimeoutError: the stack was not at rest in time.
        """
        return deployment.deploy(self, app, stack, parameters=parameters or {}, rollback=rollback, within=within)

    def deploy_all(self, app: Synthesises | str | Path, *, within: timedelta = deployment.WITHIN) -> list[Deployment]:
        """Deploy all stacks of an app, those first that others depend on; stop after the first that fails."""
        return deployment.deploy_all(self, app, within=within)

    def destroy(self, stack: str, *, within: timedelta = deployment.WITHIN) -> str:
        """Delete a stack; return the status that it ends in."""
        return deployment.destroy(self, stack, within=within)

    def log_lines(self, stack: str) -> list[str]:
        """Return the lines that the Lambda functions of a deployed stack have logged, without those of the platform."""
        return [line.message for line in function_logs.of_stack(self, stack)]

    def create_bucket(self, bucket: str) -> None:
        """Create a bucket, if there is none of this name."""
        place = {"LocationConstraint": self.region}
        options = {} if self.region == "us-east-1" else {"CreateBucketConfiguration": place}
        with suppress(ClientError):  # It exists.
            self.client("s3").create_bucket(Bucket=bucket, **options)

    def reset(self, catalog: Catalog | None = None, readings: Readings | None = None) -> None:
        """Remove all stacks, exports, faults and calls; what is left are the jobs of the catalog, or none."""
        self.ministack.reset()
        given = catalog or Catalog({}, {})
        self.clean_rooms_ml.faults.clear()
        self.clean_rooms_ml.calls.clear()
        self.clean_rooms_ml.service.forget(given.jobs, given.models)
        self.readings = readings or Readings()
        self.scale_waits(1)
        self.write_outputs_to_s3()

    def write_outputs_to_s3(self) -> None:
        """Let the emulator write a small object for each ACTIVE export, and create the buckets for them."""
        s3 = self.client("s3")
        service = self.clean_rooms_ml.service
        for bucket in {model.destination[len("s3://") :].partition("/")[0] for model in service.models.values()}:
            self.create_bucket(bucket)
        service.write_output = lambda bucket, key, content: s3.put_object(Bucket=bucket, Key=key, Body=content)
