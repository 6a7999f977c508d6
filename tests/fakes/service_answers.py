"""What one step calls of AWS, without a network: each call takes its time and has the answer that a test sets."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from audience_export_handler.aws import clean_rooms_ml, cloudformation, step_functions
from audience_export_handler.core.facts import JobMetrics, RefusalFacts, StackPhase
from tests.fakes.clock import VirtualClock

LIST, START, METRICS, PHASE = "list_exports", "start_export", "read_metrics", "read_phase"
ACCOUNT, MODEL, FACTS, STOP = "list_account", "read_model_account", "read_refusal_facts", "stop_older"
_MODULES = {PHASE: cloudformation, STOP: step_functions}


@dataclass
class ServiceAnswers:
    """By the name of the handler's function: its answer, an exception to raise, and the seconds that it takes.

    `calls` are the names in order, `arguments` those of the last call of each.
    """

    clock: VirtualClock
    answers: dict[str, Any] = field(init=False)
    takes: dict[str, float] = field(default_factory=dict, init=False)
    calls: list[str] = field(default_factory=list, init=False)
    arguments: dict[str, Any] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Nothing is listed, the stack is creating or updating, no older execution runs, and a start is accepted."""
        self.answers = {LIST: (), START: None, METRICS: JobMetrics("ACTIVE"), PHASE: StackPhase.FORWARD}
        self.answers |= {ACCOUNT: (), MODEL: "", FACTS: RefusalFacts(), STOP: (None, 1)}

    def answer_from_now_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Put them in the place of the callers of AWS."""
        for name in self.answers:
            monkeypatch.setattr(_MODULES.get(name, clean_rooms_ml), name, partial(self._call, name))

    def _call(self, name: str, *positional: Any, **named: Any) -> Any:
        self.calls.append(name)
        self.arguments[name] = (*positional, *named.values())
        self.clock.sleep(self.takes.get(name, 0))
        answer = self.answers[name]
        if isinstance(answer, Exception):
            raise answer
        return answer
