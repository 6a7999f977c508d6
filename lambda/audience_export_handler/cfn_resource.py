"""crhelper's CfnResource with the state machine in place of its polling.

Kept from crhelper 2.0.12: the decorators, the dispatch to them, logging and the shape of the answer. Replaced, each
with its reason beside it: what holds state over warm calls, what swallows errors that a retry could mend, and what
answers in a place where the answer cannot be sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from crhelper import FAILED, SUCCESS, CfnResource

from audience_export_handler import explanation
from audience_export_handler.failure import ExportFailure
from audience_export_handler.progress import Progress

logger = logging.getLogger(__name__)

VERSION = 1  # of the messages between the state machine and the steps

Event = dict[str, Any]


class StateMachineResource(CfnResource):
    """A custom resource whose Create and Update are followed by a state machine.

    It is called with an event of CloudFormation (accept, or delete), or with a message of the state machine:
    ``{"Version": 1, "Phase": "Step" | "Answer", "Request": event, …}``.

    Args:
        physical_id_of: returns the physical id of any Create, also of one that is refused.
        start_polling: starts the execution for an accepted event.
        deliver: sends an answer's body to a ResponseURL.
    """

    # crhelper's stubs leave its private members out; these are the ones used here.
    _event: Event
    _context: object
    _response_url: str
    _log_setup: Callable[[Event, object], None]
    _crhelper_init: Callable[[Event, object], bool]
    _poll_enabled: Callable[[], object]
    _cfn_response: Callable[[Event], None]

    def __init__(
        self,
        *,
        physical_id_of: Callable[[Event], str],
        start_polling: Callable[[Event], None],
        deliver: Callable[[str, Event], None],
    ) -> None:
        self._physical_id_of = physical_id_of
        self._start_polling = start_polling
        self._deliver = deliver
        self._next: Event = {}
        # DEBUG would log the event and its ResponseURL.
        super().__init__(log_level="INFO")

    @property
    def _sam_local(self) -> bool:
        """True, so that crhelper makes no clients of Lambda, EventBridge and CloudWatch Logs; none is used."""
        return True

    @_sam_local.setter
    def _sam_local(self, value: object) -> None:
        """crhelper sets it from the environment."""

    def __call__(self, message: Event, context: object) -> Event | None:  # type: ignore[override]
        """Handle one invocation; returns what the state machine's Choice needs, raises what a retry may mend.

        crhelper returns None always and answers FAILED for any exception, also for one of the network.
        """
        self._forget()
        self._log_setup(message, context)
        if message.get("Phase") == "Answer":
            self._send_verdict(message)
            return None
        event = self._event_of(message)
        self._crhelper_init(event, context)
        if "CrHelperPoll" in event:
            return self._step_result()
        if self.Status == SUCCESS and self._poll_enabled():
            self._accept()
        else:
            self._cfn_response(event)
        return None

    def keep_polling(self, progress: Progress, wait_seconds: int) -> None:
        """Called by a poll function that returns None: what the next step gets, and when it comes."""
        self._next = {"Progress": progress.to_json(), "WaitSeconds": wait_seconds}

    def _forget(self) -> None:
        """Clear what a previous call on this container left: crhelper would answer its request for a broken event."""
        self.Status = self.Reason = self.PhysicalResourceId = ""
        self.StackId = self.RequestId = self.LogicalResourceId = self._response_url = ""
        self.Data = {}
        self.NoEcho = False
        self._event = {}
        self._next = {}

    def _event_of(self, message: Event) -> Event:
        if "Phase" not in message:
            return message
        if message.get("Version") != VERSION:
            raise ValueError(f"a message of version {message.get('Version')!r}; this handler reads {VERSION}")
        return {**message["Request"], "CrHelperPoll": True, "Message": message}

    def init_failure(self, error: Exception) -> None:
        """Raise, so that Lambda makes a new container and delivers again: crhelper answers FAILED, even to a Delete."""
        raise error

    def _set_timeout(self) -> None:
        """No timer: crhelper's sends FAILED while the slow call that it reports may still succeed."""

    def _wrap_function(self, func: Callable[[Event, object], str | None] | None) -> None:
        """Run a decorated function. Only ExportFailure is an answer; anything else is raised, to be tried again."""
        try:
            self.PhysicalResourceId = (func(self._event, self._context) if func else "") or ""
        except ExportFailure as failure:
            self._fail(failure)

    def _fail(self, failure: ExportFailure) -> None:
        """Take the failure for the verdict; without an id of its own crhelper takes the event's, or the derived one."""
        logger.info("The request fails: %s", failure.code)
        self.Status, self.Reason, self.PhysicalResourceId = FAILED, failure.reason, ""

    def _accept(self) -> None:
        try:
            self._setup_polling()
        except ExportFailure as failure:
            self._fail(failure)
            self._cfn_response(self._event)

    def _setup_polling(self) -> None:
        """Start the state machine: crhelper makes rules and permissions at run time, which it may leave behind."""
        self._start_polling(self._event)

    def _step_result(self) -> Event:
        """Put the verdict into the execution's state; sending it is a state of its own, so it can be sent again."""
        if self.Status == SUCCESS and not self.PhysicalResourceId:
            return {"Settled": False, **self._next}
        verdict = {"Status": self.Status, "Reason": self.Reason, "Data": self.Data if self.Status == SUCCESS else {}}
        return {"Settled": True, "Verdict": verdict | {"PhysicalResourceId": self.PhysicalResourceId}}

    def _send_verdict(self, message: Event) -> None:
        event, outcome = message["Request"], message["Outcome"]
        verdict = outcome.get("Verdict") or self._broken(outcome)
        self.StackId, self.RequestId = event["StackId"], event["RequestId"]
        self.LogicalResourceId, self._response_url = event["LogicalResourceId"], event["ResponseURL"]
        self.Status, self.Reason = verdict["Status"], verdict["Reason"]
        self.PhysicalResourceId, self.Data = verdict["PhysicalResourceId"], verdict["Data"]
        self._cfn_response(event)

    def _broken(self, outcome: Event) -> Event:
        """The verdict for a step that failed on every retry, from what Step Functions caught."""
        failure = explanation.handler_broke(outcome.get("Error", ""), outcome.get("Cause", ""))
        return {"Status": FAILED, "Reason": failure.reason, "PhysicalResourceId": "", "Data": {}}

    def generate_physical_id(self, event: Event) -> str:
        """Return the derived id where crhelper makes a random one, which a later event would not match."""
        return self._physical_id_of(event)

    def _send(self, status: str | None = None, reason: str = "", send_response: object = None) -> None:  # noqa: ARG002 - crhelper's
        """Send the answer bounded and confirmed: crhelper cuts the start of the reason and takes a 403 for delivery."""
        body = {
            "Status": status or self.Status,
            "PhysicalResourceId": self.PhysicalResourceId,
            "StackId": self.StackId,
            "RequestId": self.RequestId,
            "LogicalResourceId": self.LogicalResourceId,
            "Reason": reason or self.Reason,
            "Data": self.Data,
            "NoEcho": self.NoEcho,
        }
        self._deliver(self._response_url, body)
