"""The limits are those of botocore's model: written down here, so that a change of the service is noticed."""

import re
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from cdk_cleanroomsml_contract import api_limits
from cdk_cleanroomsml_contract.api_limits import (
    ACTIVE_OF_JOB,
    PATTERN_IN_WORDS,
    RUNNING_OF_ACCOUNT,
    broken_rule,
    relevance_rule,
    size_rule,
)
from tests.builders.arns import JOB

ARN, SIZE, TYPE = "audienceGenerationJobArn", "audienceSize.value", "audienceSize.type"
ALLOWED: dict[str, tuple[str, Any]] = {
    "shortest name": ("name", "x"),
    "longest name": ("name", "x" * 63),
    "name of any characters": ("name", "Spring é / 2026\t(ü)"),
    "empty description": ("description", ""),
    "longest description": ("description", "x" * 255),
    "description of two lines": ("description", "two\r\nlines"),
    "ARN": (ARN, JOB),
    "longest ARN": (ARN, JOB.ljust(2048, "x")),
    "ARN of another partition": (ARN, JOB.replace("arn:aws:", "arn:aws-us-gov:")),
    "smallest size": (SIZE, 1),
    "largest size": (SIZE, 20_000_000),
    "absolute": (TYPE, "ABSOLUTE"),
    "percentage": (TYPE, "PERCENTAGE"),
}
BROKEN: dict[str, tuple[str, Any, str]] = {
    "empty name": ("name", "", "must be 1 to 63 characters long, not 0"),
    "long name": ("name", "x" * 64, "must be 1 to 63 characters long, not 64"),
    "blank name": ("name", " \t", "must not be blank, and must have only tabs and characters from U+0020 to U+FFFD"),
    "name of two lines": ("name", "two\nlines", "must not be blank, and must have only tabs and characters from"),
    "name with an emoji": ("name", "spring \U0001f600", "must not be blank, and must have only tabs and characters"),
    "name that is a number": ("name", 7, "must be a string"),
    "long description": ("description", "x" * 256, "must be 0 to 255 characters long, not 256"),
    "control character": ("description", "bell\a", "must have only tabs, line breaks and characters from U+0020"),
    "short ARN": (ARN, "x" * 19, "must be 20 to 2,048 characters long, not 19"),
    "long ARN": (ARN, JOB.ljust(2049, "x"), "must be 20 to 2,048 characters long, not 2,049"),
    "ARN of something else": (
        ARN,
        JOB.replace("generation", "export"),
        "must be the ARN of an audience generation job",
    ),
    "ARN of a model": (ARN, JOB.replace("generation-job", "model"), "must be the ARN of an audience generation job"),
    "ARN and more": (ARN, f"{JOB} and more", "must be the ARN of an audience generation job"),
    "no identifiers": (SIZE, 0, "must be from 1 to 20,000,000"),
    "too many identifiers": (SIZE, 20_000_001, "must be from 1 to 20,000,000"),
    "half an identifier": (SIZE, 1.5, "must be a whole number"),
    "size as a string": (SIZE, "10", "must be a whole number"),
    "size as a bool": (SIZE, True, "must be a whole number"),
    "unknown type": (TYPE, "percentage", "must be one of ABSOLUTE, PERCENTAGE"),
}


@pytest.mark.parametrize(("member", "value"), ALLOWED.values(), ids=list(ALLOWED))
def test_what_the_model_allows(member: str, value: Any) -> None:
    assert broken_rule(member, value) is None


@pytest.mark.parametrize(("member", "value", "rule"), BROKEN.values(), ids=list(BROKEN))
def test_what_the_model_forbids(member: str, value: Any, rule: str) -> None:
    assert str(broken_rule(member, value)).startswith(rule)


def patterns() -> dict[str, str]:
    """The pattern of each member of a start that has one."""
    model = botocore.session.get_session().get_service_model("cleanroomsml")
    members: dict[str, Any] = model.shape_for("StartAudienceExportJobRequest").members  # type: ignore[attr-defined]
    return {name: shape.metadata["pattern"] for name, shape in members.items() if "pattern" in shape.metadata}


def test_every_pattern_is_said_in_words_first_and_follows_them() -> None:
    """Nobody should have to read a regular expression to know what to change."""
    assert set(PATTERN_IN_WORDS) == set(patterns())
    for member, pattern in patterns().items():
        value = "\0" * 30
        assert broken_rule(member, value) == f"{PATTERN_IN_WORDS[member]} (the service's pattern: {pattern})"


# What each sentence says, character by character: at the ends of each range, and just outside it.
WORDS: dict[str, tuple[str, str]] = {
    "name": ("\t\u0020\ufffd", "\n\r\b\u001f\ufffe\U0001f600"),
    "description": ("\t\r\n\u0020\ufffd", "\b\u001f\ufffe\U0001f600"),
}


@pytest.mark.parametrize("member", WORDS)
def test_the_words_say_what_the_pattern_allows(member: str) -> None:
    allowed, forbidden = WORDS[member]
    assert [one for one in allowed if not re.fullmatch(patterns()[member], f"x{one}")] == []
    assert [one for one in forbidden if re.fullmatch(patterns()[member], f"x{one}")] == []


@pytest.mark.parametrize("percent", [1, 100])
def test_a_percentage_goes_from_1_to_100(percent: int) -> None:
    assert size_rule("PERCENTAGE", percent) is None


@pytest.mark.parametrize("percent", [0, 101])
def test_another_percentage_breaks_a_rule(percent: int) -> None:
    assert size_rule("PERCENTAGE", percent) == "must be from 1 to 100"


def test_a_number_of_identifiers_has_the_model_s_limits() -> None:
    assert size_rule("ABSOLUTE", 101) is None
    assert size_rule("ABSOLUTE", 20_000_001) == "must be from 1 to 20,000,000"


@pytest.mark.parametrize("score", [0, 0.5, 10])
def test_a_relevance_goes_from_0_to_10(score: float) -> None:
    assert relevance_rule(score) is None


@pytest.mark.parametrize("score", [-0.1, 10.1, float("nan"), float("inf"), "5", True, None], ids=repr)
def test_another_relevance_breaks_a_rule(score: object) -> None:
    assert relevance_rule(score) == "must be a number from 0 to 10"


def test_a_model_in_which_a_start_has_no_members_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    model = SimpleNamespace(operation_model=lambda name: SimpleNamespace(input_shape=f"the shape of {name}"))
    monkeypatch.setattr(api_limits, "_service_model", lambda: model)
    rule = "StartAudienceExportJob takes a structure; this botocore says 'the shape of StartAudienceExportJob'"
    with pytest.raises(TypeError, match=f"^{rule}$"):
        api_limits._start_request.__wrapped__()


def test_the_quotas_are_those_of_the_user_guide() -> None:
    assert (RUNNING_OF_ACCOUNT, ACTIVE_OF_JOB) == (20, 25)
