"""The library synthesises with releases of the CDK that differ."""

import aws_cdk
import pytest
from aws_cdk import App, Stack

from cdk_cleanroomsml import cdk_releases

RULE = "AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3]"


class Validations:
    """Those of a release that takes an acknowledgement, or refuses it with a message."""

    def __init__(self, message: str = "") -> None:
        self.message = message
        self.acknowledged: list[tuple[object, object]] = []
        self.construct: object = None

    def of(self, construct: object) -> "Validations":
        self.construct = construct
        return self

    def acknowledge(self, *acknowledgments: object) -> None:
        if self.message:
            raise RuntimeError(self.message)
        self.acknowledged += [(self.construct, one) for one in acknowledgments]


@pytest.fixture
def stack() -> Stack:
    return Stack(App(), "Campaigns")


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Validations:
    """A release with a place for acknowledgements, also if the installed one has none."""
    validations = Validations()
    monkeypatch.setattr(aws_cdk, "Validations", validations, raising=False)
    monkeypatch.setattr(aws_cdk, "Acknowledgment", dict, raising=False)
    return validations


def test_a_finding_below_a_construct_is_acknowledged_with_its_reason(stack: Stack, release: Validations) -> None:
    cdk_releases.acknowledge(stack, RULE, "lists have no ARN")
    assert release.acknowledged == [(stack, {"id": RULE, "reason": "lists have no ARN"})]


def test_an_id_that_the_cdk_does_not_take_does_not_end_the_synthesis(stack: Stack, release: Validations) -> None:
    """aws-cdk-lib 2.256 to 2.266 take no id that names an ARN with `AWS::Region` in it."""
    release.message = "InvalidValidationId: the '::' delimiter is reserved"
    cdk_releases.acknowledge(stack, RULE, "reason")
    assert release.construct is stack, "it was tried"


def test_another_error_does(stack: Stack, release: Validations) -> None:
    release.message = "something else"
    with pytest.raises(RuntimeError, match="something else"):
        cdk_releases.acknowledge(stack, RULE, "reason")


def test_the_installed_release_takes_an_acknowledgement(stack: Stack) -> None:
    """Its classes have the names and arguments that are used here."""
    if not hasattr(aws_cdk, "Validations"):
        pytest.skip("the oldest supported version of the CDK has no place for it")
    cdk_releases.acknowledge(stack, "AwsSolutions-L1", "reason")


def test_a_release_without_validations_is_not_asked(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(aws_cdk, "Validations", raising=False)
    cdk_releases.acknowledge(stack, "AwsSolutions-L1", "reason")
