"""The errors of this library, under one base so that a caller can tell them from those of the CDK."""

from __future__ import annotations


class CleanRoomsMLError(Exception):
    """Base of every error that this library raises."""


class InvalidArgumentError(CleanRoomsMLError, ValueError):
    """An argument that breaks a rule of the API.

    Attributes:
        argument: name of the argument, as the caller wrote it.
        rule: what it must be.
        value: what it was.
    """

    def __init__(self, argument: str, rule: str, value: object) -> None:
        self.argument = argument
        self.rule = rule
        self.value = value
        super().__init__(f"{argument} {rule}; got {value!r}")


class AttributeUnknownError(CleanRoomsMLError):
    """An attribute that is not known when the deployment continues."""


class HandlerCodeError(CleanRoomsMLError):
    """The Lambda asset cannot be assembled from what is installed."""
