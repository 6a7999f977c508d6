"""A CDK that only writes down which findings of cdk-nag are acknowledged: releases keep them in different places."""

from __future__ import annotations

import pytest
from constructs import IConstruct

from cdk_cleanroomsml import cdk_releases


class Acknowledgments:
    """Replaces `cdk_releases.acknowledge` for the rest of the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reasons: dict[tuple[str, str], str] = {}
        monkeypatch.setattr(cdk_releases, "acknowledge", self._acknowledge)

    def rules(self, construct: IConstruct) -> list[str]:
        """The rules that are acknowledged for a construct."""
        return [rule for path, rule in self.reasons if path == construct.node.path]

    def _acknowledge(self, construct: IConstruct, rule: str, reason: str) -> None:
        self.reasons[construct.node.path, rule] = reason
