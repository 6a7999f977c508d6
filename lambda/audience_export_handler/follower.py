"""What the follower does with an export whose request is answered: one look, until its end can be published.

The state machine of the follower publishes the event itself. Here is what it needs to know: what there is to follow,
and, with each look, whether the export has ended and its resource still has it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from audience_export_handler.aws import clean_rooms_ml, cloudformation, step_functions
from audience_export_handler.core import following, timing
from audience_export_handler.core.facts import ExportJob, ServiceError
from audience_export_handler.core.following import Deleted, Ended, Followed, GivenUp, Left, Look, LookAgain, Resource
from audience_export_handler.core.request import read_request
from audience_export_handler.core.request_time import requested_at
from cdk_cleanroomsml_contract import message as messages
from cdk_cleanroomsml_contract.message import Event, Following, FollowMessage, StepMessage

logger = logging.getLogger(__name__)


def follow(
    message: StepMessage, left: Left | None, physical_id: str, *, clock: Callable[[], datetime]
) -> Following | None:
    """Return how the follower is started for a request that is settled; None if there is nothing to publish.

    Args:
        left: the export that the request ends with, or what is known of it.
        physical_id: that of the answer.
    """
    event = message.event
    resource = Resource(event["StackId"], event["LogicalResourceId"], physical_id)
    requested, now = requested_at(event, message.started_at), clock()
    found = following.after_answer(read_request(event), left, resource, requested_at=requested, now=now)
    if found is None:
        return None
    name = step_functions.follower_name(event, physical_id)
    if isinstance(found, Ended):
        return Following(name, {}, messages.look_ended(found.detail))
    return Following(name, found.to_json(), messages.look_again(timing.FOLLOWING_SHORTEST))


def look(message: FollowMessage, *, clock: Callable[[], datetime]) -> Event:
    """Take one look at what is followed, and return what the follower needs."""
    followed = Followed.from_json(message.follow)
    found = _look(followed, message.started_at, clock)
    shown = found.reason if isinstance(found, GivenUp) else type(found).__name__
    logger.info('Export "%s" is followed: %s', followed.name, shown)
    match found:
        case Ended(detail):
            return messages.look_ended(detail)
        case LookAgain(seconds):
            return messages.look_again(seconds)
        case Deleted():
            return messages.look_deleted()
        case GivenUp(reason):
            return messages.look_given_up(reason)


def _look(followed: Followed, since: datetime, clock: Callable[[], datetime]) -> Look:
    last_call = clock() + timing.LOOKING
    try:
        exports = clean_rooms_ml.list_exports(followed.audience_generation_job_arn, lambda: clock() <= last_call)
    except ServiceError as error:
        logger.warning("The exports cannot be listed: %s", error)
        return following.after_unlisted(now=clock(), since=since)
    found = following.look(followed, exports, now=clock(), since=since)
    if not isinstance(found, ExportJob):
        return found
    return following.conclude(
        followed, found, cloudformation.read_resource(followed.resource), now=clock(), since=since
    )
