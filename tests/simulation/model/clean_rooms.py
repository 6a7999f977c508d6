"""Clean Rooms ML: the project's emulator in process, with drawn `Readings` and exports that differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from random import Random
from typing import Any

from cdk_cleanroomsml_local import catalog
from cdk_cleanroomsml_local.catalog import GenerationJob
from cdk_cleanroomsml_local.clean_rooms_ml import CleanRoomsML, Clock, Export
from cdk_cleanroomsml_local.readings import NamesAreUnique, Readings, Repeat
from cdk_cleanroomsml_local.service_model import ApiError, Response, of_service
from tests.builders.arns import JOB, OTHER_JOB, THIRD_JOB
from tests.simulation import bounds, facts, odds

JOBS = (JOB, OTHER_JOB, THIRD_JOB)
# Percentages that the configured audience model offers; more than all resources of a schedule need.
SIZES = tuple(str(percent) for percent in range(1, 61))
_LONG_AGO, _MOMENT = timedelta(days=1), timedelta(seconds=1)


def draw_readings(chance: Random) -> Readings:
    """Every unknown of the service, drawn; on some days the model belongs to another account."""
    other_account = chance.random() < odds.OTHER_ACCOUNT_OWNS
    return Readings(
        names=chance.choice(list(NamesAreUnique)),
        repeat=chance.choice(list(Repeat)),
        failed_names_are_free=chance.random() < odds.EVEN,
        failed_count_for_the_job=chance.random() < odds.EVEN,
        quota_errors_tell_values=chance.random() < odds.EVEN,
        inactive_job_error=chance.choice(("ValidationException", "ConflictException")),
        unoffered_size_error=chance.choice(("ValidationException", "ConflictException")),
        unknown_job_lists_empty=chance.random() < odds.EVEN,
        listing_lag=timedelta(seconds=chance.choice(odds.LISTING_LAGS)),
        output_location_lag=timedelta(seconds=chance.choice(odds.OUTPUT_LOCATION_LAGS)),
        page_size=chance.choice(odds.PAGE_SIZES),
        newest_first=chance.random() < odds.EVEN,
        summaries_name_account="444455556666" if other_account and chance.random() < odds.EVEN else "",
        output_locations_are_visible=not other_account,
        models_are_readable=not other_account,
    )


@cache
def _catalog() -> catalog.Catalog:
    given = catalog.read(catalog.DEMO)
    more = {arn: replace(given.jobs[JOB], arn=arn) for arn in JOBS}
    offered = tuple(int(size) for size in SIZES)
    models = {
        arn: replace(model, sizes=offered) if model.size_type == "PERCENTAGE" else model
        for arn, model in given.models.items()
    }
    return catalog.Catalog(given.jobs | more, models)


class Account(CleanRoomsML):
    """The service in the account of all stacks.

    Args:
        typical: seconds that an export takes, more or less.
        failing: share of the exports that end in CREATE_FAILED.
        spread: how much exports differ: 0 for none, 1 for from half to double.
    """

    def __init__(
        self, chance: Random, clock: Clock, readings: Readings, *, typical: float, failing: float, spread: float
    ) -> None:
        super().__init__(_catalog().jobs, _catalog().models, readings, clock)
        self._chance = chance
        self._typical, self._failing, self._spread = typical, failing, spread
        self._courses: dict[int, tuple[timedelta, timedelta, str]] = {}

    def _course_of(self, export: Export) -> tuple[timedelta, timedelta, str]:
        if export.number not in self._courses:
            seconds = self._typical * (1 + self._spread * self._chance.uniform(*odds.EXPORT_DIFFERS))
            pending = seconds * odds.PENDING
            failure = "EXPORT_FAILED" if self._chance.random() < self._failing else ""
            self._courses[export.number] = (timedelta(seconds=pending), timedelta(seconds=seconds - pending), failure)
        return self._courses[export.number]

    def duration_of(self, export: Export) -> tuple[timedelta, timedelta]:
        return self._course_of(export)[:2]

    def failure_of(self, export: Export) -> str:
        return export.job.fails_exports or self._course_of(export)[2]

    def _summary(self, export: Export) -> dict[str, Any]:
        """A listed export; the message of a failed one may be long, or hold what a terminal cannot show."""
        summary = super()._summary(export)
        if "statusDetails" in summary:
            summary["statusDetails"]["message"] = odds.MESSAGES[export.number % len(odds.MESSAGES)]
        return summary

    def worsen(self, *, failing: float) -> None:
        """Have that share of the exports fail, list them late, and let others have the name of a failed one."""
        self._failing = failing
        names = NamesAreUnique.NOT_AT_ALL if self.readings.newest_first else self.readings.names
        lag = timedelta(seconds=bounds.LISTING_LAG)
        self.readings = replace(self.readings, names=names, failed_names_are_free=True, listing_lag=lag)

    def create_jobs(self, chance: Random) -> None:
        """Have generation jobs be created for a time, and reads show their statuses late, or earlier ones again.

        `chance` is a separate source, so that no other day changes.
        """
        self._job_chance = chance
        lag = timedelta(seconds=chance.choice(odds.JOB_STATUS_LAGS))
        self.readings = replace(self.readings, job_status_lag=lag)
        for arn in JOBS:
            if chance.random() < odds.JOB_UNFINISHED:
                after = odds.FIRST_STACK_AT + chance.choice(odds.JOB_CREATED_WITHIN) * chance.random()
                status, becomes = chance.choice(facts.BEING_CREATED), chance.choice(odds.JOB_BECOMES)
                changes = timedelta(seconds=after)
                job = replace(self.jobs[arn], status=status, becomes=becomes, changes_after=changes)
                self.jobs = self.jobs | {arn: job}

    def changed_at(self, job: GenerationJob) -> datetime | None:
        """When a generation job becomes something else, on the service's clock; None: never."""
        return self._began + job.changes_after if job.becomes else None

    def shown_status_of_job(self, job: GenerationJob) -> str:
        """What a read shows: one host may be behind another."""
        lag = self.readings.job_status_lag
        return self.status_of_job(job, self.clock() - lag * self._job_chance.random() if lag else self.clock())

    def has_long_had(self, names: Iterable[str], job: str, *, failure: str = "") -> None:
        """Give a generation job exports of these names that ended long ago."""
        for name in names:
            number, created = len(self.exports) + 1, self.clock() - _LONG_AGO
            size = {"type": "PERCENTAGE", "value": int(SIZES[-1])}
            self.exports.append(Export(name, self.jobs[job], size, None, created, number))
            self._courses[number] = (_MOMENT, _MOMENT, failure)

    def ended_at(self, export: Export) -> datetime:
        """When an export ends, on the service's clock."""
        pending_for, in_progress_for = self.duration_of(export)
        return export.created + pending_for + in_progress_for

    def respond(self, method: str, target: str, body: bytes) -> Response:
        """Respond to one request that comes over the wire."""
        model = of_service("cleanroomsml")
        route = model.route(method, target)
        assert route is not None, (method, target)
        operation, labels = route
        try:
            return model.success(operation, self.call(operation.name, model.parse(operation, labels, target, body)))
        except ApiError as error:
            return model.failure(error)

    def refuse(self, code: str, message: str, status: int) -> Response:
        """The response for an error."""
        return of_service("cleanroomsml").failure(ApiError(code, message, status=status))
