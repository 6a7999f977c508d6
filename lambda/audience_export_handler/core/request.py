"""What a Create or Update requests: the event, read into values that a decision can use.

Old properties, and those of a Delete, are never refused: an older release may have written them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from audience_export_handler.core.facts import subject_of
from cdk_cleanroomsml_contract import identity
from cdk_cleanroomsml_contract.export_properties import FOLLOWER_ARN, AudienceSize, BrokenRule, ExportProperties
from cdk_cleanroomsml_contract.message import Event
from cdk_cleanroomsml_contract.on_conflict import OnConflict
from cdk_cleanroomsml_contract.scope import broken_scope_rule


@dataclass(frozen=True)
class ExportRequest:
    """One Create or Update, checked.

    `name` is the given one, or the generated content address; `adopts` whether an export that already has it is used,
    no matter who started it; `waits` whether the export's end is awaited; `timeout` how long CloudFormation waits for
    the answer; `is_held` whether the resource holds this very export already, by its physical id: then the request
    starts nothing; `minimum_relevance` is the least relevance score with which the export may start, None for any;
    `reads_metrics` whether the answer has the generation job's metrics; `wants_events` whether the export's end is
    published, and `wanted_events` whether that held before this update, too.
    """

    audience_generation_job_arn: str
    audience_size: AudienceSize
    name: str
    name_is_given: bool
    description: str | None
    adopts: bool
    waits: bool
    timeout: timedelta
    stack_id: str
    physical_id: str
    is_update: bool
    is_held: bool
    minimum_relevance: float | None = None
    reads_metrics: bool = False
    wants_events: bool = False
    wanted_events: bool = False

    @property
    def account(self) -> str:
        """The account of the stack, and of the generation job."""
        return self.stack_id.split(":")[4]

    @property
    def subject(self) -> str:
        """How messages name the export."""
        return subject_of(self.name, self.audience_size, self.audience_generation_job_arn)


def read_request(event: Event) -> ExportRequest:
    """Read a Create or Update event; BrokenRule names the first property that breaks a rule."""
    declared = ExportProperties.decode(event["ResourceProperties"])
    _, partition, _, region, account, _ = event["StackId"].split(":", 5)
    arn = declared.audience_generation_job_arn
    if rule := broken_scope_rule(arn, partition=partition, region=region, account=account):
        raise BrokenRule("AudienceGenerationJobArn", rule, arn)
    derived_id = physical_id(event)
    return ExportRequest(
        audience_generation_job_arn=declared.audience_generation_job_arn,
        audience_size=declared.audience_size,
        name=identity.export_name(event["ResourceProperties"], **_resource(event)),
        name_is_given=declared.name is not None,
        description=declared.description,
        adopts=declared.on_conflict is OnConflict.ADOPT,
        waits=declared.wait_for_completion,
        timeout=timedelta(seconds=declared.timeout_seconds),
        stack_id=event["StackId"],
        physical_id=derived_id,
        is_update=event["RequestType"] == "Update",
        is_held=_is_held(event, derived_id),
        minimum_relevance=declared.minimum_relevance,
        reads_metrics=declared.reads_metrics,
        wants_events=declared.follower_arn is not None,
        wanted_events=FOLLOWER_ARN in (event.get("OldResourceProperties") or {}),
    )


def physical_id(event: Event) -> str:
    """Return the derived physical id of any event, valid or not."""
    return identity.physical_id(event.get("ResourceProperties") or {}, **_resource(event))


def _is_held(event: Event, derived_id: str) -> bool:
    return event.get("PhysicalResourceId") == derived_id


def _resource(event: Event) -> dict[str, str]:
    return {"stack_id": event["StackId"], "logical_id": event["LogicalResourceId"]}
