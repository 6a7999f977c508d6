"""How long many exports take when only twenty may run at a time, and how often they call each API meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, sqrt

from bench.figure import Cell, Figure, Goal, Table
from bench.peers.apps import PROJECT
from bench.virtual import runs, runtimes
from bench.virtual.runs import Plan, Run
from cdk_cleanroomsml_local.clean_rooms_ml import PENDING_EXPORTS_OF_AN_ACCOUNT
from tests.simulation import facts
from tests.simulation.model.clean_rooms import JOBS

# Exports of a deployment, and the seconds of each: the ideal of full waves fits into the hour of CloudFormation.
CASES = ((100, 120), (100, 540), (450, 120))
# Exports of one generation job; the quota is 25.
_PER_JOB = 20
_FACTOR, _FACTOR_FOR = 1.15, 100
# Rule 15 of docs/guarantees.md: so many waiting exports read the stack so often a second, and more as the square root
# of their number. It is about averages: the rule says that the first minutes exceed it.
_WAITING, _READS, _READS_AT_MOST = 60, 2, 5


@dataclass(frozen=True)
class Outcome:
    """`succeeded` exports, the seconds until the stack was complete (or failed), and the calls of each API."""

    case: tuple[int, int]
    succeeded: int
    seconds: float
    status: str
    reason: str
    rates: dict[str, tuple[float, float, int]]

    @property
    def ideal(self) -> float:
        """Seconds that full waves would take."""
        return ceil(self.case[0] / PENDING_EXPORTS_OF_AN_ACCOUNT) * self.case[1]


def measure(cases: tuple[tuple[int, int], ...] = CASES) -> Figure:
    """Deploy the cases with this project, and the first of them with the peers."""
    with runs.network():
        own = [deploy(PROJECT.name, case) for case in cases]
        peers = {name: deploy(name, cases[0]) for name in runtimes.NAMES if name != PROJECT.name}
    return Figure(
        title="Throughput",
        how=(
            "On virtual time, one stack with that many exports, in an account that runs 20 at a time, on a day without "
            "other faults; one run each, because the time depends on the number of waves. Calls beyond the limits that "
            "the simulation assumes for an account are throttled. The ideal is the number of waves of 20, times the "
            "time of an export. Rates are those from the second minute on."
        ),
        tables=[_own_table(own), _rates_table(own), _peers_table({PROJECT.name: own[0]} | peers)],
        goals=[goal for outcome in own for goal in _goals(outcome)],
        notes=[
            "The peers that call StartAudienceExportJob in a function treat the refusal of the 21st start as a "
            "failure, so CloudFormation rolls the stack back. A user could retry in the function for up to 15 minutes, "
            "or start in isComplete or in a poll; no documentation of a peer shows that. The state machine of the SDK "
            "integration retries a full account every 30 seconds, which one entry in its Retry does.",
            "crhelper and cfn-handler also add a statement to the policy of their function for each export that they "
            "wait for, and that policy holds about 60.",
        ],
    )


def deploy(name: str, case: tuple[int, int]) -> Outcome:
    """Deploy one case; `runs.network` must be there."""
    count, seconds = case
    logical_ids = tuple(f"Export{number}" for number in range(count))
    began = 0.0

    def act(run: Run) -> None:
        nonlocal began
        began = run.world.timeline.now
        jobs = _add_jobs(run, ceil(count / _PER_JOB))
        template = runs.template_for(run.peer, logical_ids, "spring")
        for number, properties in enumerate(template.values()):
            properties["AudienceGenerationJobArn"] = jobs[number % len(jobs)]
        run.stack.create(template, runs.leave_alone)

    run = runs.run(name, Plan(seconds, limits=facts.LIMITS, act=act))
    answers = run.observer.answers
    succeeded = [one for one in answers if one.body["Status"] == "SUCCESS" and one.request.type == "Create"]
    failed = [one.body["Reason"] for one in answers if one.body["Status"] != "SUCCESS"]
    operations = sorted({operation for operation, _ in run.world.traffic.counts})
    return Outcome(
        case=case,
        succeeded=len(succeeded),
        seconds=run.finished_at - began,
        status=run.stack.status,
        reason=failed[0] if failed else "",
        rates={operation: run.world.traffic.rates(operation) for operation in operations},
    )


def _add_jobs(run: Run, count: int) -> list[str]:
    """More generation jobs in the world's account."""
    account, given = run.world.account, run.world.account.jobs[JOBS[0]]
    arns = [f"{JOBS[0][:-12]}{number:012}" for number in range(count)]
    account.jobs = account.jobs | {arn: replace(given, arn=arn) for arn in arns}
    return arns


def _own_table(own: list[Outcome]) -> Table:
    rows: list[list[Cell]] = [
        [
            f"{one.case[0]} of {one.case[1]} s",
            one.succeeded,
            f"{one.seconds:.0f}",
            f"{one.ideal:.0f}",
            f"{one.seconds / one.ideal:.2f}",
        ]
        for one in own
    ]
    return Table("This project", ["exports", "succeeded", "seconds", "ideal", "ratio"], rows)


def _rates_table(own: list[Outcome]) -> Table:
    rows: list[list[Cell]] = []
    for one in own:
        for operation, (average, minute, _) in one.rates.items():
            limit = facts.LIMITS[facts.API_OF.get(operation, operation)][0]
            case = f"{one.case[0]} of {one.case[1]} s"
            rows.append([case, operation, f"{limit:g}", f"{average:.2f}", f"{minute:.2f}"])
    columns = ["exports", "operation", "limit a second", "average", "busiest minute"]
    return Table("Calls a second of this project, and the limits that are assumed for the account", columns, rows)


def _peers_table(found: dict[str, Outcome]) -> Table:
    rows: list[list[Cell]] = [
        [name, f"{one.succeeded} of {one.case[0]}", one.status, f"{one.seconds:.0f}", _first_words(one.reason)]
        for name, one in found.items()
    ]
    count, seconds = next(iter(found.values())).case
    columns = ["peer", "succeeded", "the stack ends as", "seconds", "first failure"]
    return Table(f"All peers, {count} exports of {seconds} s", columns, rows)


def _first_words(reason: str) -> str:
    shortened = " ".join(reason.replace("|", "/").split())
    return shortened if len(shortened) <= 100 else shortened[:100] + " …"


def _goals(one: Outcome) -> list[Goal]:
    count, seconds = one.case
    case = f"{count} exports of {seconds} s"
    goals = [Goal(f"{case}: all succeed within the hour", f"{one.succeeded}, {one.status}", one.succeeded == count)]
    if count == _FACTOR_FOR:
        ratio = one.seconds / one.ideal
        goals.append(Goal(f"{case}: at most {_FACTOR} times the ideal", f"{ratio:.2f}", ratio <= _FACTOR))
    if "DescribeStacks" in one.rates:
        average, minute, _ = one.rates["DescribeStacks"]
        most = min(_READS * sqrt(count / _WAITING), _READS_AT_MOST)
        text = f"{case}: at most {most:.1f} DescribeStacks a second on average"
        goals.append(Goal(text, f"{average:.2f}; {minute:.2f} in the busiest minute", average <= most))
    return goals
