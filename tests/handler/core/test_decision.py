"""The decision, case by case, and rules that hold for everything that can be listed.

`test_decision_table` runs the table of the document; here are the numbers and the corners.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audience_export_handler.core.attempt import Accepted, Announced, Attempt, Phase, Taken, Unanswered
from audience_export_handler.core.decision import decide, holder_of, needs_model, needs_stack
from audience_export_handler.core.facts import ExportJob, StackPhase
from audience_export_handler.core.progress import Progress, RetriedError, Seen
from audience_export_handler.core.situation import Announce, Decision, Fail, Situation, Start, Succeed, Wait
from tests.builders.arns import ACCOUNT, OTHER_JOB
from tests.builders.events import properties
from tests.builders.requests import GENERATED, START, TEN, TWENTY, adopting, create, export, situation, update


def outcome(decision: Decision) -> object:
    """A decision as the table writes it: a failure is its code."""
    return decision.failure.code if isinstance(decision, Fail) else decision


SETTLED = START + timedelta(seconds=15)


def attempt(phase: Phase, name: str = "mine", *, may_have_started: bool = True) -> Attempt:
    """An attempt announced at START, of which an export may have been created until 15 s later."""
    return Attempt(name, phase, START, SETTLED if may_have_started else None)


ACCEPTED = attempt(Accepted(START))
UNANSWERED = attempt(Unanswered(START, SETTLED, "no answer"))
TAKEN = attempt(Taken(START, "taken"), GENERATED)
ANNOUNCED = attempt(Announced(), may_have_started=False)


NOTHING_LISTED = {
    "a generated name": (situation(create()), Announce(GENERATED)),
    "a given name": (situation(create("mine")), Announce("mine")),
    "an unreadable stack": (situation(create(), stack=StackPhase.UNREADABLE), Wait(5)),
    "a rollback": (situation(create(), stack=StackPhase.ROLLING_BACK, after=60), "StackMovedOn"),
    "a stack that is complete": (situation(create(), stack=StackPhase.OTHER, after=60), "StackMovedOn"),
    "a stack that is deleted": (situation(create(), stack=StackPhase.ENDING, after=60), "StackMovedOn"),
    "a later operation": (situation(create(), stack=StackPhase.LATER), "StackMovedOn"),
    "a status of before the request, perhaps": (situation(create(), stack=StackPhase.OTHER, after=59), Wait(5)),
}
GENERATED_NAME = {
    "ACTIVE": (situation(create(), export(GENERATED)), Succeed(export(GENERATED))),
    "pending": (situation(create(), export(GENERATED, "CREATE_PENDING", age=99)), Wait(10)),
    "failed": (situation(create(), export(GENERATED, "CREATE_FAILED")), Announce(f"{GENERATED}-2")),
    "failed, and another one ACTIVE": (
        situation(create(), export(GENERATED, "CREATE_FAILED"), export(f"{GENERATED}-2")),
        Succeed(export(f"{GENERATED}-2")),
    ),
    "of another size": (situation(create(), export(GENERATED, size=TWENTY)), "ConflictException"),
}
IS_HELD = create("mine").physical_id
GIVEN_NAME = {
    "ACTIVE": (situation(create("mine"), export("mine")), "ConflictException"),
    "in progress": (situation(create("mine"), export("mine", "CREATE_IN_PROGRESS")), "ConflictException"),
    "failed": (situation(create("mine"), export("mine", "CREATE_FAILED")), Announce("mine")),
    "of another size": (situation(create("mine"), export("mine", size=TWENTY)), "ConflictException"),
    "held, of another size": (
        situation(update(properties(Name="mine"), "mine", IS_HELD), export("mine", size=TWENTY)),
        "ConflictException",
    ),
    "held": (situation(update(properties(Name="mine"), "mine", IS_HELD), export("mine")), Succeed(export("mine"))),
    "an update to it": (
        situation(update(properties(Name="old"), "mine"), export("mine"), after=60),
        "ConflictException",
    ),
    "an update to it, which may be a rollback": (
        situation(update(properties(Name="old"), "mine"), export("mine"), after=59),
        Wait(5),
    ),
}
ADOPTED_NAME = {
    "ACTIVE": (situation(adopting("mine"), export("mine")), Succeed(export("mine"))),
    "pending": (situation(adopting("mine"), export("mine", "CREATE_PENDING")), Wait(30)),
    "of another size": (situation(adopting("mine"), export("mine", size=TWENTY)), "ConflictException"),
    "failed": (situation(adopting("mine"), export("mine", "CREATE_FAILED")), Announce("mine")),
    "listed after a conflict": (
        situation(adopting("mine"), export("mine"), attempt=replace(TAKEN, name="mine")),
        Succeed(export("mine")),
    ),
}
NOT_WAITING = {
    "pending": (
        situation(create(WaitForCompletion="false"), export(GENERATED, "CREATE_PENDING")),
        Succeed(export(GENERATED, "CREATE_PENDING")),
    ),
    "failed": (
        situation(create("mine", WaitForCompletion="false"), export("mine", "CREATE_FAILED", age=0), attempt=ACCEPTED),
        "CREATE_FAILED",
    ),
    "not listed yet": (situation(create("mine", WaitForCompletion="false"), attempt=ACCEPTED), Wait(2)),
}
UPDATE = {
    "its export is not listed": (situation(update(properties())), Wait(5)),
    "its export is not listed for 31 s": (situation(update(properties()), after=31), "ExportNotFound"),
    "its export has failed": (
        situation(update(properties()), export(GENERATED, "CREATE_FAILED"), after=60),
        "CREATE_FAILED",
    ),
    "its export has failed, and it may be a rollback": (
        situation(update(properties()), export(GENERATED, "CREATE_FAILED"), after=59),
        Wait(5),
    ),
    "to an export that the resource does not hold": (
        situation(update(properties(), held_id="of another")),
        Announce(GENERATED),
    ),
    "to one that it does not hold, and that has failed": (
        situation(update(properties(), held_id="of another"), export(GENERATED, "CREATE_FAILED"), after=60),
        Announce(f"{GENERATED}-2"),
    ),
    "back, in a rollback": (
        situation(update(properties(Name="new"), "mine"), export("mine"), stack=StackPhase.ROLLING_BACK, after=60),
        Succeed(export("mine")),
    ),
    "back to a failed one, in a rollback": (
        situation(
            update(properties(Name="n")),
            export(GENERATED, "CREATE_FAILED"),
            stack=StackPhase.ROLLING_BACK,
            after=60,
        ),
        Succeed(export(GENERATED, "CREATE_FAILED")),
    ),
    "back to one that is not listed": (
        situation(update(properties(Name="n")), stack=StackPhase.ROLLING_BACK),
        Wait(5),
    ),
    "back to one that is not listed for a minute": (
        situation(update(properties(Name="n")), stack=StackPhase.ROLLING_BACK, after=60),
        "RollbackWithoutExport",
    ),
}
ANNOUNCED_START = {
    "nothing listed": (situation(create("mine"), attempt=ANNOUNCED), Start("mine")),
    "a rollback": (
        situation(create("mine"), attempt=ANNOUNCED, stack=StackPhase.ROLLING_BACK, after=60),
        "StackMovedOn",
    ),
    "an unreadable stack": (situation(create("mine"), attempt=ANNOUNCED, stack=StackPhase.UNREADABLE), Wait(5)),
    "a stack that was not read": (situation(create("mine"), attempt=ANNOUNCED, stack=None), Wait(5)),
    "somebody else's": (situation(create("mine"), export("mine", age=0), attempt=ANNOUNCED), "ConflictException"),
    "of the generated name": (
        situation(create(), export(GENERATED, age=0), attempt=replace(ANNOUNCED, name=GENERATED)),
        Succeed(export(GENERATED, age=0)),
    ),
}
ACCEPTED_LATE = attempt(Accepted(START + timedelta(minutes=6)))
ACCEPTED_START = {
    "not listed": (situation(create("mine"), attempt=ACCEPTED), Wait(2)),
    "not listed for 299 s": (situation(create("mine"), attempt=ACCEPTED, after=299), Wait(2)),
    "not listed for 300 s": (situation(create("mine"), attempt=ACCEPTED, after=300), "ExportNotListed"),
    "listed": (situation(create("mine"), export("mine", age=0), attempt=ACCEPTED), Succeed(export("mine", age=0))),
    "failed": (situation(create("mine"), export("mine", "CREATE_FAILED", age=0), attempt=ACCEPTED), "CREATE_FAILED"),
    "an older one, 9 s": (situation(create("mine"), export("mine", age=60), attempt=ACCEPTED, after=9), Wait(2)),
    "an older one, 15 s": (
        situation(create("mine"), export("mine", age=60), attempt=ACCEPTED, after=15),
        "ConflictException",
    ),
    "of another size, 15 s": (
        situation(create("mine"), export("mine", age=0, size=TWENTY), attempt=ACCEPTED, after=15),
        "ConflictException",
    ),
    "an older failed one, 29 s": (
        situation(create("mine"), export("mine", "CREATE_FAILED", age=60), attempt=ACCEPTED, after=29),
        Wait(2),
    ),
    "an older failed one, 30 s": (
        situation(create("mine"), export("mine", "CREATE_FAILED", age=60), attempt=ACCEPTED, after=30),
        "ConflictException",
    ),
    "an older failed one, announced six minutes before it was accepted": (
        situation(create("mine"), export("mine", "CREATE_FAILED", age=60), attempt=ACCEPTED_LATE, after=362),
        Wait(2),
    ),
}
UNANSWERED_START = {
    "not settled": (situation(create("mine"), attempt=UNANSWERED), Wait(2)),
    "not listed": (situation(create("mine"), attempt=UNANSWERED, after=15), Announce("mine")),
    "listed": (
        situation(create("mine"), export("mine", age=-2), attempt=UNANSWERED),
        Succeed(export("mine", age=-2)),
    ),
    "created 20 s after the announcement": (
        situation(create("mine"), export("mine", age=-20), attempt=UNANSWERED, after=25),
        Succeed(export("mine", age=-20)),
    ),
    "created when no start was under way any more": (
        situation(create("mine"), export("mine", age=-21), attempt=UNANSWERED, after=25),
        "ConflictException",
    ),
    "created before the announcement": (
        situation(create("mine"), export("mine", age=6), attempt=UNANSWERED, after=25),
        "ConflictException",
    ),
}
TAKEN_NAME = {
    "not listed": (situation(create(), attempt=TAKEN), Wait(2)),
    "not listed for 30 s": (situation(create(), attempt=TAKEN, after=30), "ConflictException"),
}
TABLES = {
    "nothing listed": NOTHING_LISTED,
    "a generated name is listed": GENERATED_NAME,
    "a given name is listed": GIVEN_NAME,
    "a name to adopt is listed": ADOPTED_NAME,
    "without waiting": NOT_WAITING,
    "an update": UPDATE,
    "announced": ANNOUNCED_START,
    "accepted": ACCEPTED_START,
    "unanswered": UNANSWERED_START,
    "taken": TAKEN_NAME,
}


@pytest.mark.parametrize(
    ("given_situation", "expected"),
    [pytest.param(*case, id=f"{table}: {name}") for table, cases in TABLES.items() for name, case in cases.items()],
)
def test_a_case(given_situation: Situation, expected: object) -> None:
    assert outcome(decide(given_situation)) == expected


def test_an_accepted_export_may_be_listed_late_however_long_it_was_announced() -> None:
    """A given name that a failed export holds: what counts is when the service accepted the start."""
    failed = export("mine", "CREATE_FAILED", age=600)
    accepted_at = START + timedelta(minutes=6)
    for seconds in range(30):
        now = situation(create("mine"), failed, attempt=attempt(Accepted(accepted_at)), after=360 + seconds)
        assert isinstance(decide(now), Wait), seconds


@pytest.mark.parametrize(
    "phase", [Unanswered(START, START, "no answer"), Taken(START, "taken")], ids=["unanswered", "taken"]
)
def test_a_conflict_says_that_nothing_started_only_if_nothing_can_have(phase: Phase) -> None:
    for may_have_started in (True, False):
        now = situation(
            create("mine"),
            export("mine", age=60),
            attempt=attempt(phase, may_have_started=may_have_started),
            after=40,
        )
        decision = decide(now)
        assert isinstance(decision, Fail)
        assert ("Nothing was started" in decision.failure.reason) is not may_have_started


@pytest.mark.parametrize(("age", "seconds"), [(0, 2), (39, 3), (100, 10), (299, 29), (100_000, 30)])
def test_the_wait_grows_with_the_age_of_the_export(age: float, seconds: int) -> None:
    now = situation(create(), export(GENERATED, "CREATE_IN_PROGRESS", age=age - 1))
    assert decide(now) == Wait(seconds)


def test_the_oldest_living_export_of_a_name_counts() -> None:
    """Names may not be unique: somebody else may have started another one later."""
    ours, theirs, failed = export("mine", age=600), export("mine", age=30), export("mine", "CREATE_FAILED", age=900)
    request = update(properties(Name="mine"), "mine", IS_HELD)
    assert decide(situation(request, theirs, ours, failed)) == Succeed(ours)
    young = replace(theirs, create_time=START)
    assert decide(
        situation(create("mine"), young, replace(ours, create_time=START - timedelta(seconds=3)), attempt=ACCEPTED)
    ) == Succeed(replace(ours, create_time=START - timedelta(seconds=3)))


def test_a_request_that_is_never_a_minute_old_before_its_deadline_is_decided_there() -> None:
    request = update(properties(Name="old"), "mine", TimeoutSeconds="60")
    assert decide(situation(request, export("mine"), after=35)) == Wait(5)
    assert outcome(decide(situation(request, export("mine"), after=36))) == "ConflictException"
    rolling_back = situation(request, export("mine"), stack=StackPhase.ROLLING_BACK, after=36)
    assert decide(rolling_back) == Succeed(export("mine"))


def test_reads_become_rarer_the_longer_a_phase_is_not_known() -> None:
    waits = [decide(situation(create(), stack=StackPhase.UNREADABLE, after=age)) for age in (1, 20, 40, 61, 600)]
    assert waits == [Wait(5), Wait(20), Wait(21), Wait(30), Wait(30)]


def test_an_active_export_without_a_location_is_given_a_minute() -> None:
    bare = replace(export(GENERATED, age=0), output_location="")
    assert decide(situation(create(), bare, after=59)) == Wait(5, for_location=True)
    assert decide(situation(create(), bare, after=60)) == Succeed(bare)


@pytest.mark.parametrize("attempt", [None, replace(ACCEPTED, name=GENERATED)], ids=["found", "started"])
def test_an_active_export_of_another_account_s_model_is_given_no_time(attempt: Attempt | None) -> None:
    bare = replace(export(GENERATED, age=0), output_location="")
    now = situation(create(), bare, attempt=attempt)
    assert needs_model(now)
    assert decide(replace(now, model_account=ACCOUNT)) == Wait(5, for_location=True)
    assert decide(replace(now, model_account="444455556666")) == Succeed(bare)


@pytest.mark.parametrize(
    ("attempt", "is_needed"),
    [(None, True), (ANNOUNCED, True), (ACCEPTED, False), (UNANSWERED, False)],
    ids=["before", "announced", "accepted", "unanswered"],
)
def test_the_stack_is_needed_as_long_as_the_next_thing_may_be_a_start(attempt: Attempt | None, is_needed: bool) -> None:
    assert needs_stack(Progress(attempt)) is is_needed


def test_an_export_may_start_until_the_deadline() -> None:
    assert decide(situation(create("mine"), after=57 * 60)) == Announce("mine")
    assert outcome(decide(situation(create("mine"), after=57 * 60 + 0.1))) == "DeadlineExceeded"


def test_the_model_is_needed_only_for_a_missing_location() -> None:
    bare = replace(export(GENERATED, age=0), output_location="")
    for other in (
        situation(create(), export(GENERATED, age=0)),
        situation(create(), replace(bare, status="CREATE_IN_PROGRESS")),
        situation(create(), bare, after=60),
        situation(create(WaitForCompletion="false"), bare),
        situation(create(), attempt=ACCEPTED),
        situation(create()),
    ):
        assert not needs_model(other)


@pytest.mark.parametrize("attempt", [None, replace(ACCEPTED, name=GENERATED)], ids=["found", "started"])
def test_an_active_export_succeeds_at_the_deadline_without_its_output_location(attempt: Attempt | None) -> None:
    """It has ended, so that it "continues" would not be true."""
    bare = replace(export(GENERATED, age=-57 * 60 + 2), output_location="")
    assert decide(situation(create(), bare, attempt=attempt, after=57 * 60 - 1)) == Succeed(bare)
    earlier = situation(create(), bare, attempt=attempt, after=57 * 60 - 10)
    assert decide(earlier) == Wait(5, for_location=True)


@pytest.mark.parametrize(("left", "seconds"), [(31, 30), (30, 30), (29.5, 29), (5, 5)])
def test_a_wait_ends_at_the_deadline_at_the_latest(left: float, seconds: int) -> None:
    running = export(GENERATED, "CREATE_IN_PROGRESS")
    assert decide(situation(create(), running, after=57 * 60 - left)) == Wait(seconds)


def test_without_time_for_another_step_nothing_is_waited_for() -> None:
    running = export(GENERATED, "CREATE_IN_PROGRESS")
    assert outcome(decide(situation(create(), running, after=57 * 60 - 4.9))) == "DeadlineExceeded"


def test_the_deadline_s_failure_is_what_kept_the_export_from_starting() -> None:
    retried = RetriedError("StartAudienceExportJob", START, "ThrottlingException", "Rate exceeded")
    late = situation(create(), stack=StackPhase.FORWARD, after=57 * 60 + 1)
    assert outcome(decide(late)) == "DeadlineExceeded"
    assert outcome(decide(replace(late, progress=replace(late.progress, retried=retried)))) == "ThrottlingException"
    running = replace(late, exports=(export(GENERATED, "CREATE_PENDING"),))
    unsure = Progress(replace(UNANSWERED, name=GENERATED), retried, START)
    assert outcome(decide(replace(running, progress=unsure))) == "DeadlineExceeded"
    assert outcome(decide(replace(late, progress=unsure))) == "ThrottlingException"


@pytest.mark.parametrize("attempt", [None, ANNOUNCED], ids=["before", "announced"])
def test_nothing_starts_while_an_older_step_may_still_start_something(attempt: Attempt | None) -> None:
    for older_ended_by, decision in [
        (None, Wait(5)),
        (START + timedelta(seconds=75), Wait(75)),
        (START + timedelta(seconds=8), Wait(8)),
    ]:
        assert decide(situation(create("mine"), attempt=attempt, older_ended_by=older_ended_by)) == decision
    assert not isinstance(decide(situation(create("mine"), attempt=attempt, older_ended_by=START)), Wait)


@pytest.mark.parametrize("stack", [StackPhase.UNREADABLE, None], ids=["unreadable", "not read"])
def test_what_may_be_a_rollback_to_its_own_export_is_never_a_conflict(stack: StackPhase | None) -> None:
    """The given name is held by the export that the resource had before; nobody knows whether the stack goes back."""
    back = update(properties(Name="next"), "mine")
    for after in (10, 60, 57 * 60 - 5):
        assert isinstance(decide(situation(back, export("mine"), stack=stack, after=after)), Wait)
    at_the_end = situation(back, export("mine"), stack=stack, after=57 * 60 - 4)
    assert outcome(decide(at_the_end)) == ("StackUnreadable" if stack else "DeadlineExceeded")
    assert outcome(decide(replace(at_the_end, stack=StackPhase.FORWARD))) == "ConflictException"


@pytest.mark.parametrize("attempt", [None, ANNOUNCED], ids=["before", "announced"])
def test_an_older_step_that_may_outlast_the_deadline_is_waited_for_until_then(attempt: Attempt | None) -> None:
    """The last listing may show what it has started (seed 48750)."""

    def decision(after: float) -> Decision:
        short = create("mine", TimeoutSeconds="120")
        older_ended_by = START + timedelta(seconds=101)
        return decide(situation(short, attempt=attempt, after=after, older_ended_by=older_ended_by))

    assert decision(after=40) == Wait(60)
    assert decision(after=98.5) == Wait(1)
    assert decision(after=99) == Wait(1)
    assert outcome(decision(after=99.1)) == "DeadlineExceeded"


def test_the_deadline_runs_from_when_the_request_was_made() -> None:
    late = replace(situation(create(), after=57 * 60 - 60), requested_at=START - timedelta(minutes=2))
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
times = st.floats(0, 300).map(lambda seconds: START + timedelta(seconds=seconds))
phases = st.one_of(
    st.just(Announced()),
    st.builds(Accepted, times),
    st.builds(Unanswered, times, times, st.just("no answer")),
    st.builds(Taken, times, st.just("taken")),
)
attempts = st.none() | st.builds(attempt, phases, names, may_have_started=st.booleans())
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
def test_a_start_needs_an_announcement_a_stack_that_creates_or_updates_and_a_free_name(now: Situation) -> None:
    decision = decide(now)
    if isinstance(decision, Start):
        attempt = now.progress.attempt
        assert attempt is not None
        assert attempt.phase == Announced()
        assert now.stack is StackPhase.FORWARD
        assert not [listed for listed in now.exports if listed.name == decision.name and not listed.has_failed]


@given(situations)
def test_a_success_is_the_requested_export(now: Situation) -> None:
    decision = decide(now)
    if isinstance(decision, Succeed):
        assert decision.export in now.exports
        assert decision.export.audience_size == now.request.audience_size
        assert decision.export.status == "ACTIVE" or now.stack is StackPhase.ROLLING_BACK


@given(situations)
def test_an_update_that_keeps_its_export_announces_nothing_by_itself(now: Situation) -> None:
    if now.request.is_held and now.progress.attempt is None:
        assert not isinstance(decide(now), Announce | Start)


@given(situations)
def test_every_decision_is_timely(now: Situation) -> None:
    decision = decide(now)
    if isinstance(decision, Announce | Start):
        assert now.now <= START + timedelta(minutes=57)
    if isinstance(decision, Wait):
        assert 1 <= decision.seconds <= 30
        assert now.now + timedelta(seconds=decision.seconds) <= START + timedelta(minutes=57)


class TestWaitedFor:
    """The end of the export that a request has waited for is the request's end."""

    failed = export(GENERATED, "CREATE_FAILED")

    @staticmethod
    def after_waiting(now: Situation, waited_for: ExportJob) -> Decision:
        seen = Seen(waited_for.name, waited_for.create_time)
        return decide(replace(now, progress=replace(now.progress, seen=seen)))

    def test_that_has_failed_is_not_followed_by_another_start(self) -> None:
        """It was an earlier deployment's, which has the generated name."""
        decided = self.after_waiting(situation(create(), self.failed), self.failed)
        assert isinstance(decided, Fail)
        assert (decided.failure.code, decided.export) == ("CREATE_FAILED", self.failed)
        assert decide(situation(create(), self.failed)) == Announce(f"{GENERATED}-2"), "it was not waited for"

    def test_that_was_adopted_and_has_failed_is_not_started(self) -> None:
        failed = export("mine", "CREATE_FAILED")
        assert outcome(self.after_waiting(situation(adopting("mine"), failed), failed)) == "CREATE_FAILED"

    @pytest.mark.parametrize("attempt", [None, ACCEPTED], ids=["held", "started"])
    def test_has_no_successor_that_somebody_else_has_started(self, attempt: Attempt | None) -> None:
        own = export("mine", "CREATE_FAILED", age=-1)
        of_somebody_else = export("mine", "CREATE_IN_PROGRESS", age=-8)
        request = create("mine") if attempt else update(properties(Name="mine"), "mine")
        now = situation(request, own, of_somebody_else, attempt=attempt, after=70)
        decided = self.after_waiting(now, own)
        assert isinstance(decided, Fail)
        assert (decided.failure.code, decided.export) == ("CREATE_FAILED", own)

    def test_that_goes_on_is_waited_for(self) -> None:
        running = export(GENERATED, "CREATE_IN_PROGRESS")
        assert self.after_waiting(situation(create(), running), running) == Wait(30)

    @pytest.mark.parametrize("name", [f"{GENERATED}-2", GENERATED], ids=["the next name", "the same name"])
    def test_of_before_does_not_end_an_attempt_that_a_version_before_has_begun(self, name: str) -> None:
        """That version started another export after the failure, and kept the one that had failed."""
        second = export(name, "CREATE_IN_PROGRESS", age=-1)
        now = situation(create(), self.failed, second, attempt=replace(ACCEPTED, name=name))
        assert self.after_waiting(now, self.failed) == Wait(2)

    def test_ends_an_attempt_that_has_started_nothing(self) -> None:
        """A listing that did not show it led to the attempt, whose start was refused."""
        now = situation(create(), self.failed, attempt=replace(TAKEN, own_until=None))
        assert outcome(self.after_waiting(now, self.failed)) == "CREATE_FAILED"

    def test_of_another_size_is_another_one(self) -> None:
        running = export(GENERATED, "CREATE_IN_PROGRESS")
        other = replace(self.failed, audience_size=TWENTY)
        assert self.after_waiting(situation(create(), other, running), running) == Wait(30)

    def test_is_the_one_that_was_created_then(self) -> None:
        earlier = export("mine", "CREATE_FAILED", age=900)
        now = situation(adopting("mine"), earlier, export("mine", "CREATE_FAILED"))
        assert isinstance(self.after_waiting(now, export("mine", age=300)), Wait)

    @pytest.mark.parametrize("attempt", [None, ANNOUNCED], ids=["not announced", "announced"])
    def test_that_is_not_listed_for_a_while_is_not_started_again(self, attempt: Attempt | None) -> None:
        """A listing may show an earlier state than the one before it."""
        running = export("mine", "CREATE_IN_PROGRESS")
        now = situation(adopting("mine"), attempt=attempt)
        assert decide(now) == (Start("mine") if attempt else Announce("mine"))
        assert isinstance(self.after_waiting(now, running), Wait)
        other = export("other", "CREATE_IN_PROGRESS")
        assert isinstance(self.after_waiting(replace(now, exports=(other,)), running), Wait)


class TestGivenNamesThatAreNotUnique:
    """The resource's own export failed later; somebody else has started others of its name."""

    own = replace(export("mine", "CREATE_FAILED", age=600), update_time=START - timedelta(seconds=300))

    @pytest.mark.parametrize(("age", "expected"), [(599, "own"), (300, "own"), (299, "other"), (601, "other")])
    def test_one_that_began_while_its_own_was_alive_is_not_the_resource_s(self, age: float, expected: str) -> None:
        other = export("mine", age=age)
        keeps = update(properties(Name="mine"), "mine", Description="new")
        decided = decide(situation(keeps, other, self.own, after=60))
        assert outcome(decided) == ("CREATE_FAILED" if expected == "own" else Succeed(other))
        rolled_back = decide(situation(keeps, other, self.own, stack=StackPhase.ROLLING_BACK, after=60))
        assert rolled_back == Succeed(self.own if expected == "own" else other)

    def test_an_adopted_one_may_be_anybody_s(self) -> None:
        other = export("mine", age=400)
        keeps = update(properties(Name="mine", OnConflict="ADOPT"), "mine", OnConflict="ADOPT")
        assert decide(situation(keeps, other, self.own, after=60)) == Succeed(other)

    def test_one_of_another_size_does_not_hide_the_failure(self) -> None:
        keeps = update(properties(Name="mine"), "mine", Description="new")
        decided = decide(situation(keeps, self.own, export("mine", size=TWENTY, age=10), after=60))
        assert isinstance(decided, Fail)
        assert (decided.failure.code, decided.export) == ("CREATE_FAILED", self.own)


@pytest.mark.parametrize("stack", [StackPhase.FORWARD, StackPhase.ROLLING_BACK])
def test_of_generated_names_that_have_failed_a_resource_holds_the_last(stack: StackPhase) -> None:
    names = (GENERATED, f"{GENERATED}-2", f"{GENERATED}-3")
    failed = [export(name, "CREATE_FAILED") for name in names]
    decided = decide(situation(update(properties(), Description="new"), *failed, stack=stack, after=60))
    assert isinstance(decided, Succeed if stack is StackPhase.ROLLING_BACK else Fail)
    assert decided.export == failed[-1]


class TestHolder:
    """Who holds a name, if several exports have it."""

    ours = export("mine", age=100)

    @pytest.mark.parametrize(
        "other",
        [
            replace(export("mine", age=900), audience_generation_job_arn=OTHER_JOB),
            export("mine", "CREATE_FAILED", age=900),
            export("mine", size=TWENTY, age=900),
            export("mine", age=99),
        ],
        ids=["of another generation job", "failed", "of another size", "newer"],
    )
    def test_is_rather_the_one_that_the_request_is_about(self, other: ExportJob) -> None:
        assert holder_of(create("mine"), [other, self.ours]) == self.ours
        assert holder_of(create("mine"), [other]) == other

    def test_of_the_request_s_job_comes_before_one_that_is_alive(self) -> None:
        failed = export("mine", "CREATE_FAILED")
        elsewhere = replace(self.ours, audience_generation_job_arn=OTHER_JOB)
        assert holder_of(create("mine"), [elsewhere, failed]) == failed

    def test_that_is_alive_comes_before_one_of_the_size(self) -> None:
        alive, failed = export("mine", size=TWENTY), export("mine", "CREATE_FAILED")
        assert holder_of(create("mine"), [failed, alive]) == alive

    def test_is_nobody_if_none_is_listed(self) -> None:
        assert holder_of(create("mine"), []) is None

    def test_that_could_be_adopted_is_named_by_the_conflict(self) -> None:
        decided = decide(situation(create("mine"), export("mine", size=TWENTY), self.ours))
        assert isinstance(decided, Fail)
        assert "size PERCENTAGE 10" in decided.failure.reason
        assert "set on_conflict=OnConflict.ADOPT" in decided.failure.reason

    def test_that_has_failed_is_named_too(self) -> None:
        failed = export("mine", "CREATE_FAILED")
        now = situation(adopting("mine"), failed, attempt=replace(TAKEN, name="mine", own_until=None), after=30)
        decided = decide(now)
        assert isinstance(decided, Fail)
        assert "held by an export of size PERCENTAGE 10, status CREATE_FAILED" in decided.failure.reason


@pytest.mark.parametrize(("after", "seconds"), [(0, 5), (10, 10), (20, 10), (30, 5), (35, 5)])
def test_towards_the_deadline_the_stack_is_read_more_often(after: float, seconds: int) -> None:
    """Of a request of a minute, whose deadline is after 40 s: the read at the deadline is not the only late one."""
    rollback = update(properties(Name="old"), "mine", TimeoutSeconds="60")
    assert decide(situation(rollback, export("mine"), after=after)) == Wait(seconds)


def test_many_requests_do_not_read_more_often_towards_the_deadline() -> None:
    now = situation(create(), stack=StackPhase.UNREADABLE, after=57 * 60 - 200)
    assert decide(replace(now, progress=replace(now.progress, neighbours=450))) == Wait(98)


@pytest.mark.parametrize(
    "listed",
    [export("mine", "CREATE_FAILED"), export("mine")],
    ids=["a failed export that the resource holds", "the name of a replaced one"],
)
def test_what_fails_with_an_unread_stack_says_what_to_do_in_a_rollback(listed: ExportJob) -> None:
    old = properties(Name="mine" if listed.has_failed else "old")
    now = situation(update(old, "mine"), listed, stack=StackPhase.UNREADABLE, after=57 * 60 - 4)
    decided = decide(now)
    assert isinstance(decided, Fail)
    assert decided.failure.code == ("CREATE_FAILED" if listed.has_failed else "StackUnreadable")
    assert decided.failure.reason.count("If this update belongs to a rollback, continue the rollback") == 1
    was_read = decide(replace(now, stack=StackPhase.FORWARD))
    assert isinstance(was_read, Fail)
    assert "rollback" not in was_read.failure.reason.partition("OnConflict.ADOPT")[0]


def test_an_update_that_may_be_a_rollback_announces_nothing_at_the_last_read() -> None:
    """The next step could only find that the stack rolls back."""
    base = export(GENERATED, "CREATE_FAILED")
    now = situation(update(properties(Name="old"), TimeoutSeconds="60"), base, after=36)
    assert outcome(decide(now)) == "DeadlineExceeded"
    assert decide(replace(now, now=START + timedelta(seconds=61))) != Announce(f"{GENERATED}-2"), "too late"
    assert decide(situation(update(properties(Name="old")), base, after=61)) == Announce(f"{GENERATED}-2")
