"""The one error that the stack hears of, and the one that keeps it from hearing: anything else may pass with a retry.

Its text is what a person reads on the stack: the code first, then which export, what the service said, and what to do
next. `reasons` has all the texts.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audience_export_handler.core.following import Left


class ExportFailure(Exception):
    """A request that ends in FAILED, with the reason for it.

    Args:
        code: error code of the service (``ConflictException``) or of this handler; the reason begins with it.
        subject: which export or property it is about.
        said: what the service, or the rule, says about it.
        advice: what the reader can do next.

    `left` is what the request leaves behind, None if that is nothing.
    """

    def __init__(self, code: str, subject: str, said: str, advice: str) -> None:
        self.code = code
        self._subject, self._said, self._advice = subject, said, advice
        self.reason = _plain(_sentences(f"{code}: {subject}: {said}", advice))
        self.left: Left | None = None
        super().__init__(self.reason)

    def leaving(self, left: Left | None) -> ExportFailure:
        """The failure, with what the request leaves."""
        self.left = left
        return self

    def extended(self, *, said: str, advice: str) -> ExportFailure:
        """The same failure, with more after what is said about it, and after the advice; either may be empty."""
        return ExportFailure(self.code, self._subject, _sentences(self._said, said), _sentences(self._advice, advice))


class AcceptanceUnknown(Exception):
    """The execution may have begun, and nobody knows: only another try can show it, and an answer could be a second."""


class AnswerNotDelivered(Exception):
    """CloudFormation has not confirmed the answer; sending the same body again is right.

    Args:
        message: what went wrong, without the ResponseURL.
        may_have_arrived: whether a try may have reached CloudFormation: then another verdict would be a second one.
    """

    def __init__(self, message: str, *, may_have_arrived: bool) -> None:
        self.may_have_arrived = may_have_arrived
        super().__init__(message)


def _plain(text: str) -> str:
    """The text without control characters: one breaks DescribeStackEvents and the CDK CLI (coverage-roadmap 1601)."""
    runs = groupby(text, str.isprintable)
    return "".join("".join(run) if is_printable else " " for is_printable, run in runs).strip()


def _sentences(*parts: str) -> str:
    return " ".join(_sentence(part) for part in parts if part)


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else text + "."
