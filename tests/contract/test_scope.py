"""A generation job must be in the stack's own account, Region and partition, and the rule says how to get there."""

import pytest

from cdk_cleanroomsml_contract.scope import broken_scope_rule
from tests.builders.arns import ACCOUNT, JOB

HERE = {"partition": "aws", "region": "us-east-1", "account": ACCOUNT}


def test_a_job_of_the_same_place_breaks_no_rule() -> None:
    assert broken_scope_rule(JOB, **HERE) is None


@pytest.mark.parametrize(
    ("elsewhere", "rule"),
    [
        ({"partition": "aws-cn"}, "must be of the stack's own partition aws-cn, not aws"),
        ({"region": "eu-west-1"}, "must be of the stack's own Region eu-west-1, not us-east-1"),
        (
            {"account": "444455556666"},
            f"must be of the stack's own account 444455556666, not {ACCOUNT}: a job that two accounts share has one "
            "ARN in each of them, so use that of the stack's account",
        ),
    ],
    ids=["partition", "Region", "account"],
)
def test_a_job_of_another_place_names_both(elsewhere: dict[str, str], rule: str) -> None:
    assert broken_scope_rule(JOB, **HERE | elsewhere) == rule


def test_what_is_not_known_is_not_compared() -> None:
    assert broken_scope_rule(JOB, partition=None, region=None, account=None) is None
