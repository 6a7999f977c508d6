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
    """Seconds from ACTIVE to the answer, and calls of List, of one run; seconds are None if it was not reported."""

    seconds: float | None
    lists: int


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
            "What holds this project back: the wait before the next listing is a tenth of the export's age, "
            "from 2 to 30 "
            "seconds, and the calls of a step come on top of it. So the shortest exports are noticed a little late. A "
            "wait of a tenth makes about 50 listings in ten minutes, and a third of those of Provider are about 40: "
            "longer waits would meet that goal and miss the one before it.",
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
    run = runs.run(name, Plan(seconds + drawn, seed=seed))
    answers = [answer for answer in run.observer.answers if answer.body["Status"] == "SUCCESS"]
    if run.stack.status != "CREATE_COMPLETE" or not answers:
        return Overhead(None, run.calls[LIST])
    ended = run.world.second_of(run.world.account.ended_at(run.observer.starts[0].export))
    return Overhead(answers[0].at - ended, run.calls[LIST])


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
    goals = []
    for span, seconds in SPANS.items():
        most = max(_LEAST, _SHARE * seconds)
        worst = max((one.seconds for one in own[span] if one.seconds is not None), default=float("inf"))
        goals.append(Goal(f"an export of {span}: at most {most:g} s", f"{worst:.1f} s at most", worst <= most))
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
