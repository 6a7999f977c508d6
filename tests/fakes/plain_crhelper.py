"""crhelper 2.0.12 as it is: tests show its defects beside the handler, which does not have them."""

from collections.abc import Callable
from typing import Any

import crhelper
from crhelper import utils as crhelper_utils


class Recorder:
    """A client of AWS that keeps the requests that it gets."""

    def __init__(self, calls: list[tuple[str, dict[str, Any]]]) -> None:
        self._calls = calls

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        def call(**request: Any) -> dict[str, Any]:
            self._calls.append((operation, request))
            return {"RuleArn": "arn:aws:events:us-east-1:111122223333:rule/name"}

        return call


# crhelper's stubs leave out what its defects are shown by.
utils: Any = crhelper_utils


class PlainResource(crhelper.CfnResource):
    """crhelper as it is, but for the answer and the calls of AWS, which are kept."""

    _put_rule: Callable[..., object]
    _remove_polling: Callable[[], object]
    _wait_for_cwlogs: Callable[[], object]

    def __init__(self) -> None:
        super().__init__(sleep_on_delete=0)
        self.answers: list[dict[str, Any]] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.on_answer: Callable[[], object] = lambda: None
        self._events_client = self._lambda_client = Recorder(self.calls)

    def _send(self, status: Any = None, reason: str = "", send_response: Any = None) -> None:
        of_crhelper: Any = super()
        of_crhelper._send(status, reason, lambda url, body, verify: self.answers.append({"url": url, **body}))
        self.on_answer()

    def made(self, operation: str) -> list[dict[str, Any]]:
        return [request for name, request in self.calls if name == operation]
