"""The limits are those of botocore's model: written down here, so that a change of the service is noticed."""

from typing import Any

import pytest

from cdk_cleanroomsml_contract.api_limits import ACTIVE_OF_JOB, RUNNING_OF_ACCOUNT, broken_rule, size_rule
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
    "blank name": ("name", " \t", "must match the service's pattern"),
    "name of two lines": ("name", "two\nlines", "must match the service's pattern"),
    "name that is a number": ("name", 7, "must be a string"),
    "long description": ("description", "x" * 256, "must be 0 to 255 characters long, not 256"),
    "control character": ("description", "bell\a", "must match the service's pattern"),
    "short ARN": (ARN, "x" * 19, "must be 20 to 2,048 characters long, not 19"),
    "long ARN": (ARN, JOB.ljust(2049, "x"), "must be 20 to 2,048 characters long, not 2,049"),
    "ARN of something else": (ARN, JOB.replace("generation", "export"), "must match the service's pattern"),
    "ARN and more": (ARN, f"{JOB} and more", "must match the service's pattern"),
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


@pytest.mark.parametrize("percent", [1, 100])
def test_a_percentage_goes_from_1_to_100(percent: int) -> None:
    assert size_rule("PERCENTAGE", percent) is None


@pytest.mark.parametrize("percent", [0, 101])
def test_another_percentage_breaks_a_rule(percent: int) -> None:
    assert size_rule("PERCENTAGE", percent) == "must be from 1 to 100"


def test_a_number_of_identifiers_has_the_model_s_limits() -> None:
    assert size_rule("ABSOLUTE", 101) is None
    assert size_rule("ABSOLUTE", 20_000_001) == "must be from 1 to 20,000,000"


def test_the_quotas_are_those_of_the_user_guide() -> None:
    assert (RUNNING_OF_ACCOUNT, ACTIVE_OF_JOB) == (20, 25)
