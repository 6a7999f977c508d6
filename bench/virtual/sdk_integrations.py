"""SDK integrations of Step Functions for Clean Rooms ML: calls that the service makes itself, without a function."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from bench.virtual.machines import Data, Expression
from tests.fakes.state_machine import TaskError
from tests.simulation.model.lambda_function import Invocation
from tests.simulation.model.request import Request
from tests.simulation.model.world import World

if TYPE_CHECKING:
    from mypy_boto3_cleanroomsml.client import CleanRoomsMLClient

_FOR_EVER = float("inf")


class ServiceCall(Invocation):
    """A call that a service of AWS makes itself: there is no function that could be killed."""


def expressions() -> dict[str, Expression]:
    """What the expressions of `peers/machine.py` mean."""
    found: dict[str, Expression] = {
        "{% $states.input %}": lambda data, _: data,
        "{% $states.input.Job.Status = 'ACTIVE' %}": lambda data, _: data["Job"].get("status") == "ACTIVE",
        "{% $states.input.Job.Status = 'CREATE_FAILED' %}": lambda data, _: (
            data["Job"].get("status") == "CREATE_FAILED"
        ),
        "{% $merge([$states.input, {'Status': 'SUCCESS', 'Data': $states.input.Job}]) %}": lambda data, _: (
            data | {"Status": "SUCCESS", "Data": data["Job"]}
        ),
        "{% $merge([$states.input, {'Status': 'FAILED', 'Reason': 'the export has failed'}]) %}": lambda data, _: (
            data | {"Status": "FAILED", "Reason": "the export has failed"}
        ),
    }
    found["{% $merge([$states.input, {'Status': 'FAILED', 'Reason': $states.errorOutput.Cause}]) %}"] = (
        lambda data, error: data | {"Status": "FAILED", "Reason": error["Cause"]}
    )
    listed = "{% $merge([$states.input, {'Job': $states.result.AudienceExportJobs[Name = $states.input.Request.ResourceProperties.Name]}]) %}"  # noqa: E501
    return found | {listed: lambda data, result: data | {"Job": result}}


def _service_call(world: World, request: Request, call: Callable[[], Any]) -> Any:
    """Make a call of Clean Rooms ML as a service integration does: it does not try again by itself."""
    timeline = world.timeline
    before, timeline.current = timeline.current, ServiceCall(world, request, {}, _FOR_EVER)
    try:
        return call()
    except ClientError as error:
        raise TaskError(f"CleanRoomsMl.{error.response['Error']['Code']}", str(error)) from error
    finally:
        timeline.current = before


def start(world: World, data: Data, request: Request) -> None:
    """`startAudienceExportJob`, for a Task's input."""
    wanted = data["Request"]["ResourceProperties"]
    _service_call(world, request, partial(start_export, client_without_retries(), wanted))


def list_exports(world: World, data: Data, request: Request) -> dict[str, Any]:
    """`listAudienceExportJobs`: of its result, the export that the machine looks for."""
    wanted, client = data["Request"]["ResourceProperties"], client_without_retries()
    arn = wanted["AudienceGenerationJobArn"]
    listed = _service_call(world, request, lambda: client.list_audience_export_jobs(audienceGenerationJobArn=arn))
    named = [job for job in listed["audienceExportJobs"] if job["name"] == wanted["Name"]]
    return {"name": named[0]["name"], "status": named[0]["status"]} if named else {}


def start_export(client: CleanRoomsMLClient, wanted: dict[str, Any]) -> None:
    """Start the export that a peer's properties declare."""
    client.start_audience_export_job(
        name=wanted["Name"],
        audienceGenerationJobArn=wanted["AudienceGenerationJobArn"],
        audienceSize={"type": wanted["SizeType"], "value": int(wanted["SizeValue"])},
    )


@cache
def client_without_retries() -> CleanRoomsMLClient:
    """The client of service integrations."""
    return boto3.client("cleanroomsml", config=Config(retries={"total_max_attempts": 1}))
