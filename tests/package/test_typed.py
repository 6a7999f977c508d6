"""A user's type checker accepts an app that is written as the README shows, and finds what is wrong in one."""

import re
import subprocess
import sys
from pathlib import Path

from local_cloud import environment
from tests.builders import packages

APP = """
from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_logs as logs
from constructs import Construct

from cdk_cleanroomsml import (
    AudienceExport,
    AudienceExportProvider,
    AudienceSize,
    InvalidArgumentError,
    OnConflict,
    ProviderSettings,
    __version__,
)


class Campaigns(Stack):
    def __init__(self, scope: Construct, id: str, *, jobs: dict[str, str]) -> None:
        super().__init__(scope, id)
        settings: ProviderSettings = {"log_retention": logs.RetentionDays.ONE_WEEK}
        AudienceExportProvider.configure(self, **settings)
        for name, job in jobs.items():
            self.declare(name, job)

    def declare(self, name: str, job: str) -> str:
        try:
            export = AudienceExport(
                self,
                name,
                audience_generation_job_arn=job,
                audience_size=AudienceSize.absolute(10_000),
                name=name,
                on_conflict=OnConflict.ADOPT,
                timeout=Duration.minutes(30),
            )
        except InvalidArgumentError as error:
            raise SystemExit(f"{error.argument} {error.rule}") from error
        CfnOutput(self, f"{name}Audience", value=export.output_location)
        return export.status


version: str = __version__
Campaigns(App(), "Campaigns", jobs={})
"""
WRONG = """
from cdk_cleanroomsml import AudienceSize

AudienceSize.percentage("10")
"""


def checked(python: Path, folder: Path, **sources: str) -> subprocess.CompletedProcess[str]:
    """What mypy says of files that a user has written, in the environment where the wheel is installed."""
    for name, source in sources.items():
        (folder / f"{name}.py").write_text(source)
    # With the settings and the cache of `make types`, because a first look at the whole CDK takes a minute.
    settings = [
        "--config-file",
        str(packages.ROOT / "pyproject.toml"),
        "--cache-dir",
        str(packages.ROOT / ".mypy_cache"),
    ]
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(python), *settings]
    files = [f"{name}.py" for name in sources]
    return subprocess.run(
        [*command, *files], cwd=folder, env=environment.base(folder), capture_output=True, text=True, check=False
    )


def test_what_the_readme_shows_passes_strictly(user_python: Path, tmp_path: Path) -> None:
    [readme, *_] = re.findall(r"```python\n(.*?)```", (packages.ROOT / "README.md").read_text(), re.DOTALL)
    result = checked(user_python, tmp_path, readme=readme, campaigns=APP)
    assert result.stdout == "Success: no issues found in 2 source files\n"


def test_a_wrong_type_is_found(user_python: Path, tmp_path: Path) -> None:
    """So the types are those of the library, and not Any."""
    result = checked(user_python, tmp_path, wrong=WRONG)
    assert '"percentage" of "AudienceSize" has incompatible type "str"; expected' in result.stdout
