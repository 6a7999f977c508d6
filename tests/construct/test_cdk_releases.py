"""The library synthesises with releases of the CDK that differ."""

import pytest
from aws_cdk import App, Stack

from cdk_cleanroomsml import cdk_releases


class Validations:
    """Those of a release that refuses an acknowledgement."""

    def __init__(self, message: str) -> None:
        self.message = message

    def of(self, construct: object) -> "Validations":
        return self

    def acknowledge(self, *acknowledgments: object) -> None:
        raise RuntimeError(self.message)


def acknowledge(monkeypatch: pytest.MonkeyPatch, message: str) -> None:
    monkeypatch.setattr("aws_cdk.Validations", Validations(message), raising=False)
    monkeypatch.setattr("aws_cdk.Acknowledgment", dict, raising=False)
    cdk_releases.acknowledge(
        Stack(App(), "Campaigns"), "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3]", "reason"
    )


def test_an_id_that_the_cdk_does_not_take_does_not_end_the_synthesis(monkeypatch: pytest.MonkeyPatch) -> None:
    """aws-cdk-lib 2.256 to 2.266 take no id that names an ARN with `AWS::Region` in it."""
    acknowledge(monkeypatch, "InvalidValidationId: the '::' delimiter is reserved")


def test_another_error_does(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="something else"):
        acknowledge(monkeypatch, "something else")


def test_a_release_without_validations_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("aws_cdk.Validations", raising=False)
    cdk_releases.acknowledge(Stack(App(), "Campaigns"), "AwsSolutions-L1", "reason")
