"""Whether the relevance scores of the generation job allow the start of an export that requires a least score."""

from __future__ import annotations

from audience_export_handler.core import reasons
from audience_export_handler.core.facts import JobMetrics
from audience_export_handler.core.failure import ExportFailure
from audience_export_handler.core.request import ExportRequest


def failure(request: ExportRequest, job: JobMetrics, *, may_have_started: bool) -> ExportFailure | None:
    """Return why the export must not start, or None if it may."""
    if request.minimum_relevance is None:
        return None
    score = job.scores.get(request.audience_size)
    if score is None:
        return reasons.relevance_unknown(request, job, may_have_started=may_have_started)
    if score < request.minimum_relevance:
        return reasons.relevance_too_low(request, job, score, may_have_started=may_have_started)
    return None
