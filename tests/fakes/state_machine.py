"""Step Functions for one state machine: executions that run side by side on a virtual clock, are listed and stopped.

It interprets the machines that the construct synthesises, and only what those use: Task with Parameters, ResultPath,
Retry and Catch; Choice; Wait; Succeed and Fail. A task of another service than Lambda calls what
`services` has for it.
"""

import json
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType
from typing import Any

from tests.fakes.clock import VirtualClock

# What an execution does between two points of time; it yields the seconds until the next one.
Course = Iterator[float]
# The same for one state, which returns the data and the name of the next state, None at the end.
StateCourse = Generator[float, None, tuple[dict[str, Any], str | None]]


class TaskError(Exception):
    """A task that failed with an error of Step Functions' or Lambda's own; `name` is what the machine sees."""

    def __init__(self, name: str, cause: str = "") -> None:
        super().__init__(f"{name}: {cause}" if cause else name)
        self.name, self.cause = name, cause


Invoke = Callable[[dict[str, Any]], object]


@dataclass
class Execution:
    """`status` as Step Functions reports it; `error` is what ended a FAILED one."""

    name: str
    input: dict[str, Any]
    started_at: datetime
    wakes_at: datetime
    course: Course = field(repr=False, default=iter(()))
    status: str = "RUNNING"
    stopped_at: datetime | None = None
    error: Exception | None = None

    def end(self, status: str, now: datetime) -> None:
        self.status, self.stopped_at = status, now


class StateMachine:
    """`invocations` counts the tasks of Lambda by phase, `waits` keeps the seconds of every Wait.

    `services` has, for the end of a task's Resource (``events:putEvents``), what takes its parameters. `beside` are
    machines whose executions run along with those of this one.
    """

    def __init__(
        self,
        definition: dict[str, Any],
        invoke: Invoke,
        clock: VirtualClock,
        services: Mapping[str, Invoke] = MappingProxyType({}),
    ) -> None:
        self.definition = json.loads(json.dumps(definition))
        self.invoke = invoke
        self.services = services
        self.beside: list[StateMachine] = []
        self.clock = clock
        self.executions: dict[str, Execution] = {}
        self.invocations: dict[str, int] = {}
        self.waits: list[int] = []
        self.due: list[tuple[datetime, Callable[[], object]]] = []

    def start(self, name: str, execution_input: dict[str, Any]) -> Execution:
        """Start an execution; it runs when `run` is called."""
        assert name not in self.executions
        now = self.clock()
        execution = Execution(name, execution_input, started_at=now, wakes_at=now)
        execution.course = self.course(execution)
        self.executions[name] = execution
        return execution

    def at(self, time: datetime, do: Callable[[], object]) -> None:
        """Have something done at a time, while the executions run."""
        self.due.append((time, do))

    def stop(self, execution: Execution) -> None:
        if execution.status == "RUNNING":
            execution.end("ABORTED", self.clock())

    def running(self) -> list[Execution]:
        return [execution for execution in self.executions.values() if execution.status == "RUNNING"]

    def listed(self) -> list[Execution]:
        """The executions that ListExecutions returns."""
        return list(self.executions.values())

    def run(self, *, until: datetime | None = None) -> None:
        """Run all executions, always the next one that is due, until none is running or the time has come."""
        while (following := self._next()) and (until is None or following[0] <= until):
            time, go_on = following
            self.clock.now = max(self.clock.now, time)
            go_on()
        if until is not None:
            self.clock.now = max(self.clock.now, until)

    def _next(self) -> tuple[datetime, Callable[[], object]] | None:
        what = [one for machine in (self, *self.beside) for one in machine.what_is_due()]
        return min(what, key=lambda one: one[0], default=None)

    def what_is_due(self) -> list[tuple[datetime, Callable[[], object]]]:
        """What is to be done, each at its time."""
        what: list[tuple[datetime, Callable[[], object]]] = [
            (execution.wakes_at, partial(self._go_on, execution)) for execution in self.running()
        ]
        return what + [(time, partial(self._do, time, do)) for time, do in self.due]

    def _do(self, time: datetime, do: Callable[[], object]) -> None:
        self.due.remove((time, do))
        do()

    def _go_on(self, execution: Execution) -> None:
        try:
            seconds = next(execution.course)
        except StopIteration:
            if execution.status == "RUNNING":
                execution.end("SUCCEEDED", self.clock())
        except AssertionError:
            raise  # of this fake: no state machine could have done this
        except Exception as error:
            execution.error = error
            execution.end("FAILED", self.clock())
        else:
            execution.wakes_at = self.clock() + timedelta(seconds=seconds)
            ends_at = execution.started_at + timedelta(seconds=self.definition["TimeoutSeconds"])
            if execution.status == "RUNNING" and execution.wakes_at > ends_at:
                execution.end("TIMED_OUT", ends_at)

    def course(self, execution: Execution) -> Course:
        """Run an execution from its first state; yields the seconds to wait before it goes on."""
        data, name = execution.input, self.definition["StartAt"]
        while name is not None and execution.status == "RUNNING":
            data, name = yield from self._run_state(execution, self.definition["States"][name], data)

    def _run_state(self, execution: Execution, state: dict[str, Any], data: dict[str, Any]) -> StateCourse:
        if state["Type"] == "Wait":
            seconds = state["Seconds"] if "Seconds" in state else _at(data, state["SecondsPath"])
            assert isinstance(seconds, int), "AWS takes whole seconds"
            assert seconds >= 0
            self.waits.append(seconds)
            yield seconds
            return data, state["Next"]
        if state["Type"] == "Choice":
            return data, _choose(state, data)
        if state["Type"] == "Succeed":
            return data, None
        if state["Type"] == "Fail":
            execution.end("FAILED", self.clock())
            return data, None
        return (yield from self._run_task(execution, state, data))

    def _run_task(self, execution: Execution, state: dict[str, Any], data: dict[str, Any]) -> StateCourse:
        failures = [0] * len(state["Retry"])  # each retrier counts its own
        while execution.status == "RUNNING":
            try:
                result = self._invoke_once(execution, state, data, sum(failures))
            except Exception as error:
                name, cause = name_and_cause(error)
                number, retry = retrier(state, name)
                if failures[number] == retry.get("MaxAttempts", 3):
                    if "Catch" not in state:
                        raise
                    [catch] = state["Catch"]
                    return _put(catch, data, {"Error": name, "Cause": cause}), catch["Next"]
            else:
                return _put(state, data, result), state.get("Next")
            yield min(retry["MaxDelaySeconds"], retry["IntervalSeconds"] * retry["BackoffRate"] ** failures[number])
            failures[number] += 1
        return data, None

    def _invoke_once(
        self, execution: Execution, state: dict[str, Any], data: dict[str, Any], retry_count: int
    ) -> object:
        context = {
            "$$.Execution.StartTime": execution.started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "$$.State.RetryCount": retry_count,
        }
        payload = _filled(state["Parameters"], data, context)
        service = state["Resource"].rpartition(":states:::")[2]
        if service in self.services:
            return json.loads(json.dumps(self.services[service](json.loads(json.dumps(payload)))))
        self.invocations[payload["Phase"]] = self.invocations.get(payload["Phase"], 0) + 1
        began = self.clock()
        result = self.invoke(json.loads(json.dumps(payload)))
        if self.clock() - began > timedelta(seconds=state["TimeoutSeconds"]):
            raise TaskError("States.Timeout")  # AWS does not wait for the end of the task
        return json.loads(json.dumps(result))


def name_and_cause(error: Exception) -> tuple[str, str]:
    """The name and the cause by which a machine knows an error."""
    return (error.name, error.cause) if isinstance(error, TaskError) else (type(error).__name__, str(error))


def retrier(state: dict[str, Any], error_name: str) -> tuple[int, dict[str, Any]]:
    """The first retrier of a task that fits an error, and its number."""
    for number, retry in enumerate(state["Retry"]):
        if error_name in retry["ErrorEquals"] or retry["ErrorEquals"] == ["States.ALL"]:
            return number, retry
    raise AssertionError(f"no retrier for {error_name}")


def longest(retry: dict[str, Any]) -> float:
    """Seconds from the first failure to the last retry, if every retry fails immediately."""
    pauses = (retry["IntervalSeconds"] * retry["BackoffRate"] ** number for number in range(retry["MaxAttempts"]))
    return float(sum(min(retry["MaxDelaySeconds"], pause) for pause in pauses))


def _filled(template: Any, data: dict[str, Any], context: dict[str, Any]) -> Any:
    """Parameters with the values that their paths lead to."""
    if isinstance(template, list):
        return [_filled(one, data, context) for one in template]
    if not isinstance(template, dict):
        return template
    return {
        key.removesuffix(".$"): (context[value] if value in context else _at(data, value))
        if key.endswith(".$")
        else _filled(value, data, context)
        for key, value in template.items()
    }


def _at(data: object, path: str) -> object:
    assert path.startswith("$."), path
    for key in path[2:].split("."):
        assert isinstance(data, dict)
        data = data[key]
    return data


def _put(state: dict[str, Any], data: dict[str, Any], result: Any) -> Any:
    path = state.get("ResultPath", "$")
    if path == "$":
        return result
    return {**data, path[2:]: result}


def _choose(state: dict[str, Any], data: dict[str, Any]) -> str:
    return next((str(rule["Next"]) for rule in state["Choices"] if _fits(rule, data)), str(state["Default"]))


def _fits(rule: dict[str, Any], data: dict[str, Any]) -> bool:
    if "And" in rule:
        return all(_fits(one, data) for one in rule["And"])
    try:
        value = _at(data, rule["Variable"])
    except KeyError as error:
        if "IsPresent" in rule:
            return not rule["IsPresent"]
        raise AssertionError(f"States.Runtime: no {rule['Variable']}") from error
    [(comparison, wanted)] = ((name, wanted) for name, wanted in rule.items() if name not in ("Variable", "Next"))
    if comparison == "IsPresent":
        return bool(wanted)
    types = {"BooleanEquals": bool, "NumericEquals": int, "StringEquals": str}
    return type(value) is types[comparison] and value == wanted
