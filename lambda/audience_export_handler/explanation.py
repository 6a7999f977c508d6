"""The words for every way in which a request can fail: what happened to which export, and what to do next."""

from __future__ import annotations

import json
from datetime import timedelta

from audience_export_handler.export_job import ExportJob, ServiceError
from audience_export_handler.export_request import ExportRequest
from audience_export_handler.failure import ExportFailure

_IMMUTABLE = "An export cannot be changed, deleted or started again under its name."
_OTHER_NAME = (
    "Choose another name, leave the name out to have one generated, or adopt an export of the same size with "
    "on_conflict=OnConflict.ADOPT."
)
_OWN_NAME = "Deploy again; if the generated name stays taken, give the export a name of its own."

_ADVICE = {
    "ValidationException": "Correct the named property and deploy again.",
    "ConflictException": "Mend what the message names, then deploy again.",
    "AccessDeniedException": (
        "The handler's role asks for cleanrooms-ml:StartAudienceExportJob and ListAudienceExportJobs on this "
        "generation job: check permissions boundaries, service control policies and the account in the ARN, then "
        "deploy again."
    ),
    "ResourceNotFoundException": (
        "Check the ARN: the generation job must exist in this account and Region and not be deleted."
    ),
    "ServiceQuotaExceededException": (
        "An account may have 20 exports pending or in progress in a Region, and a turn did not come in time: deploy "
        "again, or declare fewer exports in one deployment. What was started is found again, not started anew. Should "
        "the quota be the 25 active exports of a generation job, no turn will come: none can be deleted."
    ),
    "ThrottlingException": "The service kept refusing for too many calls. Deploy again later.",
}
_NO_ADVICE = "Deploy again; if the error stays, ask AWS Support about this code."


def refusal(request: ExportRequest, error: ServiceError, facts: str = "") -> ExportFailure:
    """A call of the service that was refused for good, with what was found out about it."""
    said = f"{error.message.rstrip('.')}. {facts}" if facts else error.message
    return ExportFailure(error.code, request.subject, said, _ADVICE.get(error.code, _NO_ADVICE))


def used_up(request: ExportRequest, error: ServiceError) -> ExportFailure:
    """A generation job that has all the exports that it can have."""
    return ExportFailure(
        error.code,
        request.subject,
        f"{error.message.rstrip('.')}. The generation job has the 25 exports that it may have",
        "No export can be deleted: use one of them with on_conflict=OnConflict.ADOPT, or generate the audience anew.",
    )


def trouble(request: ExportRequest, code: str, message: str, tried_for: timedelta) -> ExportFailure:
    """A service that could not be used for too long; nothing is known to have been started."""
    return ExportFailure(
        code,
        request.subject,
        f"{message.rstrip('.')} (tried for {int(tried_for.total_seconds())} s; no export of this request is listed)",
        _ADVICE.get(code, _NO_ADVICE),
    )


def conflict(request: ExportRequest, holder: ExportJob | None, said: str = "", facts: str = "") -> ExportFailure:
    """A name that is taken, with the export that holds it where that is known."""
    found = [said, _held_by(request, holder) if holder else "", facts]
    return ExportFailure(
        "ConflictException",
        request.subject,
        ". ".join(part.rstrip(".") for part in found if part) or "the name is taken",
        f"{_IMMUTABLE} This deployment started nothing. " + (_OTHER_NAME if request.name_is_given else _OWN_NAME),
    )


def _held_by(request: ExportRequest, holder: ExportJob) -> str:
    text = f"The name is held by an export of size {holder}"
    if holder.audience_generation_job_arn != request.audience_generation_job_arn:
        text += f", of generation job {holder.audience_generation_job_arn}"
    return text


def export_failed(export: ExportJob) -> ExportFailure:
    """An export that ended in CREATE_FAILED, with its statusDetails."""
    details = ": ".join(part for part in (export.status_code, export.status_message) if part)
    return ExportFailure(
        "CREATE_FAILED",
        f'export "{export.name}" ({export.audience_size}) of generation job {export.audience_generation_job_arn}',
        details or "the service gave no status details",
        "Mend what the details name, then deploy again. If the name was given, the service may ask for another one.",
    )


def out_of_time(request: ExportRequest) -> ExportFailure:
    """A request that reached its deadline; the export itself goes on."""
    again = (
        "Deploy again to pick it up: its generated name finds it, and nothing is started twice."
        if not request.name_is_given
        else "Deploy again with on_conflict=OnConflict.ADOPT to pick it up under its name."
    )
    return ExportFailure(
        "DeadlineExceeded",
        request.subject,
        f"had not ended shortly before the time-out of {int(request.timeout.total_seconds()):,} s",
        f"An export that was started goes on by itself. {again}",
    )


def never_listed(request: ExportRequest, minutes: int) -> ExportFailure:
    """A start that was accepted, of an export that is nowhere to be seen."""
    return ExportFailure(
        "ExportNotListed",
        request.subject,
        f"the service accepted the start, and {minutes} minutes later lists no export of it",
        "See ListAudienceExportJobs for the generation job before deploying again.",
    )


def stack_moved_on(request: ExportRequest, phase: str) -> ExportFailure:
    """A stack that no longer goes forward: nothing may start."""
    return ExportFailure(
        "StackMovedOn", request.subject, f"the stack is {phase}, so nothing was started", "Deploy again to ask for it."
    )


def stack_unreadable(request: ExportRequest) -> ExportFailure:
    """A stack whose status could not be read until the deadline."""
    return ExportFailure(
        "StackUnreadable",
        request.subject,
        "the stack's status could not be read, so nothing was started",
        "The handler's role asks for cloudformation:DescribeStacks on its own stack: check permissions boundaries and "
        "service control policies, then deploy again.",
    )


def executions_unreadable(request: ExportRequest) -> ExportFailure:
    """Executions of older requests that could not be listed and stopped until the deadline."""
    return ExportFailure(
        "ExecutionsUnreadable",
        request.subject,
        "older requests for this resource could not be ruled out, so nothing was started",
        "The handler's role asks for states:ListExecutions and StopExecution on its own state machine: check "
        "permissions boundaries and service control policies, then deploy again.",
    )


def missing_in_rollback(request: ExportRequest) -> ExportFailure:
    """A rollback to an export that is not listed: nothing may start, and success would be a lie."""
    return ExportFailure(
        "RollbackWithoutExport",
        request.subject,
        "the stack is rolling back to this export, and it is not listed",
        "Nothing is started in a rollback. Continue the rollback without this resource, then deploy again.",
    )


def missing_in_update(request: ExportRequest) -> ExportFailure:
    """An update that keeps its export, and the export is not listed."""
    return ExportFailure(
        "ExportNotFound",
        request.subject,
        "the update changes nothing that identifies the export, and the export is no longer listed",
        "Nothing was started. Check the generation job; a new name or size asks for a new export.",
    )


def handler_broke(error: str, cause: str) -> ExportFailure:
    """A step that failed on every retry, as Step Functions tells it."""
    return ExportFailure(
        error or "HandlerError",
        "the handler of the audience export failed on every retry",
        _error_message(cause) or "no cause was given",
        "See the handler's log. An export may have been started: deploying again finds it by a generated name.",
    )


def _error_message(cause: str) -> str:
    """The message out of a cause: Lambda gives an error as JSON, with a stack trace that belongs into the log."""
    try:
        return str(json.loads(cause)["errorMessage"])
    except (ValueError, KeyError, TypeError):
        return cause
