"""Interprets the state machine that the construct synthesises, on a virtual clock.

Only what that machine uses: Task with Parameters, ResultPath, Retry and Catch; Choice; Wait with SecondsPath.
"""

import json
from collections.abc import Callable
from datetime import timedelta

from tests.fakes.clock import VirtualClock


class StateMachine:
    """`invocations` counts the tasks by phase; an execution that fails raises the last error."""

    def __init__(self, definition: dict, invoke: Callable[[dict], object], clock: VirtualClock) -> None:
        self.definition = json.loads(json.dumps(definition))
        self.invoke = invoke
        self.clock = clock
        self.invocations: dict[str, int] = {}
        self.waits: list[int] = []

    def run(self, execution_input: dict) -> None:
        self.started_at = self.clock()
        ends = self.started_at + timedelta(seconds=self.definition["TimeoutSeconds"])
        data, name = execution_input, self.definition["StartAt"]
        while name is not None:
            assert self.clock() < ends, "the execution timed out"
            data, name = self._run_state(self.definition["States"][name], data)

    def _run_state(self, state: dict, data: dict) -> tuple[dict, str | None]:
        if state["Type"] == "Wait":
            seconds = _at(data, state["SecondsPath"])
            assert isinstance(seconds, int), "AWS takes whole seconds"
            assert seconds >= 0
            self.waits.append(seconds)
            self.clock.sleep(seconds)
            return data, state["Next"]
        if state["Type"] == "Choice":
            return data, _choose(state, data)
        return self._run_task(state, data)

    def _run_task(self, state: dict, data: dict) -> tuple[dict, str | None]:
        [retry] = state["Retry"]
        for attempt in range(retry["MaxAttempts"] + 1):
            try:
                result = self._invoke_once(state, data, attempt)
            except Exception as error:
                last = error
                self.clock.sleep(
                    min(retry["MaxDelaySeconds"], retry["IntervalSeconds"] * retry["BackoffRate"] ** attempt)
                )
            else:
                return _put(state, data, result), state.get("Next")
        if "Catch" not in state:
            raise last
        [catch] = state["Catch"]
        return _put(catch, data, {"Error": type(last).__name__, "Cause": str(last)}), catch["Next"]

    def _invoke_once(self, state: dict, data: dict, retry_count: int) -> object:
        context = {
            "$$.Execution.StartTime": self.started_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "$$.State.RetryCount": retry_count,
        }
        payload = {}
        for key, value in state["Parameters"].items():
            if key.endswith(".$"):
                payload[key[:-2]] = context[value] if value in context else _at(data, value)
            else:
                payload[key] = value
        self.invocations[payload["Phase"]] = self.invocations.get(payload["Phase"], 0) + 1
        return json.loads(json.dumps(self.invoke(json.loads(json.dumps(payload)))))


def _at(data: object, path: str) -> object:
    assert path.startswith("$."), path
    for key in path[2:].split("."):
        assert isinstance(data, dict)
        data = data[key]
    return data


def _put(state: dict, data: dict, result: object) -> dict:
    path = state.get("ResultPath", "$")
    if path == "$":
        return result  # type: ignore[return-value]
    return {**data, path[2:]: result}


def _choose(state: dict, data: dict) -> str:
    for rule in state["Choices"]:
        try:
            value = _at(data, rule["Variable"])
        except KeyError as error:
            raise AssertionError(f"States.Runtime: no {rule['Variable']}") from error
        if value == rule.get("BooleanEquals", rule.get("NumericEquals")) and type(value) in (bool, int):
            return rule["Next"]
    return state["Default"]
