"""The clients of a session: which Region they are for, and that botocore repeats throttled reads."""

import pytest

from cdk_cleanroomsml_cli.aws import NoAwsError, Session


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)


def test_the_region_is_the_given_one_or_the_environment_s() -> None:
    assert Session(None, None).region == "eu-west-1"
    assert Session(None, "us-west-2").region == "us-west-2"


def test_a_stack_may_be_in_another_region() -> None:
    session = Session(None, None)
    assert session.client("cleanroomsml").meta.region_name == "eu-west-1"
    assert session.client("cleanroomsml", "us-west-2").meta.region_name == "us-west-2"
    assert session.client("cleanroomsml") is session.client("cleanroomsml", "eu-west-1")


def test_throttled_reads_are_repeated() -> None:
    config = Session(None, None).client("cloudformation").meta.config
    assert (config.retries["mode"], config.retries["total_max_attempts"]) == ("standard", 5)


def test_without_a_region_nothing_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    with pytest.raises(NoAwsError, match="No AWS Region"):
        Session(None, None)
