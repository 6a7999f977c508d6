"""Exports as the service lists them, and as templates declare them: values of the command line."""

from datetime import datetime, timezone
from typing import Any

from cdk_cleanroomsml_cli.declared import Declared
from cdk_cleanroomsml_cli.facts import ListedExport
from cdk_cleanroomsml_cli.templates import LATER
from cdk_cleanroomsml_contract import identity
from cdk_cleanroomsml_contract.export_properties import AudienceSize
from tests.builders.arns import ACCOUNT, JOB, STACK_ID
from tests.builders.assemblies import resource

AT = datetime(2026, 3, 1, 11, 50, tzinfo=timezone.utc)
TEN, TWENTY = AudienceSize("PERCENTAGE", 10), AudienceSize("PERCENTAGE", 20)


def listed(
    name: str,
    status: str = "ACTIVE",
    size: AudienceSize = TEN,
    job: str = JOB,
    *,
    created: datetime = AT,
    updated: datetime | None = None,
) -> ListedExport:
    return ListedExport(name, job, size, status, created, updated or created)


def declared(**changes: Any) -> Declared:
    """An export of the stack Campaigns, with properties of the test's choice."""
    of_provider = {"ServiceToken": LATER, "StateMachineArn": LATER}
    properties = resource(**{**of_provider, **changes})["Properties"]
    return Declared("Campaigns", "Export", "Campaigns/Export", properties, {}, ACCOUNT, "us-east-1", "aws")


def generated_name(**changes: Any) -> str:
    """The name of `declared`, if it is given none."""
    return identity.export_name(declared(**changes).properties, stack_id=STACK_ID, logical_id="Export")
