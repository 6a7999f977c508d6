"""The feature flags of the CDK that `cdk init` sets in a new app."""

import json
import tarfile
from pathlib import Path
from typing import Any

import aws_cdk


def recommended() -> dict[str, Any]:
    """The flags, as aws-cdk-lib ships them for the CLI."""
    [archive] = Path(aws_cdk.__file__).parent.glob("_jsii/aws-cdk-lib@*.tgz")
    with tarfile.open(archive) as files:
        flags = files.extractfile("package/recommended-feature-flags.json")
        assert flags
        return dict(json.load(flags))
