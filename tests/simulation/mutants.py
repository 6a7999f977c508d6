"""Handlers that are wrong in one way each: the simulation has to find every one of them.

Each rule of behaviour is switched off in turn; beside them stand the handlers that people write first.
"""

from __future__ import annotations

import itertools
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from crhelper import CfnResource

from audience_export_handler import deletion, lifecycle, step
from audience_export_handler.aws import clean_rooms_ml, cloudformation, response, step_functions
from audience_export_handler.core import (
    attempt,
    decision,
    facts,
    following,
    generation_job,
    progress,
    quota,
    reasons,
    request,
    retry,
    staleness,
    timing,
)
from audience_export_handler.core.attempt import Accepted, Announced, Attempt
from audience_export_handler.core.facts import StackPhase
from audience_export_handler.core.following import GivenUp, ResourceState
from audience_export_handler.core.progress import Progress
from audience_export_handler.core.situation import Decision, Situation
from audience_export_handler.state_machine_resource import StateMachineResource
from cdk_cleanroomsml_contract import export_properties, identity
from cdk_cleanroomsml_contract.on_conflict import OnConflict
from tests.fakes import state_machine
from tests.fakes.deployment import forget_clients
from tests.simulation.model import wire
from tests.simulation.model.world import World

Patch = tuple[Any, str, Any]


@dataclass(frozen=True)
class Mutant:
    """`rule` is the rule of docs/guarantees.md that it breaks, by number; `patches` are made anew for each run.

    `with_events`: it is hunted where every export wants events.
    """

    rule: str
    name: str
    patches: Callable[[], list[Patch]]
    with_events: bool = False

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Have the handler be this one until the block ends."""
        with ExitStack() as changes:
            for target, attribute, replacement in self.patches():
                changes.enter_context(patch.object(target, attribute, replacement))
            forget_clients()
            yield
        forget_clients()


def _few_retries(state: dict[str, Any], error_name: str) -> tuple[int, dict[str, Any]]:
    """Treats every error as the handler's own."""
    return 0, state["Retry"][-1] | {"MaxAttempts": 6}


def _numbered(original: Callable[..., str]) -> Callable[..., str]:
    number = itertools.count()
    return lambda *args, **kwargs: f"{original(*args, **kwargs)[:50]}{next(number):06}"


def _blind(original: Callable[[Situation], Decision]) -> Callable[..., Decision]:
    """Decides to start without looking at what is listed."""

    def decide(situation: Situation) -> Decision:
        attempt = situation.progress.attempt
        if attempt is None or isinstance(attempt.phase, Announced):
            situation = replace(situation, exports=())
        return original(situation)

    return decide


def _identity_with_description(properties: dict[str, Any]) -> list[object]:
    size = properties.get("AudienceSize") or {}
    keys = ("AudienceGenerationJobArn", "Name", "Revision", "Description")
    return [size, *(properties.get(key) for key in keys)]


def _held_by_properties(event: dict[str, Any], _: str) -> bool:
    """Does not see that an update that failed is tried again."""
    old, new = event.get("OldResourceProperties") or {}, event["ResourceProperties"]
    return event["RequestType"] == "Update" and identity.identity_of(old) == identity.identity_of(new)


def _ours_forever(original: Callable[..., bool]) -> Callable[..., bool]:
    """Takes any later export of the name and size for its own once a start of it may have taken effect."""

    def is_own(export: facts.ExportJob, request: request.ExportRequest, attempt: Attempt) -> bool:
        return original(export, request, replace(attempt, own_until=attempt.own_until and attempt.own_until + _NEVER))

    return is_own


def _once_active(original: Callable[..., Progress | None]) -> Callable[..., Progress | None]:
    """Treats a start as refused for another reason as soon as its generation job is read as ACTIVE."""

    def after_refusal(*given: Any, **times: Any) -> Progress | None:
        _, progress, _, found = given
        is_active = not found.job_status and not found.unread
        return None if progress.waits_for_job and is_active else original(*given, **times)

    return after_refusal


def _fresh_name(situation: Situation) -> str:
    taken = {export.name for export in situation.exports}
    if situation.request.name_is_given:
        return situation.request.name
    return next(name for name in identity.ordinals(situation.request.name) if name not in taken)


def _accepted_when_announced(self: Attempt, now: datetime, *, sent_at: datetime) -> Attempt:
    """Counts the time since the service accepted a start from the announcement."""
    return replace(self, phase=Accepted(self.own_from), own_until=now + timing.LISTING_LAG)


def _newest_alive(exports: list[facts.ExportJob]) -> facts.ExportJob:
    """Treats the newest export of a name and size as the one that is meant."""
    alive = [export for export in exports if not export.has_failed]
    return max(alive or exports, key=lambda export: export.create_time)


def _without_path(original: Callable[..., str]) -> Callable[..., str]:
    """Makes the name from the stack's own name, also in a nested stack."""

    def export_name(properties: dict[str, Any], **resource: str) -> str:
        return original({key: value for key, value in properties.items() if key != "StackPath"}, **resource)

    return export_name


def _any_other(execution: Any, event: dict[str, Any], _: object) -> bool:
    return bool(execution["name"] != step_functions.execution_name(event))


def _rollback_unknown(original: Callable[..., StackPhase]) -> Callable[..., StackPhase]:
    def read_phase(*args: Any, **kwargs: Any) -> StackPhase:
        phase = original(*args, **kwargs)
        return StackPhase.OTHER if phase is StackPhase.ROLLING_BACK else phase

    return read_phase


def _log_everything(original: Callable[..., Any]) -> Callable[..., Any]:
    def parse(event: dict[str, Any]) -> Any:
        logging.getLogger("handler").info("received %s", event)
        return original(event)

    return parse


def _answer_while_settling(original: Callable[..., Any]) -> Callable[..., Any]:
    def take_step(self: Any, *arguments: Any) -> Any:
        result = original(self, *arguments)
        if result["Settled"]:
            self._cfn_response(self._event)
        return result

    return take_step


def _finals_only(*_: object, **__: object) -> None:
    return None


def _wait_always(
    _: object, state: Progress, announced: Attempt, error: facts.ServiceError, *__: object, **at: Any
) -> Progress:
    """Treats every refusal that may be about the generation job as one that is."""
    retried = progress.RetriedError(progress.START, at["now"], error.code, error.message, "CREATE_PENDING")
    return replace(state, attempt=announced, retried=state.retried or retried)


def _answering(original: Callable[..., Any]) -> Callable[..., Any]:
    """Answers an event that cannot be accepted, although another delivery may come."""

    def handle_event(self: Any, event: dict[str, Any], context: object) -> None:
        try:
            original(self, event, context)
        except ClientError as error:
            self._fail(reasons.not_accepted(error))
            self._cfn_response(event)

    return handle_event


def _plain_crhelper(world: World) -> Callable[..., Any]:
    """crhelper as its README shows it: start on Create and Update, and let it answer."""
    with patch.dict("os.environ", {"AWS_SAM_LOCAL": "true"}):
        resource = CfnResource(log_level="INFO")
    # A timer would be a thread in real time.
    setattr(resource, "_set_timeout", lambda: None)  # noqa: B010 - the stubs leave it out

    @resource.create
    @resource.update
    def start(event: dict[str, Any], _: object) -> str:
        wanted = event["ResourceProperties"]
        name = wanted.get("Name") or event["LogicalResourceId"]
        size = wanted["AudienceSize"]
        boto3.client("cleanroomsml").start_audience_export_job(
            name=name,
            audienceGenerationJobArn=wanted["AudienceGenerationJobArn"],
            audienceSize={"type": size["Type"], "value": int(size["Value"])},
        )
        return str(name)

    @resource.delete
    def delete(event: dict[str, Any], _: object) -> None:
        pass

    def handle(event: dict[str, Any], context: Any) -> None:
        context.get_remaining_time_in_millis = lambda: 60_000
        resource(event, context)

    return handle


def _plain_patches() -> list[Patch]:
    def send(url: str, body: dict[str, Any], *_: object) -> None:
        wire.put_plainly(url, json.dumps(body).encode())

    def plain_send(self: Any, status: Any = None, reason: str = "", send_response: Any = None) -> None:
        original(self, status, reason, send)

    original = getattr(CfnResource, "_send")  # noqa: B009 - the stubs leave it out
    return [(World, "make_handler", _plain_crhelper), (CfnResource, "_send", plain_send)]


def _both(*patches: Patch) -> Callable[[], list[Patch]]:
    return lambda: list(patches)


_RETRYING = Config(retries={"total_max_attempts": 3}, connect_timeout=5, read_timeout=10)
_NEVER = timedelta(days=9)


def _from_its_end(given: step.StepInput) -> facts.ExportJob | step.Pending:
    """Takes a step after which what may be the request's own begins immediately, and not with the next step."""
    result = step._take(given)
    if isinstance(result, step.Pending):
        return replace(result, progress=result.progress.after_step(given.clock()))
    return result


def _again(original: Callable[..., Any]) -> Callable[..., Any]:
    """Treats an update that keeps its export as any other request."""

    def after_answer(request: request.ExportRequest, *rest: Any, **given: Any) -> Any:
        return original(replace(request, is_held=False), *rest, **given)

    return after_answer


def _of_events(name: str, *patches: Patch) -> Mutant:
    return Mutant("17", name, _both(*patches), with_events=True)


MUTANTS = [
    Mutant("1", "an update in place may start", _both((request, "_is_held", lambda *_: False))),
    Mutant("1", "a description identifies", _both((identity, "identity_of", _identity_with_description))),
    Mutant("2", "starts before it lists", lambda: [(decision, "decide", _blind(decision.decide))]),
    Mutant(
        "2",
        "each delivery has an execution",
        lambda: [(step_functions, "execution_name", _numbered(step_functions.execution_name))],
    ),
    Mutant("2", "botocore's retries", _both((clean_rooms_ml, "_CONFIG", _RETRYING))),
    Mutant("2", "no pause after an unanswered start", _both((attempt, "LISTING_LAG", timedelta(0)))),
    Mutant("2", "a step that runs again starts again", _both((Attempt, "ran_again", lambda self, now: self))),
    Mutant(
        "2",
        "no pause after a crash",
        _both(*((module, "OUTLASTING_STEP", timedelta(0)) for module in (attempt, progress))),
    ),
    Mutant("3", "names are new each time", lambda: [(identity, "generated_name", _numbered(identity.generated_name))]),
    Mutant(
        "3", "no ordinal after a failure", _both((decision, "_name_to_use", lambda situation: situation.request.name))
    ),
    Mutant("3", "an update that failed is not tried again", _both((request, "_is_held", _held_by_properties))),
    Mutant("3", "an ordinal each time", _both((decision, "_name_to_use", _fresh_name))),
    Mutant(
        "3",
        "a nested stack's own name counts",
        lambda: [(identity, "export_name", _without_path(identity.export_name))],
    ),
    Mutant("4", "adopts under FAIL", _both((export_properties, "_on_conflict", lambda properties: OnConflict.ADOPT))),
    Mutant("4", "fails under ADOPT", _both((export_properties, "_on_conflict", lambda properties: OnConflict.FAIL))),
    Mutant(
        "4",
        "a name alone proves",
        _both(
            (
                decision,
                "_is_own",
                lambda export, request, attempt: (
                    export.audience_size == request.audience_size and not export.has_failed
                ),
            )
        ),
    ),
    Mutant(
        "4",
        "an accepted start is counted from its announcement",
        _both((Attempt, "accepted", _accepted_when_announced)),
    ),
    Mutant("4", "the newest export of a name counts", _both((decision, "_oldest_alive", _newest_alive))),
    Mutant("5", "does not wait for the end", _both((export_properties, "_wait_for_completion", lambda _: False))),
    Mutant("5", "a failed export goes on", _both((facts.ExportJob, "has_failed", property(lambda self: False)))),
    Mutant("6", "a full account is a failure", _both((quota, "CODE", "never"))),
    Mutant(
        "6",
        "a used-up job is waited for",
        _both((quota, "is_used_up", lambda *_: False), (quota, "may_be_used_up", lambda *_: False)),
    ),
    Mutant("6", "a job that is being created is final", _both((facts, "BEING_CREATED", ()))),
    Mutant(
        "6",
        "a failed job is waited for",
        _both((facts, "BEING_CREATED", (*facts.BEING_CREATED, "CREATE_FAILED", "DELETE_IN_PROGRESS"))),
    ),
    Mutant("6", "any refused start is waited for", _both((generation_job, "after_refusal", _wait_always))),
    Mutant("9", "one read of a job that fails is final", _both((generation_job, "_while_unread", _finals_only))),
    Mutant(
        "7",
        "a slow call outlasts the deadline",
        _both(
            (timing, "_ANSWERING_LEAST", timedelta(seconds=10)),
            (step.StepInput, "in_time", lambda self: True),
            (step.StepInput, "is_over", lambda self: False),
        ),
    ),
    Mutant("7", "no deadline", _both((timing, "deadline", lambda requested_at, timeout: requested_at + _NEVER))),
    Mutant(
        "8",
        "a Delete is checked",
        _both((deletion, "end_executions", lambda event, clock: request.read_request(event))),
    ),
    Mutant("8", "a Delete stops nothing", _both((deletion, "end_executions", lambda event, clock: None))),
    Mutant(
        "8",
        "nothing stops older requests",
        _both((step_functions, "stop_older", lambda *_, **__: (None, 1))),
    ),
    Mutant("8", "newer requests are stopped", _both((step_functions, "_is_older", _any_other))),
    Mutant(
        "9",
        "transient errors are final",
        _both((retry, "is_transient", lambda *_: False), (retry, "after_failed_listing", _finals_only)),
    ),
    Mutant("9", "an outage of Lambda is final", _both((state_machine, "retrier", _few_retries))),
    Mutant("10", "does not read the stack", _both((cloudformation, "read_phase", lambda *_, **__: StackPhase.FORWARD))),
    Mutant(
        "10",
        "a rollback is not known",
        lambda: [(cloudformation, "read_phase", _rollback_unknown(cloudformation.read_phase))],
    ),
    Mutant("11", "an answer of any length", _both((response, "encode", response._json))),
    Mutant("12", "the event is logged", lambda: [(lifecycle, "read_request", _log_everything(request.read_request))]),
    Mutant("13", "unknown properties pass", _both((export_properties, "_check_names", lambda properties: None))),
    Mutant("9", "permissions have 30 s", _both((timing, "IAM_PROPAGATION", timedelta(seconds=30)))),
    Mutant("14", "one stale read decides", _both((staleness, "cannot_be_stale", lambda _: True))),
    Mutant("14", "an update is never a rollback", _both((staleness, "may_be_rollback", lambda _: False))),
    Mutant("15", "each waits as if it were alone", _both((timing, "fair_pause", lambda neighbours: 4.75))),
    Mutant("16", "the last resort does nothing", _both((StateMachineResource, "_handle_lost_event", _finals_only))),
    Mutant(
        "16",
        "a refused acceptance is answered",
        lambda: [(StateMachineResource, "_handle_event", _answering(StateMachineResource._handle_event))],
    ),
    _of_events("an end is not published", (following, "after_answer", lambda *_, **__: None)),
    _of_events("a start that may have taken effect is not followed", (following, "_followed_start", lambda *_: None)),
    _of_events("a running export has ended", (following, "_is_complete", lambda *_: True)),
    _of_events("one listing that fails ends it", (following, "after_unlisted", lambda **_: GivenUp("failed"))),
    _of_events("an export is followed for an hour", (timing, "FOLLOWED_FOR", timedelta(hours=1))),
    _of_events("a deleted resource is published", (cloudformation, "read_resource", lambda _: ResourceState.HELD)),
    _of_events("an update publishes again", (following, "after_answer", _again(following.after_answer))),
    Mutant("", "plain crhelper", _plain_patches),
    Mutant(
        "",
        "answers in the step that settles",
        lambda: [(StateMachineResource, "_take_step", _answer_while_settling(StateMachineResource._take_step))],
    ),
]


def _named(name: str) -> Mutant:
    [mutant] = [mutant for mutant in MUTANTS if mutant.name == name]
    return mutant


# Bugs that the simulation found in this handler, put back, with a seed that shows each; some are too rare to be hunted.
FOUND = [
    (227, _named("a slow call outlasts the deadline")),
    (27, _named("an outage of Lambda is final")),
    (278, _named("an update that failed is not tried again")),
    (195, Mutant("4", "a later export is its own", lambda: [(decision, "_is_own", _ours_forever(decision._is_own))])),
    (
        6980,
        Mutant(
            "4",
            "a job that has become ACTIVE has refused nothing",
            lambda: [(generation_job, "after_refusal", _once_active(generation_job.after_refusal))],
        ),
    ),
    (401957, Mutant("4", "a start may be sent during a wait", _both((step, "take", _from_its_end)))),
]
