"""One example of each failure reason, and the page that shows them all.

The handler's own code makes the reasons. What the service says in them is the wording of the local cloud.
"""

import json
import re
import textwrap
from dataclasses import replace
from datetime import timedelta

from botocore.exceptions import ClientError

from audience_export_handler.core import deadline, reasons
from audience_export_handler.core.attempt import announce
from audience_export_handler.core.deadline import LastListing
from audience_export_handler.core.facts import ErrorKind, ExportJob, JobMetrics, RefusalFacts, ServiceError, StackPhase
from audience_export_handler.core.failure import ExportFailure
from audience_export_handler.core.progress import LIST, START, Progress, RetriedError
from audience_export_handler.core.request import ExportRequest
from cdk_cleanroomsml_contract.export_properties import AudienceSize
from tests.builders import requests
from tests.builders.events import properties
from tests.builders.requests import GENERATED, TEN, TWENTY, create, export, update

_WIDTH = 84
_REQUEST = create()
_NAMED = create("spring-lookalikes")
_KEPT = update(properties())
_DEADLINE = requests.START + timedelta(minutes=57)
# A section of the page: a heading that begins with a code, and the example that ends it.
_SECTION = re.compile(r"(### `([\w.]+)`.*?```text\n).*?(```)", re.DOTALL)


def _said(code: str, message: str) -> ServiceError:
    return ServiceError(code, message, ErrorKind.REFUSED)


def _wrong_size() -> ExportFailure:
    request = replace(_REQUEST, audience_size=AudienceSize("PERCENTAGE", 7))
    said = "The audience size PERCENTAGE 7 is not one of the configured audience model's."
    offered = RefusalFacts(offered=tuple(AudienceSize("PERCENTAGE", percent) for percent in (1, 5, 10, 20)))
    facts = reasons.refusal_facts(offered, request.audience_size)
    return reasons.refusal(request, _said("ValidationException", said), facts)


def _at_the_deadline(
    request: ExportRequest, *, shown: ExportJob | None = None, retried: RetriedError | None = None
) -> ExportFailure:
    progress = Progress(announce(_REQUEST.name, requests.START, None), retried=retried, older_ended_by=requests.START)
    return deadline.failure(request, progress, _DEADLINE, StackPhase.FORWARD, LastListing(shown))


def _kept_failing(code: str, said: str, *, job_status: str = "", call: str = START) -> ExportFailure:
    since = requests.START + timedelta(minutes=1)
    last_at = _DEADLINE - timedelta(seconds=20)
    return _at_the_deadline(_REQUEST, retried=RetriedError(call, since, code, said, job_status, last_at=last_at))


def _refused(code: str, said: str) -> ExportFailure:
    return reasons.refusal(_REQUEST, _said(code, said))


def _export_failed() -> ExportFailure:
    failed = export(GENERATED, "CREATE_FAILED")
    said = "The export could not write to its destination."
    return reasons.export_failed(
        _REQUEST, replace(failed, status_code="OUTPUT_BUCKET_ACCESS_DENIED", status_message=said)
    )


def _relevance(scores: dict[AudienceSize, float]) -> ExportFailure:
    request, job = replace(_REQUEST, minimum_relevance=0.5), JobMetrics("ACTIVE", scores)
    if TEN in scores:
        return reasons.relevance_too_low(request, job, scores[TEN], may_have_started=False)
    return reasons.relevance_unknown(request, job, may_have_started=False)


def _not_accepted() -> ExportFailure:
    said = "State Machine Does Not Exist"
    error = ClientError({"Error": {"Code": "StateMachineDoesNotExist", "Message": said}}, "StartExecution")
    return reasons.not_accepted(error)


# By the code that begins the heading of the page's section.
EXAMPLES: dict[str, ExportFailure] = {
    "ConflictException": reasons.conflict(_NAMED, export("spring-lookalikes")),
    "ValidationException": _wrong_size(),
    "AccessDeniedException": _refused("AccessDeniedException", "The handler may not start exports"),
    "ResourceNotFoundException": _refused("ResourceNotFoundException", "There is no such generation job"),
    "ServiceQuotaExceededException": reasons.used_up(
        _REQUEST, _said("ServiceQuotaExceededException", "The limit of 25 is reached"), listed=25
    ),
    "ThrottlingException": _kept_failing("ThrottlingException", "Rate exceeded", call=LIST),
    "UnrecognizedClientException": _refused("UnrecognizedClientException", "The security token is invalid"),
    "CREATE_FAILED": _export_failed(),
    "DeadlineExceeded": _at_the_deadline(_REQUEST, shown=export(GENERATED, "CREATE_IN_PROGRESS", age=-5)),
    "GenerationJobNotActive": _kept_failing(
        "ValidationException", "The audience generation job is CREATE_IN_PROGRESS.", job_status="CREATE_IN_PROGRESS"
    ),
    "RelevanceTooLow": _relevance({TEN: 0.3, TWENTY: 0.2, AudienceSize("PERCENTAGE", 1): 0.8}),
    "RelevanceUnknown": _relevance({}),
    "ExportNotListed": reasons.never_listed(_REQUEST),
    "ExportNotFound": reasons.missing_in_update(_KEPT),
    "StackMovedOn": reasons.stack_moved_on(_REQUEST, StackPhase.LATER, may_have_started=False),
    "StackUnreadable": reasons.stack_unreadable(_REQUEST),
    "ExecutionsUnreadable": reasons.executions_unreadable(_REQUEST),
    "RollbackWithoutExport": reasons.missing_in_rollback(_KEPT),
    "StateMachineDoesNotExist": _not_accepted(),
    "HandlerError": reasons.handler_failed("", ""),
    "KeyError": reasons.handler_failed("KeyError", json.dumps({"errorMessage": "'status'"})),
    "Lambda.AWSLambdaException": reasons.handler_failed(
        "Lambda.AWSLambdaException", "The function cannot be called by the state machine's role"
    ),
}


def documented(page: str) -> list[str]:
    """Return the codes of the page's sections with an example, in its order."""
    return [code for _, code, _ in _SECTION.findall(page)]


def refreshed(page: str) -> str:
    """Return the page with the examples that the code makes now."""
    return _SECTION.sub(lambda found: f"{found[1]}{_wrapped(EXAMPLES[found[2]].reason)}\n{found[3]}", page)


def _wrapped(reason: str) -> str:
    return textwrap.fill(reason, _WIDTH, break_long_words=False, break_on_hyphens=False)
