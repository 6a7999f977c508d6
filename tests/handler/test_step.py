"""What one step calls, in which order and in which time, and what it returns; whole requests are in test_outages.py."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from audience_export_handler import step
from audience_export_handler.aws.step_functions import ExecutionsUnreadable
from audience_export_handler.core import quota, timing
from audience_export_handler.core.attempt import Announced, Attempt, Unanswered
from audience_export_handler.core.facts import ErrorKind, ExportJob, JobMetrics, RefusalFacts, ServiceError, StackPhase
from audience_export_handler.core.failure import ExportFailure
from audience_export_handler.core.progress import LIST, READ_JOB, Progress, RetriedError, Seen
from audience_export_handler.core.progress import START as START_CALL
from audience_export_handler.core.request import ExportRequest
from audience_export_handler.step import Pending, StepInput
from cdk_cleanroomsml_contract.api_limits import ACTIVE_OF_JOB, RUNNING_OF_ACCOUNT
from tests.builders.arns import ACCOUNT, JOB, OTHER_JOB, STACK_ID
from tests.builders.events import event, properties
from tests.builders.requests import START, TEN, TWENTY, adopting, create, export, update
from tests.fakes import service_answers as calls
from tests.fakes.clock import VirtualClock
from tests.fakes.service_answers import ServiceAnswers

# CloudFormation made the request at START; its execution began a little later.
BEGAN = START + timedelta(seconds=2)
# A request of an hour must be settled after 57 minutes; a late listing may begin until 18 seconds before the hour.
DEADLINE, LAST_LISTING = 3420, 3582

EVENT = event()
# The older executions are known to be stopped, and the requests that run are counted.
READY = Progress(older_ended_by=START, counted_at=START)
ANNOUNCED = Attempt("mine", Announced(), own_from=START)
ACCEPTED = ANNOUNCED.accepted(START, sent_at=START)
UNANSWERED = ANNOUNCED.unanswered(START, "no answer")
THROTTLED = ServiceError("ThrottlingException", "slow down", ErrorKind.THROTTLED)
DENIED = ServiceError("AccessDeniedException", "not allowed", ErrorKind.DENIED)
LOST = ServiceError("ReadTimeoutError", "no answer", ErrorKind.UNANSWERED)
INVALID = ServiceError("ValidationException", "not valid", ErrorKind.REFUSED)
CONFLICT = ServiceError("ConflictException", "taken", ErrorKind.REFUSED)
FULL = ServiceError(quota.CODE, "limit exceeded", ErrorKind.REFUSED)


def at(seconds: float) -> datetime:
    """The time so many seconds after CloudFormation made the request."""
    return START + timedelta(seconds=seconds)


def with_attempt(attempt: Attempt = ANNOUNCED, **changes: Any) -> Progress:
    return replace(READY, attempt=attempt, **changes)


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> ServiceAnswers:
    answers = ServiceAnswers(VirtualClock())
    answers.answer_from_now_on(monkeypatch)
    return answers


def given(
    services: ServiceAnswers,
    request: ExportRequest | None = None,
    progress: Progress = READY,
    *,
    after: float = 10,
    is_repeated: bool = False,
    draw: float = 0.5,
) -> StepInput:
    """A step that begins so many seconds after CloudFormation made the request."""
    services.clock.now = at(after)
    return StepInput(
        EVENT,
        request or create("mine"),
        progress,
        requested_at=START,
        started_at=BEGAN,
        is_repeated=is_repeated,
        clock=services.clock,
        draw=lambda: draw,
    )


def pending(services: ServiceAnswers, *arguments: Any, **named: Any) -> Pending:
    """What a step that has not ended returns."""
    result = step.take(given(services, *arguments, **named))
    assert isinstance(result, Pending)
    return result


def ended(services: ServiceAnswers, *arguments: Any, **named: Any) -> ExportJob:
    """The export that a step ends with."""
    result = step.take(given(services, *arguments, **named))
    assert isinstance(result, ExportJob)
    return result


def failure(services: ServiceAnswers, *arguments: Any, **named: Any) -> ExportFailure:
    """The failure that a step ends with."""
    with pytest.raises(ExportFailure) as caught:
        step.take(given(services, *arguments, **named))
    return caught.value


def assert_until_the_deadline(services: ServiceAnswers, in_time: Callable[[], bool]) -> None:
    """A caller of AWS is told that it may make further calls until the deadline."""
    assert [in_time() for services.clock.now in (at(DEADLINE - 1), at(DEADLINE))] == [True, False]


class TestTime:
    def test_a_call_may_be_made_before_the_deadline(self, services: ServiceAnswers) -> None:
        assert given(services).deadline == at(DEADLINE)
        assert given(services, after=DEADLINE - 1).in_time()
        assert not given(services, after=DEADLINE).in_time()

    def test_a_late_listing_may_begin_and_go_on_until_its_last_moment(self, services: ServiceAnswers) -> None:
        last = given(services, after=LAST_LISTING)
        assert last.may_list_on()
        assert not last.is_over()
        too_late = given(services, after=LAST_LISTING + 0.1)
        assert too_late.is_over()
        assert not too_late.may_list_on()

    def test_after_that_the_step_ends_without_a_call(self, services: ServiceAnswers) -> None:
        found = failure(services, progress=with_attempt(UNANSWERED), after=LAST_LISTING + 1)
        assert found.reason.startswith("DeadlineExceeded: ")
        assert "An export may have been started" in found.reason
        assert found.left == UNANSWERED
        assert services.calls == []

    def test_an_error_of_before_is_reported_then_without_a_word_on_what_is_listed(
        self, services: ServiceAnswers
    ) -> None:
        retried = RetriedError(START_CALL, at(3500), "ThrottlingException", "slow down")
        found = failure(services, progress=with_attempt(retried=retried), after=LAST_LISTING + 1)
        assert "slow down (tried for 83 s; the exports could not be listed at the end)" in found.reason


class TestRepeatedStep:
    """Its first run may have sent the start, if that was announced."""

    def test_may_have_started_the_announced_export(self, services: ServiceAnswers) -> None:
        result = pending(services, progress=with_attempt(), is_repeated=True)
        settled_at = at(10) + timing.OUTLASTING_STEP
        assert result.progress.attempt == Attempt("mine", Unanswered(at(10), settled_at, ""), START, settled_at)
        assert calls.START not in services.calls

    def test_that_runs_for_the_first_time_has_not(self, services: ServiceAnswers) -> None:
        pending(services, progress=with_attempt())
        assert services.calls[-1] == calls.START

    def test_without_an_announced_export_has_started_nothing(self, services: ServiceAnswers) -> None:
        assert pending(services, is_repeated=True) == Pending(
            replace(READY, attempt=replace(ANNOUNCED, own_from=at(10))), 0
        )


class TestOlderExecutions:
    def test_are_stopped_first_by_what_the_event_says(self, services: ServiceAnswers) -> None:
        pending(services, progress=Progress())
        assert services.calls == [calls.STOP, calls.LIST, calls.PHASE]
        assert services.arguments[calls.STOP] == (EVENT, START, services.clock)

    def test_none_found_means_that_nothing_older_runs(self, services: ServiceAnswers) -> None:
        services.answers[calls.STOP] = (None, 4)
        result = pending(services, progress=Progress())
        assert result.progress == Progress(replace(ANNOUNCED, own_from=at(10)), None, BEGAN, 4, at(10))

    def test_that_were_stopped_may_outlast_that(self, services: ServiceAnswers) -> None:
        services.answers[calls.STOP] = (at(9), 1)
        result = pending(services, progress=Progress())
        assert result.progress.older_ended_by == at(9) + timing.OUTLASTING_STEP
        assert result.progress.attempt is None

    def test_are_not_stopped_again_once_that_is_known(self, services: ServiceAnswers) -> None:
        pending(services)
        assert calls.STOP not in services.calls

    def test_that_cannot_be_listed_keep_the_export_from_starting(self, services: ServiceAnswers) -> None:
        services.answers[calls.STOP] = ExecutionsUnreadable("no answer")
        result = pending(services, progress=Progress())
        assert result.progress == Progress()
        assert services.calls == [calls.STOP, calls.LIST], "a Create needs no stack yet"

    def test_and_an_update_still_reads_the_stack_which_may_roll_back(self, services: ServiceAnswers) -> None:
        services.answers[calls.STOP] = ExecutionsUnreadable("no answer")
        pending(services, update(properties(Name="old"), "mine"), Progress())
        assert services.calls == [calls.STOP, calls.LIST, calls.PHASE]

    def test_a_count_does_not_change_until_when_they_may_run(self, services: ServiceAnswers) -> None:
        services.answers[calls.STOP] = (at(30), 7)
        counted = replace(READY, counted_at=at(3))
        result = pending(services, progress=counted, after=40)
        assert (result.progress.older_ended_by, result.progress.neighbours) == (START, 7)


class TestCount:
    """The requests that run are counted again after 30 s, and then every five minutes."""

    @pytest.mark.parametrize(
        ("counted", "now", "is_due"),
        [
            (3, 31.9, False),
            (3, 32, True),
            (31.9, 32, True),
            (32, 331.9, False),
            (32, 332, True),
            (3000, DEADLINE - 10.1, True),
            (3000, DEADLINE - 10, False),
        ],
    )
    def test_is_made_when_it_is_due(self, services: ServiceAnswers, counted: float, now: float, is_due: bool) -> None:
        pending(services, progress=replace(READY, counted_at=at(counted)), after=now)
        assert (calls.STOP in services.calls) is is_due

    def test_is_not_made_by_a_request_that_starts_nothing_more(self, services: ServiceAnswers) -> None:
        pending(services, progress=with_attempt(ACCEPTED, counted_at=at(3)), after=40)
        assert calls.STOP not in services.calls

    def test_is_not_made_by_an_execution_of_an_earlier_version_that_never_made_one(
        self, services: ServiceAnswers
    ) -> None:
        pending(services, progress=replace(READY, counted_at=None), after=1000)
        assert calls.STOP not in services.calls


class TestFirstRead:
    """If many requests begin together, each first waits for a random time."""

    @pytest.mark.parametrize(("draw", "pause"), [(1.0, 4), (0.5, 2), (0.3, 1)])
    def test_is_delayed_by_two_fifths_of_a_second_for_each(
        self, services: ServiceAnswers, draw: float, pause: int
    ) -> None:
        services.answers[calls.STOP] = (None, 10)
        assert pending(services, progress=Progress(), draw=draw) == Pending(
            Progress(older_ended_by=BEGAN, neighbours=10, counted_at=at(10)), pause
        )
        assert services.calls == [calls.STOP]

    def test_is_delayed_by_a_tenth_of_the_time_left_at_most(self, services: ServiceAnswers) -> None:
        services.answers[calls.STOP] = (None, 450)
        assert pending(services, create("mine", TimeoutSeconds="60"), Progress(), draw=1).wait_seconds == 3

    @pytest.mark.parametrize("neighbours", [5, 10], ids=["five together", "a delay of less than a second"])
    def test_is_made_immediately(self, services: ServiceAnswers, neighbours: int) -> None:
        services.answers[calls.STOP] = (None, neighbours)
        pending(services, progress=Progress(), draw=0.9 if neighbours == 5 else 0.2)
        assert calls.LIST in services.calls

    def test_is_made_immediately_after_the_deadline(self, services: ServiceAnswers) -> None:
        services.answers[calls.STOP] = (None, 450)
        failure(services, progress=Progress(), after=DEADLINE + 1, draw=1)
        assert calls.LIST in services.calls

    def test_a_later_count_delays_nothing(self, services: ServiceAnswers) -> None:
        services.answers[calls.STOP] = (None, 450)
        pending(services, progress=replace(READY, counted_at=at(3)), after=40, draw=1)
        assert calls.LIST in services.calls


class TestListing:
    def test_is_of_the_generation_job_and_may_go_on_beyond_the_deadline(self, services: ServiceAnswers) -> None:
        pending(services)
        job, may_go_on = services.arguments[calls.LIST]
        assert job == JOB
        assert [may_go_on() for services.clock.now in (at(LAST_LISTING), at(LAST_LISTING + 0.1))] == [True, False]

    def test_that_works_again_ends_its_error(self, services: ServiceAnswers) -> None:
        retried = RetriedError(LIST, at(3), "ThrottlingException", "slow down")
        assert pending(services, progress=replace(READY, retried=retried)).progress.retried is None

    def test_that_works_does_not_end_the_error_of_a_start(self, services: ServiceAnswers) -> None:
        retried = RetriedError(START_CALL, at(3), "ThrottlingException", "slow down")
        services.answers[calls.PHASE] = StackPhase.UNREADABLE
        assert pending(services, progress=with_attempt(retried=retried)).progress.retried == retried

    def test_that_fails_for_now_is_tried_again(self, services: ServiceAnswers) -> None:
        services.answers[calls.LIST] = THROTTLED
        retried = RetriedError(LIST, at(10), "ThrottlingException", "slow down")
        assert pending(services) == Pending(replace(READY, retried=retried), 5)
        assert services.calls == [calls.LIST]

    def test_is_tried_again_less_often_the_longer_it_fails(self, services: ServiceAnswers) -> None:
        services.answers[calls.LIST] = THROTTLED
        retried = RetriedError(LIST, at(10), "ThrottlingException", "slow down")
        long = replace(READY, retried=retried, counted_at=at(200))
        assert pending(services, progress=long, after=210, draw=1).wait_seconds == 20
        crowd = replace(long, neighbours=450)
        assert pending(services, progress=crowd, after=210, draw=0.5).wait_seconds == round(timing.fair_pause(450))

    def test_that_is_refused_fails_the_request_with_what_it_leaves(self, services: ServiceAnswers) -> None:
        services.answers[calls.LIST] = INVALID
        seen = Seen("mine", START)
        found = failure(services, progress=with_attempt(UNANSWERED, seen=seen))
        assert found.reason.startswith("ValidationException: ")
        assert found.left == seen

    def test_that_is_denied_is_tried_again_for_three_minutes(self, services: ServiceAnswers) -> None:
        services.answers[calls.LIST] = DENIED
        pending(services, after=179)
        assert failure(services, after=180).code == "AccessDeniedException"

    def test_is_tried_again_at_the_deadline_but_not_after_it(self, services: ServiceAnswers) -> None:
        services.answers[calls.LIST] = THROTTLED
        assert pending(services, after=DEADLINE - 1).wait_seconds == 1
        found = failure(services, progress=with_attempt(UNANSWERED), after=DEADLINE - 0.9)
        assert found.reason.startswith("ThrottlingException: ")
        assert "the exports could not be listed at the end" in found.reason
        assert found.left == UNANSWERED


class TestStack:
    def test_is_the_one_of_the_request_in_its_operation(self, services: ServiceAnswers) -> None:
        pending(services)
        assert services.arguments[calls.PHASE] == (STACK_ID, START)

    @pytest.mark.parametrize("attempt", [ACCEPTED, UNANSWERED], ids=["accepted", "unanswered"])
    def test_is_not_read_if_the_next_thing_is_no_start(self, services: ServiceAnswers, attempt: Attempt) -> None:
        pending(services, progress=with_attempt(attempt))
        assert calls.PHASE not in services.calls

    def test_is_not_read_after_a_listing_that_takes_until_the_last_moment(self, services: ServiceAnswers) -> None:
        services.takes[calls.LIST] = 12
        failure(services, after=LAST_LISTING - 10)
        assert services.calls == [calls.LIST]

    def test_that_was_rolling_back_when_it_was_read_last_counts_if_there_is_no_time_to_read_again(
        self, services: ServiceAnswers
    ) -> None:
        """One read that fails, or a slow listing, must not let a rollback fail (seed 16173)."""
        services.answers |= {calls.PHASE: StackPhase.ROLLING_BACK, calls.LIST: (export("mine", "CREATE_FAILED"),)}
        back = update(properties(Name="mine"), "mine", TimeoutSeconds="60")
        seen = pending(services, back, READY, after=20).progress
        assert seen.rolling_back_at == at(20)
        services.answers[calls.PHASE] = StackPhase.UNREADABLE
        assert ended(services, back, seen, after=39).name == "mine"
        assert failure(services, back, READY, after=39).code == "CREATE_FAILED"
        services.takes[calls.LIST] = 5
        services.calls.clear()
        assert ended(services, back, seen, after=39).name == "mine"
        assert services.calls == [calls.LIST], "the listing took too long for another read"

    def test_of_an_update_to_a_failed_export_is_read_again_until_it_can_be_read(self, services: ServiceAnswers) -> None:
        """A read that fails a minute after the request is no proof that the stack goes on."""
        services.answers |= {calls.PHASE: StackPhase.UNREADABLE, calls.LIST: (export("mine", "CREATE_FAILED"),)}
        keeps = update(properties(Name="mine"), "mine")
        pending(services, keeps, after=61)
        pending(services, keeps, after=3000)
        services.answers[calls.PHASE] = StackPhase.ROLLING_BACK
        assert ended(services, keeps, after=3000).name == "mine"
        services.answers[calls.PHASE] = StackPhase.FORWARD
        assert failure(services, keeps, after=3000).code == "CREATE_FAILED"

    def test_is_judged_by_when_the_request_was_made(self, services: ServiceAnswers) -> None:
        services.answers[calls.PHASE] = StackPhase.ENDING
        pending(services, after=59)
        assert failure(services, after=60).code == "StackMovedOn"

    def test_a_missing_export_is_judged_by_when_the_execution_began(self, services: ServiceAnswers) -> None:
        held = update(properties(Name="mine"), "mine")
        pending(services, held, after=31)
        services.answers[calls.PHASE] = StackPhase.LATER
        assert failure(services, held, after=32).code == "ExportNotFound"


class TestEnd:
    def test_an_active_export_fulfils_the_request(self, services: ServiceAnswers) -> None:
        services.answers[calls.LIST] = (export("mine"),)
        assert ended(services, adopting("mine")) == export("mine")
        assert services.calls == [calls.LIST, calls.PHASE]

    def test_a_failed_export_fails_it_and_is_what_it_leaves(self, services: ServiceAnswers) -> None:
        own = export("mine", "CREATE_FAILED", age=-1)
        services.answers[calls.LIST] = (own,)
        assert failure(services, progress=with_attempt(ACCEPTED)).left == own

    def test_a_failure_without_an_export_leaves_the_attempt(self, services: ServiceAnswers) -> None:
        found = failure(services, progress=with_attempt(ACCEPTED), after=400)
        assert (found.code, found.left) == ("ExportNotListed", ACCEPTED)

    def test_a_running_export_is_waited_for_and_remembered(self, services: ServiceAnswers) -> None:
        own = export("mine", "CREATE_PENDING", age=-1)
        services.answers[calls.LIST] = (own,)
        result = pending(services, progress=with_attempt(ACCEPTED), after=101, draw=0)
        assert result == Pending(with_attempt(ACCEPTED, seen=Seen("mine", own.create_time)), 10)

    def test_a_wait_for_nothing_that_is_listed_forgets_nothing(self, services: ServiceAnswers) -> None:
        seen = Seen("mine", START)
        assert pending(services, progress=with_attempt(ACCEPTED, seen=seen)).progress.seen == seen


class TestOutputLocation:
    """Only the account of its model sees it; the model is read if nothing else is missing."""

    missing = replace(export("mine"), output_location="", update_time=START)

    def test_is_not_waited_for_if_the_model_is_another_account_s(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.LIST: (self.missing,), calls.MODEL: "444455556666"}
        assert ended(services, adopting("mine")) == self.missing
        assert services.arguments[calls.MODEL] == (JOB,)

    def test_is_waited_for_if_the_model_is_the_account_s_own(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.LIST: (self.missing,), calls.MODEL: ACCOUNT}
        assert pending(services, adopting("mine")).progress.seen == Seen("mine", self.missing.create_time)

    def test_is_not_asked_about_after_the_deadline(self, services: ServiceAnswers) -> None:
        services.answers[calls.LIST] = (replace(self.missing, update_time=at(DEADLINE)),)
        assert ended(services, adopting("mine"), after=DEADLINE).name == "mine"
        assert calls.MODEL not in services.calls

    def test_does_not_matter_if_it_is_listed(self, services: ServiceAnswers) -> None:
        services.answers[calls.LIST] = (replace(export("mine"), update_time=START),)
        ended(services, adopting("mine"))
        assert calls.MODEL not in services.calls


class TestPause:
    @pytest.mark.parametrize(("draw", "seconds"), [(0, 8), (0.5, 10), (1, 12)])
    def test_of_a_request_that_reads_the_stack_is_random(
        self, services: ServiceAnswers, draw: float, seconds: int
    ) -> None:
        """A quarter less or more, so that requests that wait do not all come together."""
        services.answers[calls.PHASE] = StackPhase.UNREADABLE
        assert pending(services, after=12, draw=draw).wait_seconds == seconds

    def test_ends_at_the_deadline(self, services: ServiceAnswers) -> None:
        services.answers[calls.PHASE] = StackPhase.UNREADABLE
        assert pending(services, after=DEADLINE - 5, draw=1).wait_seconds == 5
        services.takes[calls.PHASE] = 0.5
        assert pending(services, after=DEADLINE - 5.9, draw=1).wait_seconds == 5

    def test_lasts_a_second_at_least(self, services: ServiceAnswers) -> None:
        soon = replace(READY, older_ended_by=at(10))
        assert pending(services, progress=soon, after=9.5, draw=0).wait_seconds == 1


class TestAnnouncement:
    def test_is_recorded_before_anything_starts(self, services: ServiceAnswers) -> None:
        services.takes[calls.LIST] = 2
        assert pending(services) == Pending(with_attempt(replace(ANNOUNCED, own_from=at(12))), 0)
        assert calls.START not in services.calls

    def test_continues_an_unanswered_start_of_the_name(self, services: ServiceAnswers) -> None:
        assert pending(services, progress=with_attempt(UNANSWERED), after=16).progress == with_attempt(
            UNANSWERED.announced_again()
        )


class TestStart:
    def test_is_sent_under_the_announced_name(self, services: ServiceAnswers) -> None:
        services.takes[calls.START] = 3
        request = create("mine")
        retried = RetriedError(START_CALL, at(3), "ThrottlingException", "slow down")
        assert pending(services, request, with_attempt(retried=retried)) == Pending(
            with_attempt(ANNOUNCED.accepted(at(13), sent_at=at(10))), timing.AFTER_START
        )
        assert services.arguments[calls.START] == (request, "mine")
        assert services.calls == [calls.LIST, calls.PHASE, calls.START]

    def test_without_an_answer_is_settled_by_a_listing(self, services: ServiceAnswers) -> None:
        services.answers[calls.START] = LOST
        retried = RetriedError(START_CALL, at(10), "ReadTimeoutError", "no answer")
        attempt = ANNOUNCED.unanswered(at(10), "ReadTimeoutError: no answer")
        assert pending(services, progress=with_attempt()) == Pending(with_attempt(attempt, retried=retried), 5)

    def test_that_is_throttled_is_sent_again(self, services: ServiceAnswers) -> None:
        services.answers[calls.START] = THROTTLED
        retried = RetriedError(START_CALL, at(10), "ThrottlingException", "slow down")
        announced = replace(ANNOUNCED, own_from=at(15))
        assert pending(services, progress=with_attempt()) == Pending(with_attempt(announced, retried=retried), 5)
        assert services.calls[-1] == calls.START, "nothing explains it"

    def test_may_be_sent_again_only_in_the_next_step(self, services: ServiceAnswers) -> None:
        """So an export that is created during the wait is somebody else's, also if that step dies."""
        services.answers[calls.START] = FULL
        waiting = pending(services, progress=with_attempt(), draw=1)
        assert waiting.wait_seconds == 15
        assert waiting.progress.attempt == replace(ANNOUNCED, own_from=at(25))

    def test_that_is_throttled_until_the_deadline_says_what_is_listed(self, services: ServiceAnswers) -> None:
        services.answers[calls.START] = THROTTLED
        services.takes[calls.START] = 5
        found = failure(services, progress=with_attempt(), after=DEADLINE - 5)
        assert "slow down (tried for 0 s; no export of this request is listed)" in found.reason

    def test_that_is_denied_is_sent_again_for_three_minutes(self, services: ServiceAnswers) -> None:
        services.answers[calls.START] = DENIED
        pending(services, progress=with_attempt(), after=179)
        found = failure(services, progress=with_attempt(), after=180)
        assert found.code == "AccessDeniedException"
        assert found.left == ANNOUNCED

    def test_that_conflicts_with_what_may_be_its_own_waits_for_the_listing(self, services: ServiceAnswers) -> None:
        services.answers[calls.START] = CONFLICT
        again = UNANSWERED.announced_again()
        result = pending(services, progress=with_attempt(again), draw=1)
        assert result == Pending(with_attempt(again.taken(at(10), "taken")), timing.AFTER_REFUSAL)


class TestRefusedStart:
    """What the generation job and the account show decides, and is in the reason."""

    def test_is_explained_by_what_is_read(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.START: INVALID, calls.FACTS: RefusalFacts("DELETE_PENDING")}
        found = failure(services, progress=with_attempt())
        assert found.reason.startswith("ValidationException: ")
        assert "not valid. The generation job is DELETE_PENDING" in found.reason
        assert found.left == ANNOUNCED
        job, in_time, is_waiting = services.arguments[calls.FACTS]
        assert (job, is_waiting) == (JOB, False)
        assert_until_the_deadline(services, in_time)

    def test_has_a_hint_if_the_sizes_cannot_be_read(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.START: INVALID, calls.FACTS: RefusalFacts(model_account="444455556666")}
        found = failure(services, progress=with_attempt())
        assert "belongs to account 444455556666" in found.reason

    def test_has_no_hint_beside_an_explanation(self, services: ServiceAnswers) -> None:
        facts = RefusalFacts("DELETE_PENDING", model_account="444455556666")
        services.answers |= {calls.START: INVALID, calls.FACTS: facts}
        assert "444455556666" not in failure(services, progress=with_attempt()).reason

    @pytest.mark.parametrize("error", [DENIED, FULL], ids=["denied", "for a quota"])
    def test_is_explained_only_if_it_may_be_about_the_job(self, services: ServiceAnswers, error: ServiceError) -> None:
        services.answers[calls.START] = error
        pending(services, progress=with_attempt())
        assert calls.FACTS not in services.calls

    def test_is_not_explained_after_the_deadline(self, services: ServiceAnswers) -> None:
        services.answers[calls.START] = INVALID
        services.takes[calls.START] = 5
        failure(services, progress=with_attempt(), after=DEADLINE - 5)
        assert calls.FACTS not in services.calls

    def test_for_a_job_that_is_being_created_is_sent_again(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.START: INVALID, calls.FACTS: RefusalFacts("CREATE_PENDING")}
        retried = RetriedError(START_CALL, at(10), "ValidationException", "not valid", "CREATE_PENDING")
        announced = replace(ANNOUNCED, own_from=at(15))
        assert pending(services, progress=with_attempt()) == Pending(with_attempt(announced, retried=retried), 5)

    def test_for_a_job_that_was_being_created_says_so_after_the_deadline(self, services: ServiceAnswers) -> None:
        services.answers[calls.START] = INVALID
        services.takes[calls.START] = 5
        retried = RetriedError(START_CALL, START, "ValidationException", "not valid", "CREATE_PENDING")
        found = failure(services, progress=with_attempt(retried=retried), after=DEADLINE - 5)
        assert found.code == "GenerationJobNotActive"
        assert calls.FACTS not in services.calls

    def test_of_a_request_that_waits_for_its_job_says_so_to_the_read(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.START: INVALID, calls.FACTS: RefusalFacts("CREATE_PENDING")}
        retried = RetriedError(START_CALL, START, "ValidationException", "not valid", "CREATE_PENDING")
        pending(services, progress=with_attempt(retried=retried))
        assert services.arguments[calls.FACTS][-1] is True

    def test_is_judged_by_the_age_of_the_request(self, services: ServiceAnswers) -> None:
        """A read that is denied may be for a new permission, for three minutes from the request on."""
        services.answers |= {calls.START: INVALID, calls.FACTS: RefusalFacts(unread=ErrorKind.DENIED)}
        pending(services, progress=with_attempt(), after=179)
        failure(services, progress=with_attempt(), after=180)

    def test_that_nobody_can_explain_until_the_deadline_says_what_is_listed(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.START: INVALID, calls.FACTS: RefusalFacts(unread=ErrorKind.UNANSWERED)}
        services.takes[calls.FACTS] = 5
        found = failure(services, progress=with_attempt(), after=DEADLINE - 5)
        assert "not valid (tried for 5 s; no export of this request is listed)" in found.reason

    def test_with_an_explanation_is_final_although_the_conflict_may_be_with_an_adopted_export(
        self, services: ServiceAnswers
    ) -> None:
        services.answers |= {calls.START: CONFLICT, calls.FACTS: RefusalFacts("DELETE_PENDING")}
        assert failure(services, adopting("mine"), with_attempt()).code == "ConflictException"

    def test_with_an_explanation_is_not_final_if_an_earlier_start_may_have_taken_effect(
        self, services: ServiceAnswers
    ) -> None:
        services.answers |= {calls.START: CONFLICT, calls.FACTS: RefusalFacts("DELETE_PENDING")}
        again = UNANSWERED.announced_again()
        result = pending(services, progress=with_attempt(again))
        assert result.progress.attempt == again.taken(at(10), "taken")

    def test_for_a_generated_name_is_of_the_attempted_name(self, services: ServiceAnswers) -> None:
        services.answers[calls.START] = INVALID
        second = replace(ANNOUNCED, name=f"{create().name}-2")
        assert f'export "{second.name}"' in failure(services, create(), with_attempt(second)).reason

    def test_after_the_job_was_read_as_active_waits_for_the_job_no_more(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.METRICS: JobMetrics("ACTIVE", {TEN: 0.9}), calls.START: THROTTLED}
        retried = RetriedError(START_CALL, START, "ValidationException", "not valid", "CREATE_PENDING")
        guarded = replace(create("mine"), minimum_relevance=0.5)
        result = pending(services, guarded, with_attempt(retried=retried))
        assert result.progress.retried == RetriedError(START_CALL, at(10), "ThrottlingException", "slow down")
        unguarded = pending(services, create("mine"), with_attempt(retried=retried))
        assert unguarded.progress.retried == retried


class TestConflict:
    """The account's exports show who holds the name."""

    holder = replace(export("mine"), audience_generation_job_arn=OTHER_JOB)

    def test_names_the_holder_from_any_generation_job(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.START: CONFLICT, calls.ACCOUNT: (export("another"), self.holder)}
        found = failure(services, progress=with_attempt())
        assert "taken. The name is held by an export" in found.reason
        assert f"of generation job {OTHER_JOB}" in found.reason
        arn, in_time = services.arguments[calls.ACCOUNT]
        assert arn == JOB
        assert_until_the_deadline(services, in_time)

    @pytest.mark.parametrize("account", [(), None, (export("another"),)], ids=["empty", "unreadable", "others"])
    def test_without_a_holder_is_still_one(self, services: ServiceAnswers, account: tuple[ExportJob, ...]) -> None:
        services.answers |= {calls.START: CONFLICT, calls.ACCOUNT: account}
        found = failure(services, progress=with_attempt())
        assert found.reason.startswith("ConflictException: ")
        assert "held by" not in found.reason
        assert "An export cannot be changed, deleted or started again under its name" in found.reason

    def test_names_the_holder_of_the_request_s_own_job_first(self, services: ServiceAnswers) -> None:
        """It has appeared since the step listed the exports of the job."""
        services.answers |= {calls.START: CONFLICT, calls.ACCOUNT: (self.holder, export("mine", "CREATE_FAILED"))}
        found = failure(services, progress=with_attempt())
        assert "status CREATE_FAILED" in found.reason
        assert OTHER_JOB not in found.reason

    @pytest.mark.parametrize("request_", [adopting("mine"), create()], ids=["adopted", "generated"])
    def test_that_is_looked_for_names_a_holder_of_another_job_at_last(
        self, services: ServiceAnswers, request_: ExportRequest
    ) -> None:
        holder = replace(self.holder, name=request_.name)
        services.answers[calls.ACCOUNT] = (export("another"), holder)
        attempt = replace(ANNOUNCED, name=request_.name).taken(at(10), "the words of the service")
        found = failure(services, request_, with_attempt(attempt), after=40)
        assert found.code == "ConflictException"
        assert "the words of the service. The name is held by an export" in found.reason
        assert f"of generation job {OTHER_JOB}" in found.reason
        assert "Nothing was started" in found.reason
        assert found.left == attempt
        assert calls.ACCOUNT in services.calls
        pending(services, request_, with_attempt(attempt), after=39)

    @pytest.mark.parametrize(
        ("attempt", "listed", "after"),
        [
            (ANNOUNCED.taken(at(10), "taken"), (export("mine", "CREATE_FAILED"),), 40),
            (ACCEPTED, (export("mine", size=TWENTY),), 40),
            (ANNOUNCED.taken(at(10), "taken"), (), DEADLINE + 1),
        ],
        ids=["listed", "not refused", "too late"],
    )
    def test_does_not_read_the_account_where_that_shows_nothing(
        self, services: ServiceAnswers, attempt: Attempt, listed: tuple[ExportJob, ...], after: float
    ) -> None:
        services.answers[calls.LIST] = listed
        failure(services, adopting("mine"), with_attempt(attempt), after=after)
        assert calls.ACCOUNT not in services.calls or after > DEADLINE

    def test_with_metrics_of_other_sizes_may_be_with_the_request_s_own_export(self, services: ServiceAnswers) -> None:
        """The model of another account cannot be read, and the metrics may be for fewer sizes than it offers."""
        services.answers |= {calls.START: CONFLICT, calls.FACTS: RefusalFacts(measured=(TWENTY,))}
        result = pending(services, adopting("mine"), with_attempt())
        assert result.progress.attempt == replace(ANNOUNCED, own_from=at(15)).taken(at(10), "taken")
        found = failure(services, progress=with_attempt())
        assert "metrics of the generation job are for these audience sizes: PERCENTAGE 20" in found.reason
        assert "set on_conflict=OnConflict.ADOPT" in found.reason

    def test_with_a_job_that_explains_it_is_not_about_the_name(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.START: CONFLICT, calls.FACTS: RefusalFacts("DELETE_PENDING")}
        found = failure(services, progress=with_attempt())
        assert "The generation job is DELETE_PENDING" in found.reason
        assert "started again under its name" not in found.reason

    def test_with_a_holder_has_the_job_in_its_reason_as_well(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.START: CONFLICT, calls.ACCOUNT: (self.holder,)}
        services.answers[calls.FACTS] = RefusalFacts("DELETE_PENDING")
        found = failure(services, progress=with_attempt())
        assert "held by" in found.reason
        assert "The generation job is DELETE_PENDING" in found.reason

    def test_of_a_request_that_is_not_valid_does_not_read_the_account(self, services: ServiceAnswers) -> None:
        services.answers[calls.START] = INVALID
        failure(services, progress=with_attempt())
        assert calls.ACCOUNT not in services.calls


class TestQuota:
    """A slot of the account becomes free; a used-up generation job never has another export."""

    of_job = tuple(export(f"earlier {number}") for number in range(ACTIVE_OF_JOB))
    failed = tuple(replace(one, status="CREATE_FAILED") for one in of_job)
    waited = RetriedError(START_CALL, at(1), quota.CODE, "limit exceeded", refused_at=at(3))

    def test_of_the_account_is_waited_for(self, services: ServiceAnswers) -> None:
        services.answers[calls.START] = FULL
        retried = RetriedError(START_CALL, at(10), quota.CODE, "limit exceeded")
        announced = replace(ANNOUNCED, own_from=at(20))
        assert pending(services, progress=with_attempt()) == Pending(with_attempt(announced, retried=retried), 10)
        assert calls.ACCOUNT not in services.calls

    def test_of_the_job_is_final(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.START: FULL, calls.LIST: self.of_job}
        found = failure(services, progress=with_attempt())
        assert f"already has {ACTIVE_OF_JOB} exports" in found.reason
        services.answers[calls.LIST] += (replace(self.of_job[0], status="CREATE_FAILED"),)
        assert f"already has {ACTIVE_OF_JOB + 1} exports" in failure(services, progress=with_attempt()).reason
        assert found.left == ANNOUNCED
        assert calls.ACCOUNT not in services.calls

    def test_that_the_service_says_is_the_account_s_is_not_the_job_s(self, services: ServiceAnswers) -> None:
        told = ServiceError(quota.CODE, "limit exceeded", ErrorKind.REFUSED, RUNNING_OF_ACCOUNT)
        services.answers |= {calls.START: told, calls.LIST: self.of_job}
        pending(services, progress=with_attempt())

    def test_may_be_the_job_s_if_failed_exports_count_and_the_account_has_a_slot(
        self, services: ServiceAnswers
    ) -> None:
        services.answers |= {calls.START: FULL, calls.LIST: self.failed, calls.ACCOUNT: self.failed}
        found = failure(services, progress=with_attempt(retried=self.waited), after=18)
        assert "can have no more" in found.reason
        arn, in_time = services.arguments[calls.ACCOUNT]
        assert arn == JOB
        assert_until_the_deadline(services, in_time)

    def test_is_the_account_s_as_long_as_a_listing_may_lag(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.START: FULL, calls.LIST: self.failed, calls.ACCOUNT: self.failed}
        pending(services, progress=with_attempt(retried=self.waited), after=17.9)

    def test_is_the_account_s_if_the_account_is_full(self, services: ServiceAnswers) -> None:
        running = tuple(export(f"running {number}", "CREATE_IN_PROGRESS") for number in range(RUNNING_OF_ACCOUNT))
        services.answers |= {calls.START: FULL, calls.LIST: self.failed, calls.ACCOUNT: running}
        pending(services, progress=with_attempt(retried=self.waited), after=60)

    def test_is_the_account_s_if_it_was_full_at_a_refusal_that_a_listing_shows(self, services: ServiceAnswers) -> None:
        """A slot that is free in a later listing may have been taken by an export that is not listed yet."""
        running = tuple(export(f"running {number}", "CREATE_IN_PROGRESS") for number in range(RUNNING_OF_ACCOUNT))
        ended = replace(running[0], status="ACTIVE", update_time=at(50))
        services.answers |= {calls.START: FULL, calls.LIST: self.failed, calls.ACCOUNT: (*running[1:], ended)}
        result = pending(services, progress=with_attempt(retried=self.waited), after=60)
        assert result.progress.retried is not None
        assert result.progress.retried.refused_at == at(60)
        earlier = replace(self.waited, refused_at=at(55))
        result = pending(services, progress=with_attempt(retried=earlier), after=60)
        assert result.progress.retried == self.waited
        assert result.progress.retried.refused_at == at(55)

    def test_does_not_read_the_account_if_the_job_has_fewer_exports(self, services: ServiceAnswers) -> None:
        services.answers |= {calls.START: FULL, calls.LIST: self.failed[1:]}
        pending(services, progress=with_attempt(retried=self.waited), after=60)
        assert calls.ACCOUNT not in services.calls


class TestMinimumRelevance:
    """The scores are read before the start; nothing starts without a score that is high enough."""

    request = create("mine", MinimumRelevance="0.5")

    def test_that_is_reached_lets_the_export_start(self, services: ServiceAnswers) -> None:
        services.answers[calls.METRICS] = JobMetrics("ACTIVE", {TEN: 0.5})
        pending(services, self.request, with_attempt())
        assert services.calls[-2:] == [calls.METRICS, calls.START]
        assert services.arguments[calls.METRICS] == (JOB,)

    def test_that_is_not_required_reads_nothing(self, services: ServiceAnswers) -> None:
        pending(services, progress=with_attempt())
        assert calls.METRICS not in services.calls

    def test_that_is_not_reached_fails_the_request(self, services: ServiceAnswers) -> None:
        services.answers[calls.METRICS] = JobMetrics("ACTIVE", {TEN: 0.4})
        found = failure(services, self.request, with_attempt())
        assert (found.code, found.left) == ("RelevanceTooLow", ANNOUNCED)
        assert "Nothing was started" in found.reason
        assert calls.START not in services.calls

    def test_that_is_not_reached_after_an_earlier_start_does_not_say_that_nothing_started(
        self, services: ServiceAnswers
    ) -> None:
        services.answers[calls.METRICS] = JobMetrics("ACTIVE", {TEN: 0.4})
        again = UNANSWERED.announced_again()
        found = failure(services, self.request, with_attempt(again))
        assert "Nothing was started" not in found.reason
        assert found.left == again

    @pytest.mark.parametrize("status", ["CREATE_PENDING", "CREATE_IN_PROGRESS"])
    def test_waits_for_a_job_that_is_being_created(self, services: ServiceAnswers, status: str) -> None:
        services.answers[calls.METRICS] = JobMetrics(status, {TEN: 0.9})
        services.takes[calls.METRICS] = 2
        message = f"the generation job is {status}"
        retried = RetriedError(START_CALL, at(10), "GenerationJobNotActive", message, status)
        announced = replace(ANNOUNCED, own_from=at(17))
        assert pending(services, self.request, with_attempt()) == Pending(with_attempt(announced, retried=retried), 5)
        assert calls.START not in services.calls

    def test_waits_for_a_job_until_the_deadline(self, services: ServiceAnswers) -> None:
        services.answers[calls.METRICS] = JobMetrics("CREATE_PENDING")
        services.takes[calls.METRICS] = 5
        found = failure(services, self.request, with_attempt(), after=DEADLINE - 5)
        assert found.code == "GenerationJobNotActive"

    def test_waits_for_a_job_that_cannot_be_read(self, services: ServiceAnswers) -> None:
        services.answers[calls.METRICS] = LOST
        retried = RetriedError(READ_JOB, at(10), "ReadTimeoutError", "no answer")
        announced = replace(ANNOUNCED, own_from=at(15))
        assert pending(services, self.request, with_attempt()) == Pending(with_attempt(announced, retried=retried), 5)
        assert calls.START not in services.calls

    def test_says_at_the_deadline_that_no_export_is_listed(self, services: ServiceAnswers) -> None:
        services.answers[calls.METRICS] = LOST
        services.takes[calls.METRICS] = 5
        found = failure(services, self.request, with_attempt(), after=DEADLINE - 5)
        assert "no export of this request is listed" in found.reason

    def test_fails_if_the_job_may_not_be_read_after_three_minutes(self, services: ServiceAnswers) -> None:
        services.answers[calls.METRICS] = DENIED
        pending(services, self.request, with_attempt(), after=179)
        found = failure(services, self.request, with_attempt(), after=180)
        assert (found.code, found.left) == ("AccessDeniedException", ANNOUNCED)
        assert "minimum_relevance needs the scores" in found.reason
        assert "Nothing was started" in found.reason
        assert calls.START not in services.calls

    def test_does_not_say_that_nothing_started_if_something_may_have(self, services: ServiceAnswers) -> None:
        services.answers[calls.METRICS] = INVALID
        found = failure(services, self.request, with_attempt(UNANSWERED.announced_again()))
        assert "Nothing was started" not in found.reason

    def test_starts_nothing_after_a_read_that_outlasts_the_deadline(self, services: ServiceAnswers) -> None:
        services.answers[calls.METRICS] = JobMetrics("ACTIVE", {TEN: 0.9})
        services.takes[calls.METRICS] = 5
        found = failure(services, self.request, with_attempt(), after=DEADLINE - 5)
        assert found.code == "DeadlineExceeded"
        assert "Nothing was started" in found.reason
        assert calls.START not in services.calls


class TestReadMetrics:
    """The export's own end is the answer; what the generation job says about it is added if it can be read."""

    request = adopting("mine")

    @pytest.fixture
    def reading(self) -> ExportRequest:
        return create("mine", OnConflict="ADOPT", ReadMetrics="true")

    @pytest.fixture(autouse=True)
    def active(self, services: ServiceAnswers) -> None:
        services.answers[calls.LIST] = (export("mine"),)
        services.answers[calls.METRICS] = JobMetrics("ACTIVE", {TEN: 0.7}, 0.3)

    def test_adds_the_score_of_the_size_and_the_recall(self, services: ServiceAnswers, reading: ExportRequest) -> None:
        assert ended(services, reading) == replace(export("mine"), relevance_score=0.7, recall=0.3)
        assert services.arguments[calls.METRICS] == (JOB,)

    def test_leaves_out_a_score_that_is_not_shared(self, services: ServiceAnswers, reading: ExportRequest) -> None:
        services.answers[calls.METRICS] = JobMetrics("ACTIVE")
        assert ended(services, reading) == export("mine")

    def test_is_read_only_if_it_is_wanted(self, services: ServiceAnswers) -> None:
        ended(services, self.request)
        assert calls.METRICS not in services.calls

    def test_is_not_read_after_the_deadline(self, services: ServiceAnswers, reading: ExportRequest) -> None:
        assert ended(services, reading, after=DEADLINE) == export("mine")
        assert calls.METRICS not in services.calls

    def test_is_read_again_for_a_minute(self, services: ServiceAnswers, reading: ExportRequest) -> None:
        services.answers[calls.METRICS] = LOST
        retried = RetriedError(READ_JOB, at(10), "ReadTimeoutError", "no answer")
        first = pending(services, reading)
        assert first == Pending(replace(READY, retried=retried), timing.AFTER_REFUSAL)
        assert pending(services, reading, first.progress, after=69).progress.retried == retried
        assert ended(services, reading, first.progress, after=70) == export("mine")

    def test_that_is_denied_is_judged_by_the_age_of_the_request(
        self, services: ServiceAnswers, reading: ExportRequest
    ) -> None:
        services.answers[calls.METRICS] = DENIED
        pending(services, reading, after=179)
        assert ended(services, reading, after=180) == export("mine")

    @pytest.mark.parametrize(("left", "is_read_again"), [(5, False), (6, True)])
    def test_is_read_again_only_if_there_is_time(
        self, services: ServiceAnswers, reading: ExportRequest, left: int, is_read_again: bool
    ) -> None:
        services.answers[calls.METRICS] = LOST
        result = step.take(given(services, reading, after=DEADLINE - left))
        assert isinstance(result, Pending) is is_read_again


def test_a_start_without_an_announcement_is_a_bug(services: ServiceAnswers) -> None:
    one = given(services)
    situation = step._observe(one, ())
    with pytest.raises(AssertionError, match="only for an announced attempt"):
        step._start(one, situation)
    assert calls.START not in services.calls
