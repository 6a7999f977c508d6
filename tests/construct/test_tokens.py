"""A token must pass the checks at synth, and nothing else may: the CDK is asked only about values in doubt."""

from typing import Any

import pytest
from aws_cdk import Aws, Token

from cdk_cleanroomsml import tokens
from cdk_cleanroomsml.tokens import before_token, has_element_of_list_token, is_token

TOKENS: dict[str, object] = {
    "text": Token.as_string({"Ref": "Name"}),
    "text with a token in it": f"export-of-{Aws.REGION}-2026",
    "number": Token.as_number({"Ref": "Size"}),
    "list": Token.as_list({"Ref": "Names"}),
    "reference": Token.as_any({"Ref": "Name"}),
}
KNOWN: dict[str, object] = {
    "text": "spring",
    "empty text": "",
    "text with a dollar": "$100 and ${spring}",
    "whole number": 10,
    "negative number": -1,
    "true": True,
    "fraction": 0.5,
    "list": ["spring"],
    "none": None,
}


@pytest.mark.parametrize("value", TOKENS.values(), ids=list(TOKENS))
def test_what_is_known_only_at_deployment_is_a_token(value: object) -> None:
    assert is_token(value) is True


@pytest.mark.parametrize("value", KNOWN.values(), ids=list(KNOWN))
def test_what_is_known_at_synth_is_none(value: object) -> None:
    assert is_token(value) is False


def test_an_element_of_a_list_token_is_found_in_a_text() -> None:
    element = Token.as_list({"Ref": "Names"})[0]
    assert has_element_of_list_token(element)
    assert has_element_of_list_token(f"of {element}, and more")
    for text in ("", "#{Token[", "#{Token[ ]}", *(one for one in TOKENS.values() if isinstance(one, str))):
        assert not has_element_of_list_token(text)


def test_a_text_ends_where_its_first_token_begins() -> None:
    token = TOKENS["text"]
    assert [before_token(text) for text in (f"a:{token}:b:{token}", "a:b", f"{token}")] == ["a:", "a:b", ""]


class SilentCdk:
    """A CDK that must not be asked."""

    def is_unresolved(self, value: Any) -> bool:
        raise AssertionError(f"asked about {value!r}")


@pytest.mark.parametrize("value", ["spring", "", "${spring}", 10, 0, True], ids=repr)
def test_the_cdk_is_not_asked_about_a_plain_text_or_whole_number(
    monkeypatch: pytest.MonkeyPatch, value: object
) -> None:
    """Each question goes to another process, and thousands of exports have thousands of arguments."""
    monkeypatch.setattr(tokens, "Token", SilentCdk())
    assert is_token(value) is False
