"""The user's environment: it reaches no client of the local cloud, and is as before when the cloud is left."""

import os
from pathlib import Path

import pytest

from cdk_cleanroomsml_local import environment


def test_what_was_set_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "of somebody")
    monkeypatch.setenv("NO_PROXY", "example.com")
    monkeypatch.delenv("AWS_REGION", raising=False)
    before = dict(os.environ)
    with pytest.raises(RuntimeError), environment.applied({"AWS_REGION": "us-east-1", "NO_PROXY": "127.0.0.1"}):
        assert "AWS_PROFILE" not in os.environ
        assert (os.environ["AWS_REGION"], os.environ["NO_PROXY"]) == ("us-east-1", "127.0.0.1")
        raise RuntimeError
    assert dict(os.environ) == before


def test_a_plain_session_reads_nothing_of_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "that does not exist")
    session = environment.plain_session()
    assert session.profile is None
    assert session.get_scoped_config() == {}
