"""The one error that means "the stack must be told": everything else is a fault that a retry may mend.

Its text is what a person reads on the stack, so it is put together in one place: the code first, then which export,
what the service said, and what to do next.
"""

from __future__ import annotations


class ExportFailure(Exception):
    """A request that ends in FAILED, with the reason for it.

    Args:
        code: error code of the service (``ConflictException``) or of this handler; the reason begins with it.
        subject: which export or argument it is about.
        said: what the service, or the rule, says about it.
        advice: what the reader can do next.
    """

    def __init__(self, code: str, subject: str, said: str, advice: str) -> None:
        self.code = code
        self.reason = " ".join(_sentence(part) for part in (f"{code}: {subject}: {said}", advice) if part)
        super().__init__(self.reason)


class InvalidProperty(ExportFailure):
    """A resource property that breaks a rule; nothing was started."""

    def __init__(self, argument: str, rule: str, value: object) -> None:
        super().__init__(
            "ValidationException",
            f"property {argument}",
            f"{rule}; got {_shown(value)}",
            "Nothing was started. Correct the property and deploy again.",
        )


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 200 else f"{text[:120]} … {text[-40:]} ({len(text)} characters)"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else text + "."
