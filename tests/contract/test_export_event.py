"""The rules of those who receive the event compare these texts, so they stay as docs/export-event.schema.json has them.

A rule for another text would find nothing, and no deployment would say so.
"""

import json
from pathlib import Path
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

from cdk_cleanroomsml_contract import export_event

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "export-event.schema.json").read_text())


def test_source_and_type_are_pinned() -> None:
    assert export_event.SOURCE == "cdk-cleanroomsml"
    assert export_event.DETAIL_TYPE == "Audience Export Status Change"
    assert SCHEMA["title"] == export_event.DETAIL_TYPE


def test_an_export_has_ended_if_the_service_does_nothing_more_with_it() -> None:
    assert (export_event.ACTIVE, export_event.FAILED) == export_event.ENDED
    assert (export_event.ACTIVE, export_event.FAILED) == ("ACTIVE", "CREATE_FAILED")
    model = ServiceModel(Loader().load_service_model("cleanroomsml", "service-2"), "cleanroomsml")
    statuses = set(model.shape_for("AudienceExportJobStatus").enum)  # type: ignore[attr-defined]
    assert statuses - set(export_event.ENDED) == {"CREATE_PENDING", "CREATE_IN_PROGRESS"}


def test_the_schema_has_the_same_statuses() -> None:
    assert SCHEMA["properties"]["status"]["enum"] == list(export_event.ENDED)


def test_the_members_that_a_rule_compares_are_always_in_the_detail() -> None:
    compared = (export_event.STATUS, export_event.STACK_ID, export_event.LOGICAL_ID)
    assert compared == ("status", "stackId", "logicalResourceId")
    assert set(compared) <= set(SCHEMA["required"])
