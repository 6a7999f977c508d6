"""Clean Rooms ML for one schedule: the project's emulator in process, a drawn reading, and exports that differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any

from local_cloud import catalog
from local_cloud.clean_rooms_ml import CleanRoomsML, Clock, Export
from local_cloud.readings import NamesAreUnique, Readings, Repeat
from local_cloud.service_model import ApiError, Response, ServiceModel
from tests.builders.arns import JOB, OTHER_JOB, THIRD_JOB

JOBS = (JOB, OTHER_JOB, THIRD_JOB)
SIZES = tuple(str(percent) for percent in range(1, 61))  # that the model offers
# Shorter than the pause after which the handler takes a listing for complete (15 s).
LONGEST_LISTING_LAG = 14


def draw_readings(chance: Random) -> Readings:
    """Every unknown of the service, at random."""
    return Readings(
        names=chance.choice(list(NamesAreUnique)),
        repeat=chance.choice(list(Repeat)),
        failed_names_are_free=chance.random() < 0.5,
        failed_count_for_the_job=chance.random() < 0.5,
        quota_errors_tell_values=chance.random() < 0.5,
        inactive_job_error=chance.choice(("ValidationException", "ConflictException")),
        unoffered_size_error=chance.choice(("ValidationException", "ConflictException")),
        unknown_job_lists_empty=chance.random() < 0.5,
        listing_lag=timedelta(seconds=chance.choice((0, 1, 5, 10, LONGEST_LISTING_LAG, LONGEST_LISTING_LAG))),
        output_location_lag=timedelta(seconds=chance.choice((0, 0, 10, 50))),
        page_size=chance.choice((100, 100, 3)),
        newest_first=chance.random() < 0.5,
    )


@cache
def _model() -> ServiceModel:
    return ServiceModel("cleanroomsml")


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
            seconds = self._typical * (1 + self._spread * self._chance.uniform(-0.5, 1))
            pending = seconds * 0.2
            failure = "EXPORT_FAILED" if self._chance.random() < self._failing else ""
            self._courses[export.number] = (timedelta(seconds=pending), timedelta(seconds=seconds - pending), failure)
        return self._courses[export.number]

    def duration_of(self, export: Export) -> tuple[timedelta, timedelta]:
        return self._course_of(export)[:2]

    def failure_of(self, export: Export) -> str:
        return export.job.fails_exports or self._course_of(export)[2]

    def has_long_had(self, count: int, job: str) -> None:
        """Give a generation job so many exports of long ago."""
        for _ in range(count):
            number, created = len(self.exports) + 1, self.clock() - timedelta(days=1)
            size = {"type": "PERCENTAGE", "value": int(SIZES[-1])}
            self.exports.append(Export(f"of long ago {number}", self.jobs[job], size, None, created, number))
            self._courses[number] = (timedelta(seconds=1), timedelta(seconds=1), "")

    def ended_at(self, export: Export) -> Any:
        """When an export ends, as the service's clock has it."""
        pending_for, in_progress_for = self.duration_of(export)
        return export.created + pending_for + in_progress_for

    def respond(self, method: str, target: str, body: bytes) -> Response:
        """Answer one request of the wire."""
        route = _model().route(method, target)
        assert route is not None, (method, target)
        operation, labels = route
        try:
            return _model().success(
                operation, self.call(operation.name, _model().parse(operation, labels, target, body))
            )
        except ApiError as error:
            return _model().failure(error)

    def refuse(self, code: str, message: str, status: int) -> Response:
        """The response for an error that is not the service's own doing."""
        return _model().failure(ApiError(code, message, status=status))
