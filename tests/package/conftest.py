from pathlib import Path

import pytest

from tests.builders import packages


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> packages.Built:
    """What a release of this checkout consists of."""
    return packages.build(packages.ROOT, tmp_path_factory.mktemp("built") / "dist")


@pytest.fixture(scope="session")
def user_python(built: packages.Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with the wheel and what it requires."""
    folder = tmp_path_factory.mktemp("user") / "environment"
    python = packages.environment_with(folder, "aws-cdk-lib", "constructs", "botocore")
    packages.install(built.wheel, python)
    return python
