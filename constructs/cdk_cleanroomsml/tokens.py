"""Whether a value is known only at deployment, without asking the CDK about those that cannot be tokens.

The CDK runs in a separate process, and almost every argument is a plain text or number.
"""

from __future__ import annotations

from aws_cdk import Token

# How the text of a token begins, wherever it is in a longer text.
_MARK = "${Token["


def is_token(value: object) -> bool:
    """Return whether a value is a token, or has one in it. The CDK writes a number token as a float."""
    if isinstance(value, int) or (isinstance(value, str) and _MARK not in value):
        return False
    return bool(Token.is_unresolved(value))
