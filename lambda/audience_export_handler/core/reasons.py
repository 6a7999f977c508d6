"""Puts together the reason of every failure: what happened to which export, and what to do next.

The reason is what a person reads on the stack, so each must be true in every word: one says that nothing was
started only if nothing can have been.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime, timedelta

from audience_export_handler.core import advice, timing
from audience_export_handler.core.facts import ErrorKind, ExportJob, JobMetrics, RefusalFacts, ServiceError, StackPhase
from audience_export_handler.core.failure import ExportFailure
from audience_export_handler.core.progress import RetriedError
from audience_export_handler.core.request import ExportRequest
from cdk_cleanroomsml_contract.export_properties import AudienceSize, BrokenRule

_IMMUTABLE = "An export cannot be changed, deleted or started again under its name."
_NOTHING_STARTED = "Nothing was started for this resource."
_LONGER = f"timeout to at least {int(timing.ENOUGH_FOR_AN_UPDATE.total_seconds())} s"


def invalid_property(broken: BrokenRule) -> ExportFailure:
    """A resource property that breaks a rule."""
    return ExportFailure(
        "ValidationException",
        f"property {broken.argument}",
        f"{broken.rule}; got {_shown(broken.value)}",
        f"Nothing was started. Correct {broken.argument}, then deploy again.",
    )


def refusal(
    request: ExportRequest, error: ServiceError, facts: str = "", hint: str = "", *, may_have_started: bool = False
) -> ExportFailure:
    """A start that was refused for good, with what was found out about it; `hint` is further advice."""
    said = f"{error.message.rstrip('.')}. {facts}" if facts else error.message
    # The generation job of a rollback's export may have been deleted since.
    if_rollback = advice.IF_ROLLBACK_SKIP if error.code == "ResourceNotFoundException" else ""
    to_do = f"{advice.for_code(request, error.code, if_rollback)} {hint}".rstrip()
    return ExportFailure(error.code, request.subject, said, _if_perhaps_started(request, to_do, may_have_started))


def listing_refused(request: ExportRequest, error: ServiceError, *, may_have_started: bool) -> ExportFailure:
    """A listing that was refused for good: nothing can be decided. In a rollback nobody can correct a property."""
    if_rollback = advice.IF_ROLLBACK if error.kind is ErrorKind.DENIED else advice.IF_ROLLBACK_SKIP
    to_do = advice.for_code(request, error.code, if_rollback)
    return ExportFailure(
        error.code, request.subject, error.message, _if_perhaps_started(request, to_do, may_have_started)
    )


def refusal_facts(facts: RefusalFacts, wanted: AudienceSize) -> str:
    """Return what the generation job and its model say about a refused start, in words; empty if it is nothing."""
    parts = []
    if facts.job_status:
        status = f"{facts.job_status} ({facts.job_details})" if facts.job_details else facts.job_status
        parts.append(f"The generation job is {status}; only the audience of an ACTIVE job can be exported.")
    if facts.offered and wanted not in facts.offered:
        parts.append(f"The configured audience model offers these audience sizes: {_size_list(facts.offered)}.")
    if facts.measured and wanted not in facts.measured and set(facts.measured) != set(facts.offered):
        parts.append(f"The metrics of the generation job are for these audience sizes: {_size_list(facts.measured)}.")
    return " ".join(parts)


def size_hint(facts: RefusalFacts, request: ExportRequest) -> str:
    """Return whom to ask for the sizes, if the handler cannot read them; empty if it could, or does not know whom."""
    if facts.offered or facts.model_account in ("", request.account):
        return ""
    return (
        f"The configured audience model belongs to account {facts.model_account}. If the size is the problem, ask its "
        "owner which sizes it offers."
    )


def used_up(request: ExportRequest, error: ServiceError, *, listed: int) -> ExportFailure:
    """A generation job that has all the exports that it can have; `listed` are its listed ones, the failed ones too."""
    allowed = int(error.quota_value or listed)
    return ExportFailure(
        error.code,
        request.subject,
        f"{error.message.rstrip('.')}. The generation job already has {allowed} exports, and it can have no more",
        f"No export can be deleted. {advice.use_listed(request)} To export another audience, use a new generation job.",
    )


def kept_failing(
    request: ExportRequest, retried: RetriedError, tried_for: timedelta, *, was_listed: bool, may_have_started: bool
) -> ExportFailure:
    """A call that failed until the deadline; no export of the request is known. `was_listed`: by a last listing."""
    seen = "no export of this request is listed" if was_listed else "the exports could not be listed at the end"
    tried = f"(tried for {int(tried_for.total_seconds())} s; {seen})"
    to_do = _if_perhaps_started(request, advice.for_failed_call(request, retried), may_have_started)
    return ExportFailure(retried.code, request.subject, f"{retried.message.rstrip('.')} {tried}", to_do)


def conflict(
    request: ExportRequest, holder: ExportJob | None, *, said: str = "", facts: str = "", may_have_started: bool = False
) -> ExportFailure:
    """A name that is taken, with the export that holds it if that is known."""
    found = [said, _held_by(request, holder) if holder else "", facts]
    to_do = [_IMMUTABLE, "" if may_have_started else _NOTHING_STARTED, advice.for_taken_name(request, holder)]
    return ExportFailure(
        "ConflictException",
        request.subject,
        ". ".join(part.rstrip(".") for part in found if part) or "the name is taken",
        " ".join(part for part in to_do if part),
    )


def export_failed(request: ExportRequest, export: ExportJob) -> ExportFailure:
    """An export that ended in CREATE_FAILED, with its statusDetails."""
    details = ": ".join(part for part in (export.status_code, export.status_message) if part)
    if request.is_held:
        to_do = (
            "The resource keeps this export, so deploying again does not start another one. Fix the problem that the "
            f"details describe, then {advice.new_export(request)}."
        )
    elif request.name_is_given:
        to_do = (
            "Fix the problem that the details describe, then deploy again with another name: the service may refuse "
            "the name of a failed export."
        )
    else:
        # The next update lists a failed export of its size, so it must not be a rollback to that one.
        longer = f"set {_LONGER}, " if request.is_update and request.timeout < timing.ENOUGH_FOR_AN_UPDATE else ""
        to_do = (
            f"Fix the problem that the details describe, {longer}then deploy again. The next deployment requests a new "
            "export, with the next number after the generated name."
        )
    return ExportFailure("CREATE_FAILED", export.subject, details or "the service gave no status details", to_do)


def out_of_time(request: ExportRequest, *, is_started: bool | None, may_have_ended: bool = False) -> ExportFailure:
    """A request that reached its deadline; `is_started` is None if nobody knows whether its export was started."""
    if not request.name_is_given:
        again = (
            "Deploy again to pick it up: the next deployment finds it by its generated name and "
            "does not start it again."
        )
    elif request.is_held:
        again = "Deploy again to pick it up: the resource keeps it, so the next deployment does not start it again."
    elif request.adopts:
        again = "Deploy again to pick it up: OnConflict.ADOPT uses it and does not start it again."
    else:
        again = "To use it, deploy again with on_conflict=OnConflict.ADOPT."
    to_do = {
        True: f"The export {'was started, and may have ended' if may_have_ended else 'continues'}. {again}",
        None: f"An export may have been started. {again}",
        False: f"{_NOTHING_STARTED} Deploy again.",
    }
    if request.is_held:
        to_do[False] += f" If the export is still not listed then, {advice.new_export(request)}."
    return ExportFailure(
        "DeadlineExceeded",
        request.subject,
        f"the request was not finished shortly before the time-out of {int(request.timeout.total_seconds()):,} s",
        advice.also(request, to_do[is_started], advice.IF_ROLLBACK),
    )


def rollback_unknown(request: ExportRequest) -> ExportFailure:
    """An update that may be a rollback to a listed export: its time-out is too short to see that it is none."""
    return ExportFailure(
        "DeadlineExceeded",
        request.subject,
        f"an export of its size is listed, and the time-out of {int(request.timeout.total_seconds()):,} s left no time "
        "to see whether the stack is rolling back to it",
        f"{_NOTHING_STARTED} Set {_LONGER}, then deploy again. {advice.IF_ROLLBACK}",
    )


def never_listed(request: ExportRequest) -> ExportFailure:
    """A start that was accepted, of an export that does not appear."""
    minutes = int(timing.ACCEPTED_UNLISTED.total_seconds() / 60)
    return ExportFailure(
        "ExportNotListed",
        request.subject,
        f"the service accepted the start, but {minutes} minutes later the export is not listed",
        f"Check ListAudienceExportJobs for the generation job before you deploy again.{advice.if_started(request)}",
    )


def stack_moved_on(request: ExportRequest, phase: StackPhase, *, may_have_started: bool) -> ExportFailure:
    """A stack that is no longer creating or updating: nothing may start."""
    so = "so the handler sends no other start" if may_have_started else "so nothing was started"
    if_rollback = advice.IF_ROLLBACK_SKIP if phase is StackPhase.ROLLING_BACK else ""
    again = f"Deploy again to request the export.{advice.if_started(request) if may_have_started else ''}"
    to_do = advice.also(request, again, if_rollback)
    return ExportFailure("StackMovedOn", request.subject, f"the stack is {phase.value}, {so}", to_do)


def stack_unreadable(request: ExportRequest) -> ExportFailure:
    """A stack whose status could not be read until the deadline."""
    return ExportFailure(
        "StackUnreadable",
        request.subject,
        "the stack's status could not be read, so nothing was started",
        advice.also(
            request,
            f"The handler's role needs cloudformation:DescribeStacks on this stack. {advice.CHECK_POLICIES}",
            advice.IF_ROLLBACK,
        ),
    )


def executions_unreadable(request: ExportRequest) -> ExportFailure:
    """Executions of older requests that could not be listed and stopped until the deadline."""
    return ExportFailure(
        "ExecutionsUnreadable",
        request.subject,
        "executions of older requests could not be listed and stopped, so nothing was started",
        advice.also(
            request,
            "The handler's role needs states:ListExecutions and StopExecution on its own state machine. "
            f"{advice.CHECK_POLICIES}",
            advice.IF_ROLLBACK,
        ),
    )


def missing_in_rollback(request: ExportRequest) -> ExportFailure:
    """A rollback to an export that is not listed: nothing may start, and success would not be true."""
    return ExportFailure(
        "RollbackWithoutExport",
        request.subject,
        "the stack is rolling back to this export, but the export is not listed",
        f"The handler starts no export in a rollback. Continue the rollback {advice.WITHOUT_IT}",
    )


def missing_in_update(request: ExportRequest) -> ExportFailure:
    """An update that keeps its export, and the export is not listed."""
    return ExportFailure(
        "ExportNotFound",
        request.subject,
        "the update changes nothing that identifies the export, and the export is no longer listed",
        "Nothing was started. The resource keeps this export, so deploying again does not start another one. Check "
        f"that the generation job still exists, then {advice.new_export(request)}, or use another generation job.",
    )


def not_accepted(error: Exception) -> ExportFailure:
    """An event that could not be accepted in all of its deliveries: most likely its execution cannot be started."""
    response = getattr(error, "response", None) or {}  # None for errors of the connection
    return ExportFailure(
        response.get("Error", {}).get("Code") or type(error).__name__,
        "the state machine that follows the export",
        f"the request could not be accepted: {error}",
        "Check that the handler's role has states:StartExecution on the state machine, see the handler's log, then "
        "deploy again.",
    )


def handler_failed(error: str, cause: str) -> ExportFailure:
    """A step that failed on every retry, as Step Functions reports it."""
    return ExportFailure(
        error or "HandlerError",
        "the handler of the audience export failed on every try",
        _error_message(cause) or "no cause was given",
        "See the handler's log. An export may have been started: deploying again finds it if its name is generated, or "
        "if on_conflict is OnConflict.ADOPT.",
    )


def _held_by(request: ExportRequest, holder: ExportJob) -> str:
    text = (
        f"The name is held by an export of size {holder.audience_size}, status {holder.status}, "
        f"created {holder.create_time.isoformat()}"
    )
    if holder.audience_generation_job_arn != request.audience_generation_job_arn:
        text += f", of generation job {holder.audience_generation_job_arn}"
    return text


def _size_list(sizes: Collection[AudienceSize]) -> str:
    by_type: dict[str, list[int]] = {}
    for size in sizes:
        by_type.setdefault(size.type, []).append(size.value)
    return "; ".join(f"{kind} {', '.join(str(value) for value in sorted(by_type[kind]))}" for kind in sorted(by_type))


def _error_message(cause: str) -> str:
    """The message of a cause: Lambda gives an error as JSON, with a stack trace that belongs in the log."""
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:120]} ... {text[-40:]} ({len(text)} characters)"


def job_not_active(request: ExportRequest, retried: RetriedError, *, may_have_started: bool) -> ExportFailure:
    """A generation job that was still being created when it was last read before the deadline."""
    last_read = f"last read, at {_time(retried.last_at)}" if retried.last_at else "last read"
    started = "An export may have been started." if may_have_started else _NOTHING_STARTED
    if_started = advice.if_started(request) if may_have_started else ""
    return ExportFailure(
        "GenerationJobNotActive",
        request.subject,
        f"the generation job was still {retried.job_status} when it was {last_read}. The request's time-out "
        f"is {int(request.timeout.total_seconds()):,} s. Only the audience of an ACTIVE job can be exported",
        advice.also(request, f"{started} Deploy again when the job is ACTIVE.{if_started}", advice.IF_ROLLBACK),
    )


def relevance_too_low(
    request: ExportRequest, job: JobMetrics, score: float, *, may_have_started: bool
) -> ExportFailure:
    """A relevance score below the least one with which the export may start."""
    return ExportFailure(
        "RelevanceTooLow",
        request.subject,
        f"the relevance score for {request.audience_size} is {score}, and minimum_relevance is "
        f"{request.minimum_relevance}. {_scores(job)}",
        _not_started(
            request,
            "Choose a size with a higher score, or a lower minimum_relevance, then deploy again.",
            may_have_started,
        ),
    )


def relevance_unknown(request: ExportRequest, job: JobMetrics, *, may_have_started: bool) -> ExportFailure:
    """A least score is required, and the generation job shows none for the size."""
    return ExportFailure(
        "RelevanceUnknown",
        request.subject,
        f"minimum_relevance is {request.minimum_relevance}, and the generation job, which is {job.status}, shows no "
        f"relevance score for {request.audience_size}. {_scores(job)}",
        _not_started(
            request,
            "Check the size, and ask the owner of the configured audience model to share its metrics, or omit "
            "minimum_relevance, then deploy again.",
            may_have_started,
        ),
    )


def job_unreadable(request: ExportRequest, error: ServiceError, *, may_have_started: bool) -> ExportFailure:
    """A least score is required, and the generation job cannot be read."""
    return ExportFailure(
        error.code,
        request.subject,
        f"minimum_relevance needs the scores of the generation job, which cannot be read: {error.message}",
        _not_started(request, advice.JOB_READABLE, may_have_started),
    )


def _not_started(request: ExportRequest, to_do: str, may_have_started: bool) -> str:
    return _if_perhaps_started(request, to_do, True) if may_have_started else f"{_NOTHING_STARTED} {to_do}"


def _if_perhaps_started(request: ExportRequest, to_do: str, may_have_started: bool) -> str:
    """What to do, with what follows from an earlier start that may have taken effect."""
    return f"An export may have been started. {to_do}{advice.if_started(request)}" if may_have_started else to_do


def _scores(job: JobMetrics) -> str:
    if not job.scores:
        return "It shows no scores at all"
    sizes = sorted(job.scores, key=lambda size: (size.type, size.value))
    return f"Its scores are: {', '.join(f'{size} {job.scores[size]}' for size in sizes)}"


def last_seen(export: ExportJob) -> str:
    """How far a listed export is."""
    return (
        f"The last listing showed it as {export.status}, created at {_time(export.create_time)}, updated at "
        f"{_time(export.update_time)}."
    )


def seen_before(created: datetime, *, was_listed: bool) -> str:
    """An export that the last listing does not show, or that could not be listed then."""
    last = "The last listing does not show it" if was_listed else "The exports could not be listed at the end"
    return f"{last}. An earlier listing showed it, created at {_time(created)}."


def start_accepted(at: datetime) -> str:
    """When a start was accepted whose export is not known to be listed."""
    return f"The service accepted its start at {_time(at)}."


def waited(since: datetime, awaited: str) -> str:
    """Since when a start has been tried, and what it waited for at the end."""
    return f"The handler had tried to start it since {_time(since)}, and was waiting for {awaited}."


def watch(request: ExportRequest) -> str:
    """How to see more of the stack's exports."""
    return f'To see more, run "{WATCH_COMMAND} {request.stack_id.split("/")[1]}".'


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


# The project's own command that follows the exports of a stack.
WATCH_COMMAND = "cdk-cleanroomsml watch"
