"""Puts crhelper into the wheel, so that a user's environment needs no exact version of it.

The version is an exact requirement of the build in pyproject.toml. Another one, or none, ends the build.
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CarryCrhelper(BuildHookInterface[BuilderConfig]):
    """Adds crhelper's files beside the handler, where `handler_code` looks for them first."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the files to a wheel; an editable installation uses the crhelper of its environment."""
        if version == "editable":
            return
        module = runpy.run_path(str(Path(self.root) / "constructs" / "cdk_cleanroomsml" / "crhelper_files.py"))
        try:
            files = module["installed"]()
        except LookupError as error:
            self.app.abort(f"The wheel carries crhelper, which the build environment does not have: {error}")
        for name, path in files.items():
            build_data["force_include"][str(path)] = f"cdk_cleanroomsml/lambda/{name}"
