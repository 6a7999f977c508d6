"""Every text that a person reads on a failed stack: in the one form, with something to do, and true in every word."""

import inspect
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from audience_export_handler.core import advice, reasons
from audience_export_handler.core.facts import ErrorKind, JobMetrics, RefusalFacts, ServiceError, StackPhase
from audience_export_handler.core.failure import ExportFailure
from audience_export_handler.core.progress import LIST as LIST_CALL
from audience_export_handler.core.progress import START as START_CALL
from audience_export_handler.core.progress import RetriedError
from audience_export_handler.core.request import ExportRequest
from cdk_cleanroomsml_contract.export_properties import AudienceSize, BrokenRule
from tests.builders.arns import ACCOUNT, JOB, OTHER_JOB
from tests.builders.events import properties
from tests.builders.requests import START, TEN, TWENTY, adopting, create, export, update

GIVEN, GENERATED, ADOPTING = create("mine"), create(), adopting("mine")
MINE = f'export "mine" (PERCENTAGE 10) of generation job {JOB}'
FULL = ServiceError("ServiceQuotaExceededException", "The limit is reached.", ErrorKind.REFUSED)
GONE = ServiceError("ValidationException", "The job does not exist.", ErrorKind.REFUSED)
GUARDED, SCORED = replace(create("mine"), minimum_relevance=0.5), JobMetrics("ACTIVE", {TEN: 0.1})
HOLDER, FAILED = export("mine", "CREATE_PENDING"), export("mine", "CREATE_FAILED")
# Updates that keep their export, of a given and of a generated name.
HELD, HELD_GENERATED = update(properties(Name="mine"), "mine"), update(properties())


FOR_JOB = RetriedError(START_CALL, START, "ValidationException", "no", "CREATE_PENDING", last_at=START)
kept_failing = partial(reasons.kept_failing, may_have_started=False)
listing_refused = partial(reasons.listing_refused, may_have_started=False)


def retried(call: str, code: str) -> RetriedError:
    return RetriedError(call, START, code, "slow.")


# The failure of each function, its code, what it is about, and whether nothing can have been started by the request.
REASONS: dict[str, tuple[ExportFailure, str, str, bool]] = {
    "invalid_property": (
        reasons.invalid_property(BrokenRule("Name", "must not be blank", " ")),
        "ValidationException",
        "property Name",
        True,
    ),
    "refusal": (
        reasons.refusal(GIVEN, ServiceError("AccessDeniedException", "no policy", ErrorKind.REFUSED)),
        "AccessDeniedException",
        MINE,
        False,
    ),
    "listing_refused": (listing_refused(GIVEN, GONE), "ValidationException", MINE, False),
    "used_up": (reasons.used_up(GIVEN, FULL, listed=25), "ServiceQuotaExceededException", MINE, False),
    "kept_failing": (
        kept_failing(GIVEN, retried(START_CALL, "Throttling"), timedelta(seconds=90), was_listed=True),
        "Throttling",
        MINE,
        False,
    ),
    "conflict": (reasons.conflict(GIVEN, HOLDER), "ConflictException", MINE, True),
    "export_failed": (reasons.export_failed(GIVEN, FAILED), "CREATE_FAILED", MINE, False),
    "export_failed, of an update that keeps it": (reasons.export_failed(HELD, FAILED), "CREATE_FAILED", MINE, False),
    "out_of_time": (reasons.out_of_time(GIVEN, is_started=True), "DeadlineExceeded", MINE, False),
    "out_of_time, perhaps started": (reasons.out_of_time(GIVEN, is_started=None), "DeadlineExceeded", MINE, False),
    "out_of_time, not started": (reasons.out_of_time(GIVEN, is_started=False), "DeadlineExceeded", MINE, True),
    "rollback_unknown": (reasons.rollback_unknown(GIVEN), "DeadlineExceeded", MINE, True),
    "never_listed": (reasons.never_listed(GIVEN), "ExportNotListed", MINE, False),
    "stack_moved_on": (
        reasons.stack_moved_on(GIVEN, StackPhase.LATER, may_have_started=False),
        "StackMovedOn",
        MINE,
        True,
    ),
    "stack_unreadable": (reasons.stack_unreadable(GIVEN), "StackUnreadable", MINE, True),
    "executions_unreadable": (reasons.executions_unreadable(GIVEN), "ExecutionsUnreadable", MINE, True),
    "missing_in_rollback": (reasons.missing_in_rollback(GIVEN), "RollbackWithoutExport", MINE, True),
    "missing_in_update": (reasons.missing_in_update(GIVEN), "ExportNotFound", MINE, True),
    "relevance_too_low": (
        reasons.relevance_too_low(GUARDED, SCORED, 0.1, may_have_started=False),
        "RelevanceTooLow",
        MINE,
        True,
    ),
    "relevance_unknown": (
        reasons.relevance_unknown(GUARDED, SCORED, may_have_started=False),
        "RelevanceUnknown",
        MINE,
        True,
    ),
    "job_unreadable": (
        reasons.job_unreadable(GUARDED, GONE, may_have_started=False),
        "ValidationException",
        MINE,
        True,
    ),
    "job_not_active": (
        reasons.job_not_active(GIVEN, FOR_JOB, may_have_started=False),
        "GenerationJobNotActive",
        MINE,
        True,
    ),
    "job_not_active, perhaps started": (
        reasons.job_not_active(GIVEN, FOR_JOB, may_have_started=True),
        "GenerationJobNotActive",
        MINE,
        False,
    ),
    "not_accepted": (
        reasons.not_accepted(KeyError("a bug")),
        "KeyError",
        "the state machine that follows the export",
        False,
    ),
    "handler_failed": (
        reasons.handler_failed("KeyError", "oops"),
        "KeyError",
        "the handler of the audience export failed on every try",
        False,
    ),
}

SOMETHING_TO_DO = (
    r"\b(Check|[Cc]hoose|Correct|Deploy again|deploy again|Fix|See|To use one of them, set)\b|deploying again finds it"
)


def test_every_reason_is_here() -> None:
    failures = {
        name
        for name, made in inspect.getmembers(reasons, inspect.isfunction)
        if made.__module__ == reasons.__name__ and made.__annotations__.get("return") == "ExportFailure"
    }
    assert failures == {name.partition(",")[0] for name in REASONS}


@pytest.mark.parametrize(("failure", "code", "subject", "nothing_started"), REASONS.values(), ids=list(REASONS))
def test_a_reason_has_its_code_its_subject_and_says_what_to_do(
    failure: ExportFailure, code: str, subject: str, nothing_started: bool
) -> None:
    assert failure.code == code
    assert failure.reason.startswith(f"{code}: {subject}: ")
    assert re.search(SOMETHING_TO_DO, failure.reason.removeprefix(f"{code}: {subject}: "))
    assert failure.reason.endswith(".")
    assert ".." not in failure.reason
    assert "  " not in failure.reason
    assert len(failure.reason.encode()) < 1024
    says_so = "othing was started" in failure.reason or "starts no export" in failure.reason
    assert says_so is nothing_started


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (
            "ValidationException",
            "Check audience_generation_job_arn, audience_size, name and description against this message",
        ),
        ("ConflictException", "Fix the problem that the message describes"),
        ("AccessDeniedException", "The handler's role needs cleanrooms-ml:StartAudienceExportJob"),
        ("ResourceNotFoundException", "Check the ARN"),
        ("ServiceQuotaExceededException", "An account can have 20 exports pending or in progress"),
        ("ThrottlingException", "The service throttled the calls. Deploy again later"),
        ("SomethingNewException", "Deploy again. If the error persists, ask AWS Support"),
    ],
    ids=["validation", "conflict", "denied", "not found", "quota", "throttled", "unknown code"],
)
def test_each_code_of_the_service_has_its_advice(code: str, advice: str) -> None:
    error = ServiceError(code, "the words of the service", ErrorKind.REFUSED)
    assert reasons.refusal(GIVEN, error).reason.startswith(f"{code}: {MINE}: the words of the service. {advice}")
    kept = kept_failing(GIVEN, retried(START_CALL, code), timedelta(seconds=90.9), was_listed=True)
    assert f"slow (tried for 90 s; no export of this request is listed). {advice}" in kept.reason


def test_a_refusal_shows_what_was_found_out() -> None:
    error = ServiceError("ValidationException", "It is wrong.", ErrorKind.REFUSED)
    assert "It is wrong. The job is new. Check" in reasons.refusal(GIVEN, error, "The job is new.").reason


def test_only_a_conflict_without_a_start_says_that_nothing_was_started() -> None:
    assert "Nothing was started for this resource." in reasons.conflict(GIVEN, HOLDER).reason
    assert "Nothing was started" not in reasons.conflict(GIVEN, HOLDER, may_have_started=True).reason


def test_a_conflict_names_the_export_that_holds_the_name() -> None:
    held = "The name is held by an export of size PERCENTAGE 10, status CREATE_PENDING, created "
    assert f"{held}2026-03-01T11:50:00+00:00. An export cannot" in reasons.conflict(GIVEN, HOLDER).reason
    elsewhere = replace(HOLDER, audience_generation_job_arn=OTHER_JOB)
    assert f"+00:00, of generation job {OTHER_JOB}. " in reasons.conflict(GIVEN, elsewhere).reason


def test_a_conflict_without_a_holder_says_what_is_known() -> None:
    assert f"{MINE}: the name is taken. An export" in reasons.conflict(GIVEN, None).reason
    said = reasons.conflict(GIVEN, None, said="It exists.", facts="The job is new.").reason
    assert f"{MINE}: It exists. The job is new. An export" in said


def test_a_conflict_advises_about_the_name_that_was_used() -> None:
    assert reasons.conflict(GIVEN, HOLDER).reason.endswith(advice.for_taken_name(GIVEN, HOLDER))
    assert reasons.conflict(GENERATED, None).reason.endswith(advice.for_taken_name(GENERATED, None))


def test_a_deadline_says_how_to_find_the_export_again() -> None:
    for is_started, words in ((True, "The export continues."), (None, "An export may have been started.")):
        given, generated = (reasons.out_of_time(one, is_started=is_started).reason for one in (GIVEN, GENERATED))
        assert words in given
        assert "on_conflict=OnConflict.ADOPT" in given
        assert "finds it by its generated name" in generated
        assert "the time-out of 3,600 s" in given
    assert "ADOPT" not in reasons.out_of_time(GIVEN, is_started=False).reason


# What can be said to a request that adopts, and what must not be: to set what it has set.
TO_ONE_THAT_ADOPTS: dict[str, ExportFailure] = {
    "conflict": reasons.conflict(ADOPTING, replace(HOLDER, audience_size=TWENTY)),
    "conflict, nothing listed": reasons.conflict(ADOPTING, None),
    "used_up": reasons.used_up(ADOPTING, FULL, listed=25),
    "out_of_time": reasons.out_of_time(ADOPTING, is_started=True),
    "out_of_time, perhaps started": reasons.out_of_time(ADOPTING, is_started=None),
    "never_listed": reasons.never_listed(ADOPTING),
    "stack_moved_on": reasons.stack_moved_on(ADOPTING, StackPhase.LATER, may_have_started=True),
    "export_failed": reasons.export_failed(ADOPTING, FAILED),
}


@pytest.mark.parametrize("failure", TO_ONE_THAT_ADOPTS.values(), ids=list(TO_ONE_THAT_ADOPTS))
def test_adoption_is_not_advised_to_one_that_adopts(failure: ExportFailure) -> None:
    assert not re.search(r"set on_conflict|on_conflict to|on_conflict=", failure.reason)
    assert re.search(SOMETHING_TO_DO, failure.reason)
    assert len(failure.reason.encode()) < 1024


def test_a_start_that_may_appear_later_is_found_by_a_given_name_only_with_adoption() -> None:
    """A Create that has failed is rolled back, and the corrected deployment would conflict with its own export."""
    for make in (reasons.never_listed, partial(reasons.stack_moved_on, phase=StackPhase.LATER, may_have_started=True)):
        assert "If the export is listed by then, set on_conflict=OnConflict.ADOPT to use it." in make(GIVEN).reason
        assert "ADOPT" not in make(GENERATED).reason
    assert "ADOPT" not in reasons.stack_moved_on(GIVEN, StackPhase.LATER, may_have_started=False).reason


def test_a_start_that_may_have_taken_effect_before_the_wait_for_its_job_is_found_with_adoption() -> None:
    assert "ADOPT" in reasons.job_not_active(GIVEN, FOR_JOB, may_have_started=True).reason
    assert "ADOPT" not in reasons.job_not_active(GIVEN, FOR_JOB, may_have_started=False).reason


def test_how_far_a_request_was_is_said_with_times_in_utc() -> None:
    noon = "2026-03-01T12:00:00+00:00"
    running = replace(export("mine", "CREATE_PENDING", age=0), update_time=START + timedelta(seconds=1))
    listed = f"The last listing showed it as CREATE_PENDING, created at {noon}, updated at {noon[:-7]}1+00:00."
    assert reasons.last_seen(running) == listed
    assert reasons.start_accepted(START) == f"The service accepted its start at {noon}."
    assert reasons.waited(START, "a slot in the account") == (
        f"The handler had tried to start it since {noon}, and was waiting for a slot in the account."
    )
    assert reasons.watch(GIVEN) == 'To see more, run "cdk-cleanroomsml watch Campaigns".'


def test_a_used_up_job_says_how_to_use_one_of_its_exports() -> None:
    to_do = "To use one of them, set name and audience_size to its own"
    assert f"{to_do}, and on_conflict to OnConflict.ADOPT. To export" in reasons.used_up(GIVEN, FULL, listed=25).reason
    assert f"{to_do}. To export" in reasons.used_up(ADOPTING, FULL, listed=25).reason


def test_a_bad_property_is_named_where_it_is_to_be_corrected() -> None:
    reason = reasons.invalid_property(BrokenRule("AudienceSize.Value", "must be from 1 to 100", "0")).reason
    assert reason.endswith("Nothing was started. Correct AudienceSize.Value, then deploy again.")


def test_an_export_that_failed_has_its_status_details() -> None:
    assert "no status details" in reasons.export_failed(GIVEN, FAILED).reason
    both = reasons.export_failed(GIVEN, replace(FAILED, status_code="DENIED", status_message="no bucket")).reason
    assert f"{MINE}: DENIED: no bucket. Fix" in both
    assert f"{MINE}: no bucket. Fix" in reasons.export_failed(GIVEN, replace(FAILED, status_message="no bucket")).reason


@pytest.mark.parametrize("make", [lambda one: reasons.export_failed(one, FAILED), reasons.missing_in_update])
def test_an_update_that_keeps_its_export_is_not_advised_to_deploy_again(
    make: Callable[[ExportRequest], ExportFailure],
) -> None:
    """The resource keeps that export: only what identifies an export requests another one."""
    for request, other in ((HELD, "name"), (HELD_GENERATED, "revision")):
        reason = make(request).reason
        assert "deploying again does not start another one" in reason
        assert "then deploy again" not in reason
        assert f"then set another {other} to request a new export" in reason


def test_a_new_request_whose_export_failed_is_advised_by_its_name() -> None:
    assert "deploy again with another name" in reasons.export_failed(GIVEN, FAILED).reason
    generated = reasons.export_failed(GENERATED, FAILED).reason
    assert "then deploy again. The next deployment requests a new export" in generated


# Failures of a request whose stack may be rolling back; whether nothing but skipping the resource helps then.
PERHAPS_IN_A_ROLLBACK: dict[str, tuple[Callable[[ExportRequest], ExportFailure], bool]] = {
    "a job that cannot be listed": (lambda one: listing_refused(one, GONE), True),
    "a job that is not found": (
        lambda one: reasons.refusal(one, ServiceError("ResourceNotFoundException", "Gone.", ErrorKind.REFUSED)),
        True,
    ),
    "a listing that is denied": (
        lambda one: listing_refused(one, ServiceError("AccessDeniedException", "No.", ErrorKind.DENIED)),
        False,
    ),
    "a listing that kept failing": (
        lambda one: kept_failing(one, retried(LIST_CALL, "Slow"), timedelta(seconds=9), was_listed=False),
        False,
    ),
    "the deadline": (lambda one: reasons.out_of_time(one, is_started=None), False),
    "a stack that moved on": (
        lambda one: reasons.stack_moved_on(one, StackPhase.ROLLING_BACK, may_have_started=False),
        True,
    ),
    "an unreadable stack": (reasons.stack_unreadable, False),
    "older executions": (reasons.executions_unreadable, False),
}


@pytest.mark.parametrize(("make", "skips"), PERHAPS_IN_A_ROLLBACK.values(), ids=list(PERHAPS_IN_A_ROLLBACK))
def test_an_update_is_advised_for_a_rollback_too(make: Callable[[ExportRequest], ExportFailure], skips: bool) -> None:
    """After a reversed Update has failed nobody can deploy or correct anything before the rollback has ended."""
    for request in (HELD, HELD_GENERATED, update(properties(Name="old"), "mine")):
        reason = make(request).reason
        assert "If this update belongs to a rollback, continue the rollback " in reason
        assert ("ContinueUpdateRollback with ResourcesToSkip" in reason) is skips
        assert len(reason.encode()) < 1024
    assert "rollback," not in make(GIVEN).reason, "a Create belongs to none"


def test_a_stack_that_moved_on_elsewhere_is_in_no_rollback() -> None:
    assert "rollback" not in reasons.stack_moved_on(HELD, StackPhase.LATER, may_have_started=False).reason


def test_a_start_that_kept_failing_is_in_no_rollback() -> None:
    """Each of its tries needs a stack that is creating or updating."""
    kept = kept_failing(HELD, retried(START_CALL, "Slow"), timedelta(seconds=9), was_listed=True)
    assert "rollback" not in kept.reason


def test_a_deadline_of_an_update_that_keeps_its_export_needs_no_adoption() -> None:
    assert "the resource keeps it" in reasons.out_of_time(HELD, is_started=True).reason
    assert "ADOPT" not in reasons.out_of_time(HELD, is_started=True).reason
    assert "by its generated name" in reasons.out_of_time(HELD_GENERATED, is_started=True).reason


def test_a_deadline_of_an_update_whose_export_is_gone_advises_another_one() -> None:
    """It starts nothing, so deploying again helps only if the export is listed then."""
    words = "Nothing was started for this resource. Deploy again. If the export is still not listed then, set another "
    assert f"{words}name to request" in reasons.out_of_time(HELD, is_started=False).reason
    assert f"{words}revision to request" in reasons.out_of_time(HELD_GENERATED, is_started=False).reason
    assert "not listed" not in reasons.out_of_time(GIVEN, is_started=False).reason


def test_an_update_that_has_no_time_to_see_a_rollback_is_told_how_long_it_needs() -> None:
    text = reasons.rollback_unknown(replace(update(properties()), timeout=timedelta(seconds=60))).reason
    assert "the time-out of 60 s left no time to see whether the stack is rolling back to it" in text
    assert "Set timeout to at least 120 s, then deploy again. If this update belongs to a rollback" in text


@pytest.mark.parametrize(
    ("request_", "seconds", "is_told"),
    [(update(properties(), held_id="of another"), 119, True), (update(properties(), held_id="of another"), 120, False)],
)
def test_an_update_whose_export_failed_needs_time_for_the_next_one(
    request_: ExportRequest, seconds: int, is_told: bool
) -> None:
    short = replace(request_, timeout=timedelta(seconds=seconds))
    told = "set timeout to at least 120 s, then deploy again." in reasons.export_failed(short, FAILED).reason
    assert told is is_told
    assert "timeout" not in reasons.export_failed(replace(GENERATED, timeout=timedelta(seconds=60)), FAILED).reason


REFUSED_AFTER_A_START: dict[str, ExportFailure] = {
    "the listing": reasons.listing_refused(GIVEN, GONE, may_have_started=True),
    "the start": reasons.refusal(GIVEN, GONE, may_have_started=True),
    "the job": reasons.job_unreadable(GUARDED, GONE, may_have_started=True),
    "its score": reasons.relevance_too_low(GUARDED, SCORED, 0.1, may_have_started=True),
    "no score": reasons.relevance_unknown(GUARDED, SCORED, may_have_started=True),
}


@pytest.mark.parametrize("failure", REFUSED_AFTER_A_START.values(), ids=list(REFUSED_AFTER_A_START))
def test_a_refusal_after_a_start_says_that_an_export_may_have_been_started(failure: ExportFailure) -> None:
    assert "An export may have been started." in failure.reason
    assert "othing was started" not in failure.reason
    assert failure.reason.endswith("If the export is listed by then, set on_conflict=OnConflict.ADOPT to use it.")


def test_a_handler_without_a_known_error_still_has_a_code() -> None:
    assert reasons.handler_failed("", "").reason.startswith("HandlerError: the handler of the audience export failed")


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (json.dumps({"errorMessage": "it broke", "stackTrace": ["line 1"]}), "it broke."),
        ("the task timed out", "the task timed out."),
        ("", "no cause was given."),
        ("[1]", "[1]."),
        ("{}", "{}."),
    ],
    ids=["an error of Lambda", "a text", "nothing", "a list", "JSON without a message"],
)
def test_a_cause_is_shown_without_its_stack_trace(cause: str, expected: str) -> None:
    assert f"failed on every try: {expected} See" in reasons.handler_failed("KeyError", cause).reason


def test_a_long_value_is_shown_by_its_ends() -> None:
    short = reasons.invalid_property(BrokenRule("Name", "is too long", "x" * 198)).reason
    assert f"got '{'x' * 198}'. Nothing" in short
    longer = reasons.invalid_property(BrokenRule("Name", "is too long", "x" * 199)).reason
    assert "(201 characters)" in longer
    long = reasons.invalid_property(BrokenRule("Name", "is too long", "x" * 4000)).reason
    assert f"got '{'x' * 119} ... {'x' * 39}' (4002 characters). Nothing" in long


OFFERED = (AudienceSize("PERCENTAGE", 20), AudienceSize("PERCENTAGE", 5), AudienceSize("ABSOLUTE", 1000))
OFFERS = "The configured audience model offers these audience sizes: ABSOLUTE 1000; PERCENTAGE 5, 20."
MEASURED = "The metrics of the generation job are for these audience sizes: PERCENTAGE 5."
FACTS: dict[str, tuple[RefusalFacts, str]] = {
    "nothing": (RefusalFacts(), ""),
    "a job that is not active": (
        RefusalFacts("CREATE_FAILED"),
        "The generation job is CREATE_FAILED; only the audience of an ACTIVE job can be exported.",
    ),
    "other sizes": (RefusalFacts(offered=OFFERED), OFFERS),
    "the requested size": (RefusalFacts(offered=(*OFFERED, TEN)), ""),
    "other sizes, measured": (RefusalFacts(measured=(OFFERED[1],)), MEASURED),
    "the requested size, measured": (RefusalFacts(measured=(OFFERED[1], TEN)), ""),
    "offered as measured": (RefusalFacts(offered=OFFERED, measured=OFFERED[::-1]), OFFERS),
    "offered and measured": (RefusalFacts(offered=OFFERED, measured=(OFFERED[1],)), f"{OFFERS} {MEASURED}"),
}


@pytest.mark.parametrize(("facts", "expected"), FACTS.values(), ids=list(FACTS))
def test_what_may_explain_a_refusal(facts: RefusalFacts, expected: str) -> None:
    assert reasons.refusal_facts(facts, TEN) == expected


@pytest.mark.parametrize(
    ("facts", "names_the_owner"),
    [
        (RefusalFacts(model_account="444455556666"), True),
        (RefusalFacts(model_account="444455556666", offered=OFFERED), False),
        (RefusalFacts(model_account=ACCOUNT), False),
        (RefusalFacts(), False),
    ],
    ids=["of another account", "readable", "of the own account", "unknown"],
)
def test_sizes_that_cannot_be_read_are_known_to_the_owner_of_the_model(
    facts: RefusalFacts, names_the_owner: bool
) -> None:
    hint = reasons.size_hint(facts, GIVEN)
    assert ("belongs to account 444455556666. If the size is the problem, ask its owner" in hint) is names_the_owner
    assert names_the_owner or hint == ""


def test_an_export_that_is_never_listed_is_waited_for_five_minutes() -> None:
    assert "accepted the start, but 5 minutes later the export is not listed" in reasons.never_listed(GIVEN).reason


@pytest.mark.parametrize("call", [START_CALL, LIST_CALL], ids=["start", "list"])
def test_without_a_last_listing_a_reason_says_nothing_about_exports(call: str) -> None:
    kept = kept_failing(GIVEN, retried(call, "Throttling"), timedelta(seconds=90), was_listed=False)
    assert "slow (tried for 90 s; the exports could not be listed at the end). Deploy again" in kept.reason
    assert "no export of this request is listed" not in kept.reason


def test_a_stack_that_moved_on_after_a_start_does_not_say_that_nothing_was_started() -> None:
    moved = reasons.stack_moved_on(GIVEN, StackPhase.OTHER, may_have_started=True)
    assert "sends no other start" in moved.reason
    assert "othing was started" not in moved.reason


def test_a_raised_quota_is_the_number_that_the_service_reports() -> None:
    raised = ServiceError("ServiceQuotaExceededException", "Full", ErrorKind.REFUSED, quota_value=40.0)
    assert "already has 40 exports" in reasons.used_up(GIVEN, raised, listed=41).reason


def test_a_reason_has_no_control_characters() -> None:
    """One breaks DescribeStackEvents and the CDK CLI."""
    error = ServiceError("ValidationException", "bad\x1b[31m \x00name\r\nand more", ErrorKind.REFUSED)
    assert "bad [31m  name and more. Check" in reasons.refusal(GIVEN, error).reason


def test_a_used_up_job_has_the_exports_that_are_listed_if_the_service_gives_no_number() -> None:
    assert "already has 31 exports" in reasons.used_up(GIVEN, FULL, listed=31).reason


def test_a_job_that_was_not_active_says_when_it_was_read_if_that_is_known() -> None:
    read = reasons.job_not_active(GIVEN, FOR_JOB, may_have_started=False).reason
    assert (
        "CREATE_PENDING when it was last read, at 2026-03-01T12:00:00+00:00. The request's time-out is 3,600 s" in read
    )
    unknown = reasons.job_not_active(GIVEN, replace(FOR_JOB, last_at=None), may_have_started=False).reason
    assert "was still CREATE_PENDING when it was last read. The request's time-out is" in unknown
