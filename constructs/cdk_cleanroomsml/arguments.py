"""Checks the arguments of `AudienceExport` at synth, before anything is added to the stack.

Types come first, then tokens, then limits: a value of a wrong type can end the process in which the CDK runs.
"""

from __future__ import annotations

from aws_cdk import Duration, Stack

from cdk_cleanroomsml.audience_size import AudienceSize
from cdk_cleanroomsml.errors import InvalidArgumentError
from cdk_cleanroomsml.jsii_values import plain_number
from cdk_cleanroomsml.place import Place
from cdk_cleanroomsml.provider import AudienceExportProvider, existing
from cdk_cleanroomsml.tokens import before_token, has_element_of_list_token, is_token
from cdk_cleanroomsml_contract.api_limits import broken_rule, relevance_rule
from cdk_cleanroomsml_contract.export_properties import TIMEOUT_SECONDS
from cdk_cleanroomsml_contract.on_conflict import OnConflict
from cdk_cleanroomsml_contract.scope import broken_scope_rule

_PARTS_OF_ARN = ("arn", "partition", "service", "region", "account")


def check_text(argument: str, member: str, value: object) -> None:
    """Refuse a text that breaks a limit of a member of the request; a token is checked at deployment."""
    _check_string(argument, value)
    if not is_token(value) and (rule := broken_rule(member, value)):
        raise InvalidArgumentError(argument, rule, value)


def check_own_job(audience_generation_job_arn: str, place: Place) -> None:
    """Refuse a generation job of another place than the stack, as far as both are known."""
    # The last of these may go on in a token.
    *known_parts, _ = before_token(audience_generation_job_arn).split(":")
    to_compare = _PARTS_OF_ARN[: len(known_parts)]
    known = {name: value if name in to_compare else None for name, value in place.known.items()}
    if rule := broken_scope_rule(audience_generation_job_arn, **known):
        raise InvalidArgumentError("audience_generation_job_arn", rule, audience_generation_job_arn)


def check_size(value: object) -> None:
    """Refuse anything but a size."""
    if not isinstance(value, AudienceSize):
        rule = "must be AudienceSize.percentage(…) or AudienceSize.absolute(…)"
        raise InvalidArgumentError("audience_size", rule, value)


def check_on_conflict(value: object, name: str | None) -> None:
    """Refuse anything but an OnConflict, and adoption without a name to adopt."""
    if not isinstance(value, OnConflict):
        raise InvalidArgumentError("on_conflict", "must be OnConflict.FAIL or OnConflict.ADOPT", value)
    if value is OnConflict.ADOPT and name is None:
        rule = (
            "must not be OnConflict.ADOPT without a name, because it would have no effect: set name to the name of the "
            "export to use, or leave on_conflict out, because a generated name always finds its own export"
        )
        raise InvalidArgumentError("on_conflict", rule, value)


def check_waiting(wait_for_completion: object, timeout: object) -> None:
    """Refuse a time-out that CloudFormation, or the handler, could not keep."""
    if not isinstance(wait_for_completion, bool):
        raise InvalidArgumentError("wait_for_completion", "must be True or False", wait_for_completion)
    if timeout is None:
        return
    if not isinstance(timeout, Duration):
        raise InvalidArgumentError("timeout", "must be a Duration, such as Duration.minutes(30)", timeout)
    if timeout.is_unresolved():
        raise InvalidArgumentError("timeout", "must be known at synth, not a token", timeout.to_string())
    try:
        seconds = timeout.to_milliseconds() / 1000
    except RuntimeError:  # the CDK refuses to make whole milliseconds of it
        seconds = 0.5
    if seconds not in TIMEOUT_SECONDS:
        raise InvalidArgumentError("timeout", "must be whole seconds from 1 minute to 1 hour", timeout.to_string())


def check_minimum_relevance(value: object) -> None:
    """Refuse anything but a score that a generation job can have; a token is checked at deployment."""
    if value is None:
        return
    number = plain_number(value)
    if number is None:
        raise InvalidArgumentError("minimum_relevance", "must be a number", value)
    if not is_token(number) and (rule := relevance_rule(number)):
        raise InvalidArgumentError("minimum_relevance", rule, value)


def check_revision(revision: object, name: str | None) -> None:
    """Refuse a revision that is no text, and one beside a name."""
    if revision is None:
        return
    if not isinstance(revision, str) or not revision:
        raise InvalidArgumentError("revision", "must be a string that is not empty", revision)
    _check_string("revision", revision)
    if name is not None:
        rule = "cannot be combined with name: an export cannot run again under its name, so change the name instead"
        raise InvalidArgumentError("revision", rule, revision)


def check_provider(provider: object, place: Place) -> None:
    """Refuse anything but a provider of the same stack, and a stack that can have none if none is given."""
    if provider is None:
        existing(place.stack)
        return
    if not isinstance(provider, AudienceExportProvider):
        raise InvalidArgumentError("provider", "must be an AudienceExportProvider", provider)
    if Stack.of(provider) is not place.stack:
        rule = f"must be in the export's own stack, {place.stack.node.path}"
        raise InvalidArgumentError("provider", rule, provider.node.path)


def _check_string(argument: str, value: object) -> None:
    if not isinstance(value, str):
        raise InvalidArgumentError(argument, "must be a string", value)
    try:
        value.encode()
    except UnicodeEncodeError as error:
        rule = "must be text without lone surrogates: the template would not be valid JSON"
        raise InvalidArgumentError(argument, rule, value) from error
    if has_element_of_list_token(value):
        rule = "must not have an element of a list token in it: use Fn.select(0, names), not names[0]"
        raise InvalidArgumentError(argument, rule, value)
