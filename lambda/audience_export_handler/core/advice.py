"""What a reason advises: only what helps this reader, who may use adoption already, or be in a rollback."""

from __future__ import annotations

from audience_export_handler.core.facts import ExportJob
from audience_export_handler.core.progress import READ_JOB, RetriedError
from audience_export_handler.core.request import ExportRequest
from cdk_cleanroomsml_contract.api_limits import ACTIVE_OF_JOB, RUNNING_OF_ACCOUNT

_OTHER_NAME = "choose another name, or omit the name so that one is generated."
_ADOPT = (
    "If the export that holds the name is yours, for example from a deployment of this stack that was rolled back, set "
    "on_conflict=OnConflict.ADOPT to use it; it must have the same size."
)
_ADOPTS_ALREADY = (
    "OnConflict.ADOPT uses only a listed export of the same generation job and size that has not failed. Choose "
    "another name, or omit name and on_conflict so that a name is generated."
)
_OWN_NAME = "Deploy again. If the generated name is still taken, set a name yourself."
# A reversed Update that fails leaves the stack in UPDATE_ROLLBACK_FAILED, where nobody can deploy. The handler may not
# know that an Update is one: the stack may be unread, or the read stale.
WITHOUT_IT = "without this resource (ContinueUpdateRollback with ResourcesToSkip), then deploy again."
IF_ROLLBACK = "If this update belongs to a rollback, continue the rollback (ContinueUpdateRollback) instead."
IF_ROLLBACK_SKIP = f"If this update belongs to a rollback, continue the rollback {WITHOUT_IT}"
CHECK_POLICIES = "Check permissions boundaries and service control policies, then deploy again."
JOB_READABLE = (
    "The handler's role needs cleanrooms-ml:GetAudienceGenerationJob on this generation job. Check that the job "
    f"exists. {CHECK_POLICIES}"
)

_ADVICE = {
    "ValidationException": (
        "Check audience_generation_job_arn, audience_size, name and description against this message, correct the one "
        "that it is about, then deploy again."
    ),
    "ConflictException": "Fix the problem that the message describes, then deploy again.",
    "AccessDeniedException": (
        "The handler's role needs cleanrooms-ml:StartAudienceExportJob and ListAudienceExportJobs on this "
        "generation job. Check permissions boundaries, service control policies and the account in the ARN, then "
        "deploy again."
    ),
    "ResourceNotFoundException": (
        "Check the ARN: the generation job must exist in this account and Region and not be deleted."
    ),
    "ServiceQuotaExceededException": (
        f"An account can have {RUNNING_OF_ACCOUNT} exports pending or in progress in a Region, unless AWS has raised "
        "this quota, and the last try to start this one was refused. Deploy again, or declare fewer exports in one "
        "deployment. The next deployment finds the exports that were started, if their names are generated or "
        "on_conflict is OnConflict.ADOPT. If the quota is the "
        f"{ACTIVE_OF_JOB} active exports of a generation job, waiting does not help, because none can be deleted."
    ),
    "ThrottlingException": "The service throttled the calls. Deploy again later.",
}
_NO_ADVICE = "Deploy again. If the error persists, ask AWS Support about this code."


def for_code(request: ExportRequest, code: str, if_rollback: str) -> str:
    """What to do about an error of the service."""
    return also(request, _ADVICE.get(code, _NO_ADVICE), if_rollback)


def for_failed_call(request: ExportRequest, retried: RetriedError) -> str:
    """What to do about a call that has failed until the deadline; only an Update that reads may be a rollback's."""
    if retried.call == READ_JOB and retried.code == "AccessDeniedException":
        return also(request, JOB_READABLE, IF_ROLLBACK)
    if retried.is_start:
        return for_code(request, retried.code, "")
    # What the service refuses of a listing is a page token, and not what was declared.
    code = "" if retried.code == "ValidationException" else retried.code
    return for_code(request, code, IF_ROLLBACK)


def also(request: ExportRequest, advice: str, if_rollback: str) -> str:
    """The advice, and for an Update what to do if it is a rollback's."""
    return f"{advice} {if_rollback}".rstrip() if request.is_update else advice


def for_taken_name(request: ExportRequest, holder: ExportJob | None) -> str:
    """What to do about a name that is taken; adoption only to someone whom it would help."""
    if not request.name_is_given:
        return _OWN_NAME
    if request.adopts:
        return _ADOPTS_ALREADY
    if holder and not _could_adopt(request, holder):
        return f"To get an export of your own, {_OTHER_NAME}"
    return f"{_ADOPT} Otherwise {_OTHER_NAME}"


def if_started(request: ExportRequest) -> str:
    """What else to do before the next deployment, if it could find a start of this request under its given name."""
    if not request.name_is_given or request.adopts:
        return ""
    return " If the export is listed by then, set on_conflict=OnConflict.ADOPT to use it."


def use_listed(request: ExportRequest) -> str:
    """How to use one of the exports that a generation job has."""
    adopt = "" if request.adopts else ", and on_conflict to OnConflict.ADOPT"
    return f"To use one of them, set name and audience_size to its own{adopt}."


def new_export(request: ExportRequest) -> str:
    """How to request another export instead of the one that a resource holds."""
    return f"set another {'name' if request.name_is_given else 'revision'} to request a new export"


def _could_adopt(request: ExportRequest, holder: ExportJob) -> bool:
    of_request = (request.audience_generation_job_arn, request.audience_size)
    return (holder.audience_generation_job_arn, holder.audience_size) == of_request and not holder.has_failed
