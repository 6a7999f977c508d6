"""How long after its end an export is reported, and how many listings that takes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from statistics import median

from bench.figure import Figure, Goal, Plot, Table
from bench.peers.apps import PROJECT
from bench.virtual import runs, runtimes
from bench.virtual.runs import Plan

# Seconds that an export takes. Each run adds up to a fifth of that, and a minute at most: otherwise a peer that looks
# once a minute would seem to look at the right moment.
SPANS = {"5 s": 5, "30 s": 30, "5 min": 300, "10 min": 600, "55 min": 3240}
SEEDS = 20
_MORE, _MORE_AT_MOST = 0.2, 60
# The goals: at most so many seconds or this share of the export, and this part of Provider's listings.
_LEAST, _SHARE, _PART = 2, 0.1, 3
_PROVIDER = "Provider, 5 s"
LIST = "ListAudienceExportJobs"
# The only peer that does not wait.
_DOES_NOT_WAIT = "AwsCustomResource"


@dataclass(frozen=True)
class Overhead:
    """One run: how long its export takes, seconds from ACTIVE to the answer (None if none came), and calls of List."""

    takes: float
    seconds: float | None
    lists: int

    @property
    def of_goal(self) -> float:
        """The overhead as a share of what it may be for this export."""
        return float("inf") if self.seconds is None else self.seconds / max(_LEAST, _SHARE * self.takes)


def measure(seeds: int = SEEDS) -> Figure:
    """Deploy one export of each span with each peer, for so many seeds."""
    with runs.network():
        found = {
            name: {span: [one_run(name, SPANS[span], seed) for seed in range(seeds)] for span in SPANS}
            for name in runtimes.NAMES
            if name != _DOES_NOT_WAIT
        }
    return Figure(
        title="Overhead",
        how=(
            f"On virtual time, one stack with one export on a day without faults, {seeds} times for each peer and "
            "span; each time the export takes up to a fifth longer, and a minute at most. The overhead is the time "
            "from the export's ACTIVE to CloudFormation's receipt of the answer: median, and smallest to largest. The "
            "calls of List are those of a whole request, as a median. A call takes 0.02 to 0.3 s there, and a cold "
            "start 0.3 to 1.5 s. The longest export takes 54 to 55 minutes: CloudFormation gives up after 60, and this "
            "project answers three minutes before that. "
            f"{_DOES_NOT_WAIT} is left out: it does not wait for the export."
        ),
        tables=[_overhead_table(found), _list_table(found)],
        goals=[*_overhead_goals(found[PROJECT.name]), *_list_goals(found)],
        notes=[
            "What holds this project back: the wait before the next listing is a tenth of the export's age, from 2 to "
            "30 seconds, and the calls of a step come on top of it. So an export of a few seconds is noticed a little "
            "late; with shorter waits every export would have more listings. The two goals for 10 minutes exclude each "
            "other, if a wait depends on the age alone: waits of 2 s until the age is 20 s, and of a tenth from then "
            "on, make 10 + ln(600/20) / ln(1.1) = 46 listings, and a third of those of Provider are 41.",
        ],
        plots=[
            Plot(
                "overhead",
                "From ACTIVE to the answer",
                "seconds",
                list(SPANS),
                {name: [_median(spans[span]) for span in SPANS] for name, spans in found.items()},
                is_logarithmic=True,
            ),
            Plot(
                "listings",
                "Calls of ListAudienceExportJobs for one export",
                "calls",
                list(SPANS),
                {name: [_lists(spans[span]) for span in SPANS] for name, spans in found.items()},
                is_logarithmic=True,
            ),
        ],
    )


def one_run(name: str, seconds: float, seed: int) -> Overhead:
    """Deploy one export; `runs.network` must be there."""
    drawn = Random(f"overhead {seed}").uniform(0, min(_MORE * seconds, _MORE_AT_MOST))  # noqa: S311 - repeatable
    takes = seconds + drawn
    run = runs.run(name, Plan(takes, seed=seed))
    answers = [answer for answer in run.observer.answers if answer.body["Status"] == "SUCCESS"]
    if run.stack.status != "CREATE_COMPLETE" or not answers:
        return Overhead(takes, None, run.calls[LIST])
    ended = run.world.second_of(run.world.account.ended_at(run.observer.starts[0].export))
    return Overhead(takes, answers[0].at - ended, run.calls[LIST])


def _median(measured: list[Overhead]) -> float:
    return median([one.seconds for one in measured if one.seconds is not None] or [float("nan")])


def _lists(measured: list[Overhead]) -> float:
    return float(median(one.lists for one in measured))


def _overhead_table(found: dict[str, dict[str, list[Overhead]]]) -> Table:
    rows: list[list[str | int | float]] = [
        [name, *(_text(spans[span]) for span in SPANS)] for name, spans in found.items()
    ]
    return Table("Seconds from ACTIVE to the answer", ["peer", *SPANS], rows)


def _text(measured: list[Overhead]) -> str:
    seconds = [one.seconds for one in measured if one.seconds is not None]
    missing = len(measured) - len(seconds)
    text = f"{median(seconds):.1f} ({min(seconds):.1f} to {max(seconds):.1f})" if seconds else ""
    return text + (f", {missing} not reported" if missing else "")


def _list_table(found: dict[str, dict[str, list[Overhead]]]) -> Table:
    rows: list[list[str | int | float]] = [
        [name, *(int(_lists(spans[span])) for span in SPANS)] for name, spans in found.items()
    ]
    return Table("Calls of ListAudienceExportJobs", ["peer", *SPANS], rows)


def _overhead_goals(own: dict[str, list[Overhead]]) -> list[Goal]:
    """Each run is held against its own export, which may take up to a fifth longer than the span says."""
    goals = []
    for span in SPANS:
        worst = max(own[span], key=lambda one: one.of_goal)
        text = f"{span}: at most {_LEAST} s, or {_SHARE:.0%} of the export if that is more"
        measured = f"{worst.seconds:.1f} s at most, of {worst.takes:.0f} s" if worst.seconds is not None else "none"
        goals.append(Goal(text, measured, worst.of_goal <= 1))
    return goals


def _list_goals(found: dict[str, dict[str, list[Overhead]]]) -> list[Goal]:
    goals = []
    for span, seconds in SPANS.items():
        if seconds < SPANS["10 min"]:
            continue
        own, provider = _lists(found[PROJECT.name][span]), _lists(found[_PROVIDER][span])
        text = f"{span}: at most a third of the listings of Provider"
        goals.append(Goal(text, f"{own:g} of {provider:g}", own * _PART <= provider))
    return goals
