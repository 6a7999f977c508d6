"""crhelper's CfnResource, followed by a state machine instead of its polling.

Kept from crhelper 2.0.12: the decorators, the dispatch to them, logging and the shape of the answer. Replaced, each
with its reason beside it: what holds state over warm calls, what swallows errors that a retry could overcome, and what
answers in a place where the answer cannot be sent again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from crhelper import FAILED, SUCCESS, CfnResource

from audience_export_handler.core import reasons
from audience_export_handler.core.facts import ExportJob
from audience_export_handler.core.failure import AcceptanceUnknown, AnswerNotDelivered, ExportFailure
from audience_export_handler.core.following import Left
from audience_export_handler.step import Pending
from cdk_cleanroomsml_contract import message as messages
from cdk_cleanroomsml_contract.message import (
    AnswerMessage,
    Event,
    Following,
    FollowMessage,
    LostEvent,
    StepMessage,
    Verdict,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Success:
    """The end of a request that is fulfilled: its physical id, its attributes, and the export that fulfils it."""

    physical_id: str
    data: dict[str, str]
    export: ExportJob | None = None


class StateMachineResource(CfnResource):
    """A custom resource whose Create and Update are followed by a state machine.

    It is called with an event of CloudFormation (accept, or delete), with a message of the state machine or of the
    follower, or, as the last resort, with an event whose deliveries have failed (`cdk_cleanroomsml_contract.message`).

    Args:
        physical_id_of: returns the physical id of any Create, also of one that is refused.
        start_execution: starts the execution for an accepted event.
        deliver: sends an answer's body to a ResponseURL.
        follow: returns what is to be followed after the answer, given the message, what the request leaves, and
            the physical id of the answer; None if it is nothing.
        look: takes one look at what is followed, and returns what the follower needs.
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
        start_execution: Callable[[Event], None],
        was_started: Callable[[Event], bool],
        deliver: Callable[[str, Event], None],
        follow: Callable[[StepMessage, Left | None, str], Following | None],
        look: Callable[[FollowMessage], Event],
    ) -> None:
        self._physical_id_of = physical_id_of
        self._start_execution = start_execution
        self._was_started = was_started
        self._deliver = deliver
        self._follow = follow
        self._look = look
        self._message: StepMessage | None = None
        self._pending: Pending | None = None
        self._left: Left | None = None
        # DEBUG would log the event and its ResponseURL.
        super().__init__(log_level="INFO")

    @property
    def _sam_local(self) -> bool:
        """True, so that crhelper makes no clients of Lambda, EventBridge and CloudWatch Logs; none is used."""
        return True

    @_sam_local.setter
    def _sam_local(self, value: object) -> None:
        """crhelper sets it from the environment."""

    def step(self, func: Callable[[StepMessage], Success | Pending]) -> None:
        """Decorate the function that takes a step of a Create or Update."""

        def take(event: Event, context: object) -> str | None:
            assert self._message is not None  # noqa: S101 - only _take_step dispatches to it
            result = func(self._message)
            if isinstance(result, Pending):
                self._pending = result
                return None
            self.Data.update(result.data)
            self._left = result.export
            return result.physical_id

        self.poll_create(take)
        self.poll_update(take)

    def __call__(self, message: Event, context: object) -> Event | None:  # type: ignore[override]
        """Handle one invocation; returns what the state machine's Choice needs, raises what a retry may overcome.

        crhelper always returns None, and answers FAILED for any exception, also for one of the network.
        """
        self._forget()
        self._log_setup(message, context)
        received = messages.read(message)
        if isinstance(received, AnswerMessage):
            self._answer(received)
            return None
        if isinstance(received, FollowMessage):
            return self._look(received)
        if isinstance(received, StepMessage):
            return self._take_step(received, context)
        if isinstance(received, LostEvent):
            self._handle_lost_event(received.event, context)
        else:
            self._handle_event(received, context)
        return None

    def _handle_event(self, event: Event, context: object) -> None:
        """Answer, or accept: crhelper makes rules and permissions at run time, which it may leave behind."""
        self._crhelper_init(event, context)
        if self.Status == SUCCESS and self._poll_enabled():
            self._start_execution(event)
        else:
            self._cfn_response(event)

    def _handle_lost_event(self, event: Event, context: object) -> None:
        """Handle an event that no other delivery follows, so any error that is sure becomes the answer."""
        try:
            self._handle_event(event, context)
        except (AcceptanceUnknown, AnswerNotDelivered):
            raise
        except Exception as error:
            logger.exception("The request could not be accepted.")
            if event["RequestType"] != "Delete" and self._was_started(event):
                logger.info("An earlier delivery of this event has started its execution, which sends the answer.")
                return
            self._fail(reasons.not_accepted(error))
            if event["RequestType"] == "Delete":
                self.Status = SUCCESS
            self._give_last_answer(event)

    def _give_last_answer(self, event: Event) -> None:
        """Send it; if it may have arrived, Lambda must not try again: the event could be accepted after all."""
        try:
            self._cfn_response(event)
        except AnswerNotDelivered as error:
            if not error.may_have_arrived:
                raise
            logger.warning("%s. It may have arrived, so it is not sent again.", error)

    def _take_step(self, message: StepMessage, context: object) -> Event:
        """Put the verdict into the execution's state; sending it is another state, so it can be sent again."""
        self._message = message
        self._crhelper_init({**message.event, "CrHelperPoll": True}, context)
        if self._pending:
            return messages.pending(self._pending.progress.to_json(), self._pending.wait_seconds)
        data = self.Data if self.Status == SUCCESS else {}
        verdict = Verdict(self.Status, self.Reason, self.PhysicalResourceId, data)
        event = message.event
        answered_id = self.PhysicalResourceId or event.get("PhysicalResourceId") or self.generate_physical_id(event)
        return messages.settled(verdict, self._follow(message, self._left, answered_id))

    def _forget(self) -> None:
        """Clear what a previous call on this container left: crhelper would answer its request for a broken event."""
        self.Status = self.Reason = self.PhysicalResourceId = ""
        self.StackId = self.RequestId = self.LogicalResourceId = self._response_url = ""
        self.Data = {}
        self.NoEcho = False
        self._event = {}
        self._message = self._pending = self._left = None

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
        """Make the failure the verdict; without a physical id crhelper uses the event's, or the derived one."""
        logger.info("The request fails: %s", failure.code)
        self.Status, self.Reason, self.PhysicalResourceId = FAILED, failure.reason, ""
        self._left = failure.left

    def _answer(self, message: AnswerMessage) -> None:
        """Send the verdict; without one, a failure made of the error that Step Functions caught."""
        event, verdict = message.event, message.verdict
        if verdict is None:
            verdict = Verdict(FAILED, reasons.handler_failed(message.error, message.cause).reason, "", {})
        self.StackId, self.RequestId = event["StackId"], event["RequestId"]
        self.LogicalResourceId, self._response_url = event["LogicalResourceId"], event["ResponseURL"]
        self.Status, self.Reason = verdict.status, verdict.reason
        self.PhysicalResourceId, self.Data = verdict.physical_id, verdict.data
        self._cfn_response(event)

    def generate_physical_id(self, event: Event) -> str:
        """Return the derived id where crhelper makes a random one, which a later event would not match."""
        return self._physical_id_of(event)

    def _send(self, status: str | None = None, reason: str = "", send_response: object = None) -> None:  # noqa: ARG002 - crhelper's
        """Send the answer bounded and confirmed: crhelper cuts the start of the reason, and accepts a 403."""
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
