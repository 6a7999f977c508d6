"""Runs docs/decision-table.md: each phrase is a predicate, each row is reached, no situation is decided otherwise."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import combinations, product
from pathlib import Path

import pytest

from audience_export_handler.core import decision, generation_job, progress, quota, retry
from audience_export_handler.core.attempt import Accepted, Announced, Attempt, Phase, Taken, Unanswered
from audience_export_handler.core.decision import decide
from audience_export_handler.core.facts import ErrorKind, ExportJob, RefusalFacts, ServiceError, StackPhase
from audience_export_handler.core.progress import Progress, RetriedError, Seen
from audience_export_handler.core.request import ExportRequest
from audience_export_handler.core.situation import Announce, Decision, Fail, Situation, Start, Succeed, Wait
from tests.builders.arns import ACCOUNT
from tests.builders.events import properties
from tests.builders.requests import GENERATED, START, TWENTY, adopting, create, export, situation, update

DOCUMENT = (Path(__file__).parents[3] / "docs" / "decision-table.md").read_text()
ANY = "any"

Row = list[str]
# Of a situation and of the exports that are listed under its name.
Predicate = Callable[[Situation, list[ExportJob]], bool]
Outcome = Callable[[Decision, Situation, list[ExportJob]], bool]


def rows_of(heading: str) -> list[Row]:
    """The rows of the one table below a heading."""
    [section] = re.findall(rf"^## {heading}$(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def alive(exports: list[ExportJob]) -> list[ExportJob]:
    return [one for one in exports if one.status != "CREATE_FAILED"]


def of_its_size(now: Situation, exports: list[ExportJob]) -> list[ExportJob]:
    """Under a given name that is not adopted, without those that began beside an older one that failed later."""
    same = [one for one in exports if one.audience_size == now.request.audience_size]
    if not now.request.name_is_given or now.request.adopts:
        return same
    failed = [one for one in same if one.status == "CREATE_FAILED"]
    return [one for one in same if not any(old.create_time < one.create_time <= old.update_time for old in failed)]


# --- The phrases ---


def is_first_30_s(now: Situation) -> bool:
    return now.now - now.started_at < seconds(30)


def is_a_minute_old(now: Situation) -> bool:
    return now.now - now.requested_at >= seconds(60)


def is_last_read(now: Situation) -> bool:
    """There is no time to read again before the deadline of an hour, 57 minutes."""
    return now.now + seconds(5) > now.requested_at + seconds(57 * 60)


def was_read(now: Situation) -> bool:
    return now.stack not in (StackPhase.UNREADABLE, None)


def is_known(now: Situation) -> bool:
    if now.stack in (StackPhase.FORWARD, StackPhase.LATER):
        return True
    return was_read(now) and (is_a_minute_old(now) or is_last_read(now))


def may_be_rolling_back(now: Situation) -> bool:
    if now.stack is StackPhase.LATER or is_last_read(now):
        return False
    return not was_read(now) or not is_a_minute_old(now)


def may_older_run(now: Situation) -> bool:
    ended_by = now.progress.older_ended_by
    return ended_by is None or now.now < ended_by


def is_hidden(now: Situation) -> bool:
    seen = now.progress.seen
    return seen is not None and all(seen != Seen(one.name, one.create_time) for one in now.exports)


def has_waited_for(now: Situation, one: ExportJob, listed: list[ExportJob]) -> bool:
    if now.progress.seen != Seen(one.name, one.create_time):
        return False
    if now.progress.attempt is None:
        return True
    its_own = own(now, listed)
    return one in its_own or not (its_own or isinstance(phase_of(now), Accepted))


REQUESTS: dict[str, Predicate] = {
    ANY: lambda now, _: True,
    "Update": lambda now, _: now.request.is_update,
    "Update in the first 30 s of its execution": lambda now, _: now.request.is_update and is_first_30_s(now),
    "generated name": lambda now, _: not now.request.name_is_given,
    "given name that the resource holds, or that is adopted": lambda now, _: now.request.is_held or now.request.adopts,
    "Update that keeps its export": lambda now, _: now.request.is_held,
    "Update that keeps its export, in the first 30 s of its execution": lambda now, _: (
        now.request.is_held and is_first_30_s(now)
    ),
    "does not wait": lambda now, _: not now.request.waits,
    "waits": lambda now, _: now.request.waits,
}
LISTED: dict[str, Predicate] = {
    ANY: lambda now, listed: True,
    "of its size": lambda now, listed: bool(of_its_size(now, listed)),
    "none of its size": lambda now, listed: not of_its_size(now, listed),
    "alive, of its size": lambda now, listed: bool(alive(of_its_size(now, listed))),
    "of its size, under any of its names": lambda now, _: any(
        one.name in names_of(now) for one in of_its_size(now, list(now.exports))
    ),
    "alive": lambda now, listed: bool(alive(listed)),
    "failed, of its size": lambda now, listed: bool(of_its_size(now, listed)) and not alive(of_its_size(now, listed)),
    "the one that it has waited for, failed": lambda now, listed: any(
        has_waited_for(now, one, listed) for one in now.exports if one.status == "CREATE_FAILED"
    ),
    "none alive, and not the one that it has waited for": lambda now, listed: not alive(listed) and is_hidden(now),
    "none": lambda now, listed: not listed,
    "none alive": lambda now, listed: not alive(listed),
    "its own": lambda now, listed: bool(own(now, listed)),
    "another one, alive": lambda now, listed: bool(alive(listed)) and not own(now, listed),
    "another one, failed": lambda now, listed: bool(listed) and not alive(listed) and not own(now, listed),
}
STACKS: dict[str, Predicate] = {
    ANY: lambda now, _: True,
    "rolling back": lambda now, _: now.stack is StackPhase.ROLLING_BACK and is_known(now),
    "may be rolling back": lambda now, _: may_be_rolling_back(now),
    "not known": lambda now, _: not is_known(now),
    "creating or updating": lambda now, _: now.stack is StackPhase.FORWARD and not may_older_run(now),
    "creating or updating, an older request may still run": lambda now, _: (
        now.stack is StackPhase.FORWARD and may_older_run(now)
    ),
    "anything else": lambda now, _: is_known(now) and now.stack is not StackPhase.FORWARD,
}
ATTEMPTS: dict[str, Predicate] = {
    ANY: lambda now, _: True,
    "Announced": lambda now, _: isinstance(phase_of(now), Announced),
    "Accepted": lambda now, _: isinstance(phase_of(now), Accepted),
    "Accepted at least 15 s ago": lambda now, _: entered(now, Accepted, 15),
    "Accepted at least 30 s ago": lambda now, _: entered(now, Accepted, 30),
    "Accepted at least 5 minutes ago": lambda now, _: entered(now, Accepted, 300),
    "Unanswered, and not settled": lambda now, _: isinstance(phase_of(now), Unanswered) and not is_settled(now),
    "Unanswered, and settled": lambda now, _: isinstance(phase_of(now), Unanswered) and is_settled(now),
    "Taken less than 30 s ago": lambda now, _: isinstance(phase_of(now), Taken) and not entered(now, Taken, 30),
    "Taken at least 30 s ago": lambda now, _: entered(now, Taken, 30),
}
EXPORTS: dict[str, Predicate] = {
    ANY: lambda now, listed: True,
    "CREATE_FAILED": lambda now, listed: listed[0].status == "CREATE_FAILED",
    "CREATE_PENDING or CREATE_IN_PROGRESS": lambda now, listed: (
        listed[0].status in ("CREATE_PENDING", "CREATE_IN_PROGRESS")
    ),
    "ACTIVE, with an output location": lambda now, listed: is_active(listed[0]) and bool(listed[0].output_location),
    "ACTIVE, without an output location": lambda now, listed: is_active(listed[0]) and not listed[0].output_location,
    "ACTIVE, without an output location, and the model is known to be another account's": lambda now, listed: (
        is_active(listed[0]) and not listed[0].output_location and now.model_account not in ("", ACCOUNT)
    ),
    "ACTIVE for less than a minute, without an output location": lambda now, listed: (
        is_active(listed[0]) and not listed[0].output_location and now.now - listed[0].update_time < seconds(60)
    ),
}
OUTCOMES: dict[str, Outcome] = {
    "wait": lambda decided, now, _: isinstance(decided, Wait) and 1 <= decided.seconds <= 30,
    "announce a start": lambda decided, now, _: decided == Announce(name_of(now)),
    "announce it again": lambda decided, now, _: decided == Announce(name_of(now)),
    "start": lambda decided, now, _: decided == Start(name_of(now)),
    "succeed with it": lambda decided, now, listed: (
        isinstance(decided, Succeed) and decided.export in of_its_size(now, listed)
    ),
    "follow it": lambda decided, now, listed: (
        summary(decided)
        == summary(decision.follow(oldest_alive(followed(now, listed)), now.request, now.now, now.model_account))
    ),
}


def outcome_of(phrase: str) -> Outcome:
    if re.fullmatch(r"`\w+`", phrase):
        return lambda decided, now, _: isinstance(decided, Fail) and decided.failure.code == phrase.strip("`")
    return OUTCOMES[phrase]


def summary(decided: Decision) -> object:
    """A decision that can be compared: two failures are the same if they say the same."""
    return decided.failure.reason if isinstance(decided, Fail) else decided


def phase_of(now: Situation) -> Phase | None:
    return now.progress.attempt.phase if now.progress.attempt else None


def entered(now: Situation, kind: type[Accepted | Taken], ago: float) -> bool:
    phase = phase_of(now)
    return isinstance(phase, kind) and now.now - phase.at >= seconds(ago)


def is_settled(now: Situation) -> bool:
    phase = phase_of(now)
    return isinstance(phase, Unanswered) and now.now >= phase.settled_at


def is_active(one: ExportJob) -> bool:
    return one.status == "ACTIVE"


def own(now: Situation, listed: list[ExportJob]) -> list[ExportJob]:
    """As the document defines it, not as the code does."""
    attempt, request = now.progress.attempt, now.request
    assert attempt is not None

    def is_own(one: ExportJob) -> bool:
        if (request.adopts or not request.name_is_given) and one.status != "CREATE_FAILED":
            return True
        ends = attempt.own_until
        return ends is not None and attempt.own_from - seconds(5) <= one.create_time <= ends + seconds(5)

    return [one for one in listed if one.audience_size == request.audience_size and is_own(one)]


def followed(now: Situation, listed: list[ExportJob]) -> list[ExportJob]:
    return own(now, listed) if now.progress.attempt else alive(of_its_size(now, listed))


def oldest_alive(exports: list[ExportJob]) -> ExportJob:
    living = sorted(alive(exports), key=lambda one: one.create_time)
    return living[0] if living else max(exports, key=lambda one: one.create_time)


def name_of(now: Situation) -> str:
    """The name that a request uses, as the document defines it."""
    if now.progress.attempt:
        return now.progress.attempt.name
    if now.request.name_is_given:
        return now.request.name
    names = names_of(now)
    is_in_rollback = now.stack is StackPhase.ROLLING_BACK and is_known(now)
    is_kept = now.request.is_held or is_in_rollback
    exports = of_its_size(now, list(now.exports)) if is_kept else list(now.exports)
    living = {one.name for one in alive(exports)}
    failed = {one.name for one in exports} - living
    if not is_kept:
        return next(name for name in names if name in living or name not in failed)
    in_use = [name for name in names if name in living]
    return in_use[0] if in_use else max([GENERATED, *failed & {*names}])


def names_of(now: Situation) -> list[str]:
    if now.request.name_is_given:
        return [now.request.name]
    return [GENERATED, f"{GENERATED}-2", f"{GENERATED}-3"]


def of_its_name(now: Situation) -> list[ExportJob]:
    return [one for one in now.exports if one.name == name_of(now)]


# --- The situations ---

REQUEST_KINDS: list[ExportRequest] = [
    create(),
    create("mine"),
    adopting("mine"),
    create("mine", WaitForCompletion="false"),
    update(properties()),
    update(properties(), held_id="of another"),
    update(properties(Name="mine"), "mine"),
    update(properties(Name="old"), "mine"),
    update(properties(Name="mine")),
]
AGES = (0.0, 14.0, 15.0, 29.0, 30.0, 75.0, 299.0, 300.0)


def listings(names: tuple[str, ...], ages: tuple[float, ...] = (600,)) -> list[tuple[ExportJob, ...]]:
    """Nothing, one export, or two, of these names and ages, two statuses and two sizes."""
    one = [
        *(export(name, status, age=age) for name in names for age in ages for status in ("ACTIVE", "CREATE_FAILED")),
        *(export(name, size=TWENTY) for name in names),
    ]
    return [(), *((first,) for first in one), *combinations(one, 2)]


def with_waited_for(now: Situation) -> Iterator[Situation]:
    """The situation, and the same if an earlier step has waited for the first export that is listed."""
    yield now
    if now.exports[:1] and now.exports[0].name in names_of(now) and of_its_size(now, [now.exports[0]]):
        seen = Seen(now.exports[0].name, now.exports[0].create_time)
        yield replace(now, progress=replace(now.progress, seen=seen))
    if len(now.exports) < 2:
        seen = Seen(now.request.name, START - seconds(700))
        yield replace(now, progress=replace(now.progress, seen=seen))


def before_an_attempt() -> Iterator[Situation]:
    names = ("mine", GENERATED, f"{GENERATED}-2")
    for request, listed, stack in product(REQUEST_KINDS, listings(names), [*StackPhase, None]):
        for after in (1, 30, 59, 60):
            yield from with_waited_for(situation(request, *listed, stack=stack, after=after))
        yield replace(situation(request, *listed, stack=stack, after=29), requested_at=START - seconds(60))
        yield situation(request, *listed, stack=stack, older_ended_by=None)
        yield situation(request, *listed, stack=stack, older_ended_by=START + seconds(9))


def attempts(name: str) -> list[Attempt]:
    phases: list[Phase] = [
        Announced(),
        Accepted(START),
        Unanswered(START, START + seconds(15), "no answer"),
        Taken(START, "taken"),
    ]
    return [Attempt(name, phase, START, until) for phase in phases for until in (None, START + seconds(15))]


def in_an_attempt() -> Iterator[Situation]:
    for request in REQUEST_KINDS:
        name = request.name
        for attempt, listed, after in product(attempts(name), listings((name,), (600, -10)), AGES):
            yield from with_waited_for(situation(request, *listed, attempt=attempt, after=after))
        for listed, stack in product(listings((name,), (600, -10)), [*StackPhase, None]):
            yield situation(request, *listed, attempt=attempts(name)[0], stack=stack)
            yield situation(request, *listed, attempt=attempts(name)[0], stack=stack, after=60)
            yield situation(request, *listed, attempt=attempts(name)[0], stack=stack, older_ended_by=None)


def followed_exports() -> Iterator[Situation]:
    statuses = ("CREATE_PENDING", "CREATE_IN_PROGRESS", "CREATE_FAILED", "ACTIVE")
    requests = (create(), create(WaitForCompletion="false"))
    for request, status, location, age, account in product(
        requests, statuses, ("s3://b/k/", ""), (0.0, 57.0, 58.0, 59.0, 600.0), ("", ACCOUNT, "444455556666")
    ):
        listed = replace(export(request.name, status, age=age), output_location=location)
        yield replace(situation(request, listed), model_account=account)


@dataclass(frozen=True)
class Table:
    """A table of decisions: its heading, the phrases of its columns, and the situations that it is run over."""

    heading: str
    columns: list[dict[str, Predicate]]
    situations: Callable[[], Iterator[Situation]]
    decide: Callable[[Situation], Decision] = decide
    listed: Callable[[Situation], list[ExportJob]] = of_its_name


def follow_first(now: Situation) -> Decision:
    return decision.follow(now.exports[0], now.request, now.now, now.model_account)


TABLES = [
    Table("Before a start is announced", [REQUESTS, LISTED, STACKS], before_an_attempt),
    Table("After a start is announced", [ATTEMPTS, LISTED, STACKS], in_an_attempt),
    Table("Following an export", [REQUESTS, EXPORTS], followed_exports, follow_first, lambda now: list(now.exports)),
]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.heading)
def test_every_situation_is_decided_as_its_row_says_and_every_row_is_reached(table: Table) -> None:
    rows = rows_of(table.heading)
    conditions = [[phrases[cell] for phrases, cell in zip(table.columns, row, strict=False)] for row in rows]
    outcomes = [outcome_of(row[len(table.columns)]) for row in rows]
    reached = [0] * len(rows)
    for now in table.situations():
        listed = table.listed(now)
        number = next(
            (number for number, row in enumerate(conditions) if all(holds(now, listed) for holds in row)), None
        )
        assert number is not None, f"no row fits {now}"
        reached[number] += 1
        decided = table.decide(now)
        assert outcomes[number](decided, now, listed), f"row {number + 1}, {rows[number]}: {decided} in {now}"
    assert all(reached), [row for row, count in zip(rows, reached, strict=True) if not count]


# --- What the answer to a start means ---

NOW = START + seconds(40)
BEFORE, PERHAPS = attempts("mine")[:2]


def after(
    code: str, kind: ErrorKind, *, attempt: Attempt = BEFORE, request: ExportRequest | None = None, age: float = 40
) -> Attempt | None:
    progress = retry.after_failed_start(
        request or create("mine"), Progress(attempt), attempt, ServiceError(code, "no", kind), now=NOW, age=seconds(age)
    )
    return progress.attempt if progress else None


def after_reading(found: RefusalFacts, code: str, age: float = 40) -> Attempt | None:
    """The same, if what is read of the generation job decides."""
    error = ServiceError(code, "no", ErrorKind.REFUSED)
    progress = generation_job.after_refusal(create("mine"), Progress(BEFORE), error, found, now=NOW, age=seconds(age))
    return progress.attempt if progress else None


EXPLAINED = ("ValidationException", "ConflictException")
REFUSED, THROTTLED = ErrorKind.REFUSED, ErrorKind.THROTTLED
ANSWERS: dict[str, list[Attempt | None]] = {
    "is answered with 200": [BEFORE.accepted(NOW, sent_at=NOW)],
    "is answered with 5xx, or not at all": [after("InternalServerException", ErrorKind.UNANSWERED)],
    "may have been sent by a step that runs again": [BEFORE.ran_again(NOW)],
    "is throttled": [after("ThrottlingException", THROTTLED)],
    "is denied in the first 3 minutes of the request": [after("AccessDeniedException", ErrorKind.DENIED, age=179)],
    "meets the account's quota": [after(quota.CODE, REFUSED)],
    "is refused, and its generation job is still being created": [
        after_reading(RefusalFacts(status), code)
        for status, code in product(("CREATE_PENDING", "CREATE_IN_PROGRESS"), EXPLAINED)
    ],
    "is refused, and its generation job cannot be read for less than ten minutes": [
        after_reading(RefusalFacts(unread=kind), code)
        for kind, code in product((THROTTLED, ErrorKind.UNANSWERED), EXPLAINED)
    ],
    "is refused, and its generation job may not be read in the first 3 minutes of the request": [
        after_reading(RefusalFacts(unread=ErrorKind.DENIED), code, age=179) for code in EXPLAINED
    ],
    "meets a conflict, and may itself be the reason": [after("ConflictException", REFUSED, attempt=PERHAPS)],
    "is adopted or has a generated name, and meets a conflict": [
        after("ConflictException", REFUSED, request=request) for request in (create(), adopting("mine"))
    ],
    "is refused otherwise": [
        after("AccessDeniedException", ErrorKind.DENIED, age=180),
        after("ConflictException", REFUSED),
        *(
            after_reading(RefusalFacts(status), code)
            for status, code in product(("CREATE_FAILED", "DELETE_PENDING", "DELETE_IN_PROGRESS"), EXPLAINED)
        ),
        after_reading(RefusalFacts(unread=ErrorKind.DENIED), "ValidationException", age=180),
        *(after(code, REFUSED) for code in ("ValidationException", "ResourceNotFoundException", "Another")),
    ],
}
BECOMES: dict[str, Callable[[Attempt | None], bool]] = {
    "becomes Accepted": lambda attempt: attempt is not None and attempt.phase == Accepted(NOW),
    "becomes Unanswered, settled after 15 s": lambda attempt: settles_after(attempt, 15),
    "becomes Unanswered, settled after 75 s": lambda attempt: settles_after(attempt, 75),
    "stays Announced, and is tried again": lambda attempt: attempt is not None and attempt.phase == Announced(),
    "becomes Taken": lambda attempt: attempt is not None and isinstance(attempt.phase, Taken),
    "ends: the request fails with the service's code": lambda attempt: attempt is None,
}


def settles_after(attempt: Attempt | None, count: float) -> bool:
    return (
        attempt is not None
        and isinstance(attempt.phase, Unanswered)
        and attempt.phase.settled_at == NOW + seconds(count)
    )


def test_the_answer_to_a_start_means_what_its_row_says() -> None:
    rows = rows_of("What the answer to a start means")
    assert [start for start, _ in rows] == list(ANSWERS)
    for start, becomes in rows:
        assert all(BECOMES[becomes](attempt) for attempt in ANSWERS[start]), (start, ANSWERS[start])


# --- At the deadline ---

LATE = situation(create(), after=57 * 60 + 1)
RETRIED = RetriedError(progress.START, START, "ThrottlingException", "slow down")
FOR_JOB = RetriedError(progress.START, START, "ConflictException", "not ACTIVE", "CREATE_PENDING")
LONG_AGO = replace(RETRIED, last_at=LATE.now - seconds(120))
ACTIVE_WITHOUT_LOCATION = replace(export(GENERATED, age=-57 * 60), output_location="")
JUST_NOW = LATE.now - seconds(30)
TAKEN = [replace(one, phase=Taken(LATE.now - seconds(20), "taken")) for one in (BEFORE, PERHAPS)]
LISTED_AT_THE_END = (export(GENERATED, "CREATE_PENDING"),)
KNOWN = {
    "the export is ACTIVE, and only its output location is missing": [
        replace(LATE, exports=(ACTIVE_WITHOUT_LOCATION,)),
    ],
    "the request's own export is listed or was listed before, or a start was accepted": [
        replace(LATE, exports=LISTED_AT_THE_END),
        replace(LATE, exports=LISTED_AT_THE_END, progress=Progress(replace(BEFORE, name=GENERATED), RETRIED, START)),
        replace(LATE, progress=replace(LATE.progress, retried=RETRIED, seen=Seen(GENERATED, START))),
        replace(LATE, exports=LISTED_AT_THE_END, progress=Progress(replace(TAKEN[0], name=GENERATED), None, START)),
        replace(LATE, progress=Progress(TAKEN[0], None, START, seen=Seen(GENERATED, START))),
        replace(LATE, progress=Progress(BEFORE.accepted(JUST_NOW, sent_at=JUST_NOW), FOR_JOB, START)),
    ],
    "the service refused the start because the name is taken": [
        replace(LATE, progress=Progress(attempt, None, START)) for attempt in TAKEN
    ],
    "the start waited for its generation job": [replace(LATE, progress=replace(LATE.progress, retried=FOR_JOB))],
    "a call kept failing until shortly before the deadline": [
        replace(LATE, progress=replace(LATE.progress, retried=replace(RETRIED, last_at=LATE.now - seconds(ago))))
        for ago in (0, 119)
    ],
    "no start was announced, and older executions could not be read": [
        situation(create(), after=57 * 60 + 1, older_ended_by=None)
    ],
    "no start can have taken effect, and the stack could not be read": [
        replace(LATE, stack=StackPhase.UNREADABLE),
        replace(LATE, stack=StackPhase.UNREADABLE, progress=replace(LATE.progress, retried=LONG_AGO)),
        replace(LATE, stack=StackPhase.UNREADABLE, progress=Progress(BEFORE, LONG_AGO, START)),
    ],
    "anything else": [LATE, replace(LATE, progress=replace(LATE.progress, retried=LONG_AGO))],
}


def test_the_deadline_s_outcome_is_that_of_its_row() -> None:
    rows = rows_of("At the deadline")
    assert [known for known, _ in rows] == list(KNOWN)
    for known, phrase in rows:
        code = phrase.strip("`") if phrase.startswith("`") else RETRIED.code
        for now in KNOWN[known]:
            decided = decide(now)
            if phrase == "succeed with it":
                assert decided == Succeed(*now.exports), known
                continue
            assert isinstance(decided, Fail), known
            assert decided.failure.code == code, known
