"""Whether the service would accept a start: the generation job, its sizes, and its quota. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from cdk_cleanroomsml_cli.facts import DeployedResource, GenerationJob, ListedExport, Unread
from cdk_cleanroomsml_contract.api_limits import ACTIVE_OF_JOB
from cdk_cleanroomsml_contract.export_properties import AudienceSize, ExportProperties


class Outcome(Enum):
    """What a deployment would do with an export."""

    STARTS = "starts"
    EXISTS = "exists"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Facts:
    """What was read for one export; `other_jobs` are exports of the account's other generation jobs."""

    job: GenerationJob | Unread
    listing: tuple[ListedExport, ...] | Unread
    deployed: DeployedResource | Unread | None = None
    other_jobs: tuple[ListedExport, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The outcome for one export.

    Attributes:
        cause: a word for machines, the same in every release.
        reason: the same for people.
        name: the name that is used; None if it is unknown.
        score: the relevance score of its size, if the model's owner shares it.
    """

    outcome: Outcome
    cause: str
    reason: str
    name: str | None = None
    score: float | None = None
    notes: tuple[str, ...] = ()


def refusal(wanted: ExportProperties, facts: Facts) -> Verdict | None:
    """Return the verdict for a start that would or may be refused; None: it would be accepted.

    A generation job that is still being created is waited for, so it refuses nothing yet.
    """
    job, listing = facts.job, facts.listing
    if not isinstance(listing, Unread) and sum(not one.has_failed for one in listing) >= ACTIVE_OF_JOB:
        reason = f"the generation job has its {ACTIVE_OF_JOB} exports, with those before this one"
        return Verdict(Outcome.FAILS, "quota", reason)
    if isinstance(job, Unread):
        return Verdict(Outcome.UNKNOWN, "unread", f"the generation job could not be read ({job})")
    if not job.status:
        return Verdict(Outcome.FAILS, "job-missing", "the generation job does not exist")
    if job.status != "ACTIVE" and not job.is_being_created:
        return Verdict(Outcome.FAILS, "job-not-active", f"the generation job is {job.status}, not ACTIVE")
    return _size_refusal(wanted.audience_size, job) or _relevance_refusal(wanted, job)


def _relevance_refusal(wanted: ExportProperties, job: GenerationJob) -> Verdict | None:
    least = wanted.minimum_relevance
    if least is None:
        return None
    score = job.measured.get(wanted.audience_size)
    if job.is_being_created:
        return Verdict(Outcome.UNKNOWN, "relevance-unknown", "the generation job has its scores when it is ACTIVE")
    if score is None:
        return Verdict(Outcome.FAILS, "relevance-unknown", "minimum_relevance needs a score, and the job shows none")
    if score < least:
        return Verdict(
            Outcome.FAILS, "relevance-too-low", f"the relevance is {score}, and minimum_relevance is {least}"
        )
    return None


def _size_refusal(size: AudienceSize, job: GenerationJob) -> Verdict | None:
    if isinstance(job.offered, Unread) or not job.offered:
        if size in job.measured:
            return None
        why = f"({job.offered})" if isinstance(job.offered, Unread) else "(the model lists none)"
        owner = f"; ask account {job.model_account}" if job.model_account else ""
        return Verdict(Outcome.UNKNOWN, "sizes-unknown", f"whether {size} is offered could not be read {why}{owner}")
    if size in job.offered:
        return None
    return Verdict(Outcome.FAILS, "size-not-offered", f"{size} is not offered, but {_sizes(job.offered)}")


def _sizes(sizes: Iterable[AudienceSize]) -> str:
    by_type: dict[str, list[int]] = {}
    for size in sizes:
        by_type.setdefault(size.type, []).append(size.value)
    return "; ".join(f"{kind} {', '.join(map(str, sorted(values)))}" for kind, values in sorted(by_type.items()))
