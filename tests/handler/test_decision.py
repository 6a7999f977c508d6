"""The decision, as a table and as rules that hold for everything that can be listed."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_export_handler import export_request
from audience_export_handler.decision import Announce, Decision, Fail, Situation, Start, Succeed, Wait, deadline, decide
from audience_export_handler.export_job import ExportJob
from audience_export_handler.export_request import AudienceSize, ExportRequest
from audience_export_handler.progress import Attempt, Progress, Sent, Trouble
from audience_export_handler.stack import StackPhase
from tests.builders.arns import JOB
from tests.builders.events import event, properties

START = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)
TEN, TWENTY = AudienceSize("PERCENTAGE", 10), AudienceSize("PERCENTAGE", 20)


def create(name: str | None = None, **changes: str) -> ExportRequest:
    return export_request.parse(event(ResourceProperties=properties(Name=name, **changes)))


def adopting(name: str) -> ExportRequest:
    return create(name, OnConflict="ADOPT")


def update(old: dict, name: str | None = None, physical_id: str | None = None) -> ExportRequest:
    """An update from the old properties, which the resource holds unless another physical id is given."""
    declared = properties(Name=name)
    physical_id = physical_id or export_request.physical_id(event(ResourceProperties=old))
    return export_request.parse(
        event("Update", PhysicalResourceId=physical_id, ResourceProperties=declared, OldResourceProperties=old)
    )


GENERATED = create().name


def export(name: str, status: str = "ACTIVE", *, size: AudienceSize = TEN, age: float = 600) -> ExportJob:
    created = START - timedelta(seconds=age)
    return ExportJob(name, JOB, size, status, created, created, output_location="s3://b/k/")


def situation(
    request: ExportRequest,
    *exports: ExportJob,
    attempt: Attempt | None = None,
    stack: StackPhase | None = StackPhase.FORWARD,
    after: float = 1,
    free_from: datetime | None = START,
) -> Situation:
    return Situation(
        request, exports, Progress(attempt, free_from=free_from), stack, START + timedelta(seconds=after), START, START
    )


def outcome(decision: Decision) -> object:
    """A decision as the table writes it: a failure is its code."""
    return decision.failure.code if isinstance(decision, Fail) else decision


def sent(name: str, how: Sent, *, may_have_started: bool = True, look_for: float = 0) -> Attempt:
    until = START + timedelta(seconds=max(15, look_for)) if may_have_started else None
    return Attempt(name, START, how, until, START + timedelta(seconds=look_for) if look_for else None)


ACCEPTED = sent("mine", Sent.ACCEPTED, look_for=300)


@pytest.mark.parametrize(
    ("given_situation", "expected"),
    [
        # Nothing is listed.
        (situation(create()), Announce(GENERATED)),
        (situation(create("mine")), Announce("mine")),
        (situation(create(), stack=StackPhase.UNREADABLE), Wait(5)),
        (situation(create(), stack=StackPhase.ROLLING_BACK), "StackMovedOn"),
        (situation(create(), stack=StackPhase.ELSEWHERE), "StackMovedOn"),
        (situation(create(), stack=StackPhase.ENDING), "StackMovedOn"),
        (situation(create(), stack=StackPhase.LATER), "StackMovedOn"),
        # A generated name is listed: it is the export asked for.
        (situation(create(), export(GENERATED)), Succeed(export(GENERATED))),
        (situation(create(), export(GENERATED, "CREATE_PENDING", age=99)), Wait(10)),
        (situation(create(), export(GENERATED, "CREATE_FAILED")), Announce(f"{GENERATED}-2")),
        (
            situation(create(), export(GENERATED, "CREATE_FAILED"), export(f"{GENERATED}-2")),
            Succeed(export(f"{GENERATED}-2")),
        ),
        (situation(create(), export(GENERATED, size=TWENTY)), "ConflictException"),
        # A given name is listed: it is somebody's, unless the resource holds it.
        (situation(create("mine"), export("mine")), "ConflictException"),
        (situation(create("mine"), export("mine", "CREATE_IN_PROGRESS")), "ConflictException"),
        (situation(create("mine"), export("mine", "CREATE_FAILED")), Announce("mine")),
        (situation(create("mine"), export("mine", size=TWENTY)), "ConflictException"),
        (
            situation(update(properties(Name="mine"), "mine", create("mine").physical_id), export("mine", size=TWENTY)),
            "ConflictException",
        ),
        (
            situation(update(properties(Name="mine"), "mine", create("mine").physical_id), export("mine")),
            Succeed(export("mine")),
        ),
        (situation(update(properties(Name="old"), "mine"), export("mine")), "ConflictException"),
        # Unless it is to be adopted: then it is followed, if it has the size.
        (situation(adopting("mine"), export("mine")), Succeed(export("mine"))),
        (situation(adopting("mine"), export("mine", "CREATE_PENDING")), Wait(30)),
        (situation(adopting("mine"), export("mine", size=TWENTY)), "ConflictException"),
        (situation(adopting("mine"), export("mine", "CREATE_FAILED")), Announce("mine")),
        (
            situation(adopting("mine"), export("mine"), attempt=sent("mine", Sent.REFUSED_AS_TAKEN, look_for=30)),
            Succeed(export("mine")),
        ),
        # A request that does not wait is content with an export that is listed and has not failed.
        (
            situation(create(WaitForCompletion="false"), export(GENERATED, "CREATE_PENDING")),
            Succeed(export(GENERATED, "CREATE_PENDING")),
        ),
        (
            situation(
                create("mine", WaitForCompletion="false"),
                export("mine", "CREATE_FAILED", age=0),
                attempt=ACCEPTED,
            ),
            "CREATE_FAILED",
        ),
        (situation(create("mine", WaitForCompletion="false"), attempt=ACCEPTED), Wait(2)),
        # An update that keeps its export starts nothing, listed or not.
        (situation(update(properties())), Wait(5)),
        (situation(update(properties()), after=31), "ExportNotFound"),
        (situation(update(properties()), export(GENERATED, "CREATE_FAILED")), "CREATE_FAILED"),
        # One to an export that the resource does not hold is a new request, even where an earlier try had the same.
        (situation(update(properties(), physical_id="of another")), Announce(GENERATED)),
        (
            situation(update(properties(), physical_id="of another"), export(GENERATED, "CREATE_FAILED")),
            Announce(f"{GENERATED}-2"),
        ),
        # A rollback succeeds with whatever is listed.
        (
            situation(update(properties(Name="new"), "mine"), export("mine"), stack=StackPhase.ROLLING_BACK),
            Succeed(export("mine")),
        ),
        (
            situation(update(properties(Name="n")), export(GENERATED, "CREATE_FAILED"), stack=StackPhase.ROLLING_BACK),
            Succeed(export(GENERATED, "CREATE_FAILED")),
        ),
        (situation(update(properties(Name="n")), stack=StackPhase.ROLLING_BACK), Wait(5)),
        (situation(update(properties(Name="n")), stack=StackPhase.ROLLING_BACK, after=31), "RollbackWithoutExport"),
        (situation(create("mine"), export("mine"), stack=StackPhase.ROLLING_BACK), "ConflictException"),
        # Announced: the start goes out, if the stack still goes forward and nobody was faster.
        (situation(create("mine"), attempt=Attempt("mine", START)), Start("mine")),
        (situation(create("mine"), attempt=Attempt("mine", START), stack=StackPhase.ROLLING_BACK), "StackMovedOn"),
        (situation(create("mine"), attempt=Attempt("mine", START), stack=StackPhase.UNREADABLE), Wait(5)),
        (situation(create("mine"), attempt=Attempt("mine", START), stack=None), Wait(5)),
        (situation(create("mine"), export("mine", age=0), attempt=Attempt("mine", START)), "ConflictException"),
        (
            situation(create(), export(GENERATED, age=0), attempt=Attempt(GENERATED, START)),
            Succeed(export(GENERATED, age=0)),
        ),
        # Accepted: followed to its end.
        (situation(create("mine"), attempt=ACCEPTED), Wait(2)),
        (situation(create("mine"), attempt=ACCEPTED, after=100), Wait(10)),
        (situation(create("mine"), attempt=ACCEPTED, after=301), "ExportNotListed"),
        (
            situation(create("mine"), export("mine", age=0), attempt=ACCEPTED),
            Succeed(export("mine", age=0)),
        ),
        (
            situation(create("mine"), export("mine", "CREATE_FAILED", age=0), attempt=sent("mine", Sent.ACCEPTED)),
            "CREATE_FAILED",
        ),
        (
            situation(create("mine"), export("mine", age=60), attempt=ACCEPTED, after=9),
            Wait(2),
        ),
        (
            situation(create("mine"), export("mine", age=60), attempt=ACCEPTED, after=15),
            "ConflictException",
        ),
        (
            situation(create("mine"), export("mine", age=0, size=TWENTY), attempt=ACCEPTED, after=15),
            "ConflictException",
        ),
        (
            situation(create("mine"), export("mine", "CREATE_FAILED", age=60), attempt=ACCEPTED, after=29),
            Wait(2),
        ),
        (
            situation(create("mine"), export("mine", "CREATE_FAILED", age=60), attempt=ACCEPTED, after=30),
            "ConflictException",
        ),
        # Unknown: only a listing settles it, then it may be tried again.
        (situation(create("mine"), attempt=sent("mine", Sent.UNKNOWN, look_for=15)), Wait(2)),
        (situation(create("mine"), attempt=sent("mine", Sent.UNKNOWN, look_for=15), after=15), Announce("mine")),
        (
            situation(create("mine"), export("mine", age=-2), attempt=sent("mine", Sent.UNKNOWN, look_for=15)),
            Succeed(export("mine", age=-2)),
        ),
        # An export that was created when no start of ours was under way any more is not ours.
        (
            situation(
                create("mine"), export("mine", age=-21), attempt=sent("mine", Sent.UNKNOWN, look_for=15), after=25
            ),
            "ConflictException",
        ),
        (
            situation(
                create("mine"), export("mine", age=-20), attempt=sent("mine", Sent.UNKNOWN, look_for=15), after=25
            ),
            Succeed(export("mine", age=-20)),
        ),
        (
            situation(create("mine"), export("mine", age=6), attempt=sent("mine", Sent.UNKNOWN, look_for=15), after=25),
            "ConflictException",
        ),
        # Refused as taken, perhaps by ourselves.
        (situation(create(), attempt=sent(GENERATED, Sent.REFUSED_AS_TAKEN, look_for=30)), Wait(2)),
        (
            situation(create(), attempt=sent(GENERATED, Sent.REFUSED_AS_TAKEN, look_for=30), after=31),
            "ConflictException",
        ),
    ],
)
def test_the_table(given_situation: Situation, expected: object) -> None:
    assert outcome(decide(given_situation)) == expected


@pytest.mark.parametrize(("age", "seconds"), [(0, 2), (39, 3), (100, 10), (299, 29), (100_000, 30)])
def test_the_wait_grows_with_the_age_of_the_export(age: float, seconds: int) -> None:
    now = situation(create(), export(GENERATED, "CREATE_IN_PROGRESS", age=age - 1))
    assert decide(now) == Wait(seconds)


def test_an_active_export_without_a_location_is_given_a_minute() -> None:
    bare = replace(export(GENERATED, age=0), output_location="")
    assert decide(situation(create(), bare, after=59)) == Wait(5)
    assert decide(situation(create(), bare, after=60)) == Succeed(bare)


def test_no_wait_outlasts_the_deadline() -> None:
    running = export(GENERATED, "CREATE_IN_PROGRESS")
    assert decide(situation(create(), running, after=57 * 60 - 30)) == Wait(30)
    assert outcome(decide(situation(create(), running, after=57 * 60 - 29))) == "DeadlineExceeded"


@pytest.mark.parametrize(("timeout", "seconds"), [(60, 40), (200, 180), (600, 570), (3600, 3420)])
def test_the_deadline_leaves_time_to_answer(timeout: int, seconds: int) -> None:
    request = create(TimeoutSeconds=str(timeout))
    assert deadline(request, START) == START + timedelta(seconds=seconds)


def test_the_deadline_tells_what_stood_in_the_way_of_a_start() -> None:
    trouble = Trouble("StartAudienceExportJob", START, "ThrottlingException", "Rate exceeded")
    late = situation(create(), stack=StackPhase.FORWARD, after=57 * 60 + 1)
    assert outcome(decide(late)) == "DeadlineExceeded"
    assert outcome(decide(replace(late, progress=replace(late.progress, trouble=trouble)))) == "ThrottlingException"
    running = replace(late, exports=(export(GENERATED, "CREATE_PENDING"),))
    unsure = Progress(sent(GENERATED, Sent.UNKNOWN, look_for=9999), trouble, START)
    assert outcome(decide(replace(running, progress=unsure))) == "DeadlineExceeded"
    assert outcome(decide(replace(late, progress=unsure))) == "ThrottlingException"


@pytest.mark.parametrize("attempt", [None, Attempt("mine", START)])
def test_nothing_starts_while_an_older_step_may_still_start_something(attempt: Attempt | None) -> None:
    for free_from, decision in [
        (None, Wait(5)),
        (START + timedelta(seconds=75), Wait(30)),
        (START + timedelta(seconds=8), Wait(8)),
    ]:
        assert decide(situation(create("mine"), attempt=attempt, free_from=free_from)) == decision
    assert not isinstance(decide(situation(create("mine"), attempt=attempt, free_from=START)), Wait)


def test_the_deadline_runs_from_when_the_request_was_made() -> None:
    late = replace(situation(create(), after=57 * 60 - 60), asked_at=START - timedelta(minutes=2))
    assert outcome(decide(late)) == "DeadlineExceeded"


@pytest.mark.parametrize("status", ["ACTIVE", "CREATE_PENDING"])
def test_a_rollback_that_cannot_be_seen_as_one_is_no_conflict_yet(status: str) -> None:
    request = update(properties(Name="next"), "mine")
    assert decide(situation(request, export("mine", status), stack=StackPhase.UNREADABLE)) == Wait(5)
    other_size = export("mine", status, size=TWENTY)
    assert outcome(decide(situation(request, other_size, stack=StackPhase.UNREADABLE))) == "ConflictException"
    created = situation(create("mine"), export("mine", status), stack=StackPhase.UNREADABLE)
    assert outcome(decide(created)) == "ConflictException"


requests = st.sampled_from([create(), create("mine"), update(properties()), update(properties(Name="old"), "mine")])
names = st.sampled_from([GENERATED, f"{GENERATED}-2", "mine", "old", "other"])
statuses = st.sampled_from(["CREATE_PENDING", "CREATE_IN_PROGRESS", "CREATE_FAILED", "ACTIVE"])
exports = st.builds(export, names, statuses, size=st.sampled_from([TEN, TWENTY]), age=st.floats(-3600, 3600))
attempts = st.none() | st.builds(
    sent, names, st.sampled_from(Sent), may_have_started=st.booleans(), look_for=st.floats(0, 300)
)
situations = st.builds(
    lambda request, listed, attempt, stack, after: situation(
        request, *listed, attempt=attempt, stack=stack, after=after
    ),
    requests,
    st.lists(exports, max_size=4),
    attempts,
    st.none() | st.sampled_from(StackPhase),
    st.floats(0, 3600),
)


@given(situations)
def test_a_start_needs_an_announcement_a_stack_going_forward_and_a_free_name(now: Situation) -> None:
    decision = decide(now)
    if isinstance(decision, Start):
        attempt = now.progress.attempt
        assert attempt is not None
        assert attempt.sent is Sent.NOT_YET
        assert now.stack is StackPhase.FORWARD
        assert not [listed for listed in now.exports if listed.name == decision.name and not listed.has_failed]


@given(situations)
def test_a_success_is_the_export_asked_for(now: Situation) -> None:
    decision = decide(now)
    if isinstance(decision, Succeed):
        assert decision.export in now.exports
        assert decision.export.audience_size == now.request.audience_size
        assert decision.export.status == "ACTIVE" or now.stack is StackPhase.ROLLING_BACK


@given(situations)
def test_an_update_that_keeps_its_export_announces_nothing_by_itself(now: Situation) -> None:
    if not now.request.is_new and now.progress.attempt is None:
        assert not isinstance(decide(now), Announce | Start)


@given(situations)
def test_every_decision_is_timely(now: Situation) -> None:
    decision = decide(now)
    if isinstance(decision, Announce | Start):
        assert now.now <= START + timedelta(minutes=57)
    if isinstance(decision, Wait):
        assert 1 <= decision.seconds <= 30
        assert now.now + timedelta(seconds=decision.seconds) <= START + timedelta(minutes=57)
