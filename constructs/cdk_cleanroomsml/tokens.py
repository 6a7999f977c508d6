"""Whether a value is known only at deployment, without asking the CDK about those that cannot be tokens.

The CDK runs in a separate process, and almost every argument is a plain text or number.
"""

from __future__ import annotations

import re

from aws_cdk import Token

# How the text of a token begins, wherever it is in a longer text.
_MARK = "${Token["
# The only text in the list that the CDK makes of a list token.
_LIST = re.compile(r"#\{Token\[[a-zA-Z0-9:._-]+\]\}")


def is_token(value: object) -> bool:
    """Return whether a value is a token, or has one in it. The CDK writes a number token as a float."""
    if isinstance(value, int) or (isinstance(value, str) and _MARK not in value):
        return False
    return bool(Token.is_unresolved(value))


def has_element_of_list_token(text: str) -> bool:
    """Return whether a text has an element in it that Python took from a list token; the CDK fails at it in synth."""
    return _LIST.search(text) is not None


def before_token(text: str) -> str:
    """Return a text up to its first token."""
    return text.partition(_MARK)[0]
