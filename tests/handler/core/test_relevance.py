"""A start that requires a relevance score needs one, and one that is high enough."""

from dataclasses import replace

import pytest

from audience_export_handler.core.facts import JobMetrics
from audience_export_handler.core.relevance import failure
from cdk_cleanroomsml_contract.export_properties import AudienceSize
from tests.builders.requests import TEN, TWENTY, create

JOB = JobMetrics("ACTIVE", {TEN: 0.5, TWENTY: 0.25})
REQUIRING = replace(create("mine"), minimum_relevance=0.5)


@pytest.mark.parametrize(
    ("minimum", "scores", "code"),
    [
        (None, {}, None),
        (0.5, {TEN: 0.5}, None),
        (0.0, {TEN: 0.0}, None),
        (0.5, {TEN: 0.49}, "RelevanceTooLow"),
        (0.0, {}, "RelevanceUnknown"),
        (0.5, {TWENTY: 0.9}, "RelevanceUnknown"),
    ],
)
def test_the_score_of_the_size_decides(
    minimum: float | None, scores: dict[AudienceSize, float], code: str | None
) -> None:
    found = failure(replace(REQUIRING, minimum_relevance=minimum), replace(JOB, scores=scores), may_have_started=False)
    assert (found and found.code) == code


@pytest.mark.parametrize("scores", [{}, {TEN: 0.1}])
def test_an_earlier_start_may_have_taken_effect(scores: dict[AudienceSize, float]) -> None:
    found = failure(REQUIRING, replace(JOB, scores=scores), may_have_started=True)
    assert found is not None
    assert "othing was started" not in found.reason
