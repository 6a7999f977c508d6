"""Watches which of its clients a module of aws/ uses: how long a call may take is part of what it does."""

from functools import cache
from types import ModuleType
from typing import Any

import pytest


def clients_used(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> list[Any]:
    """The configurations of the clients that the module uses from now on."""
    make, configurations = module._client, []

    @cache  # as the module's own
    def watched(*arguments: Any) -> Any:
        client = make(*arguments)
        configurations.append(client.meta.config)
        return client

    monkeypatch.setattr(module, "_client", watched)
    return configurations
