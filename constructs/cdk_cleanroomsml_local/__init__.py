"""A cloud on this machine for tests of your own stacks: MiniStack, and an emulator of Clean Rooms ML.

It is installed with the extra `local`, and docs/test-your-stack.md shows its use.

- `cloud`, `lifetime`: a running local cloud and what a test does with it, and how one begins and ends
- `deployment`, `assembly`: deploy synthesised stacks without the CDK CLI
- `function_logs`: what the Lambda functions have logged
- `clean_rooms_ml`, `emulator`, `service_model`: the service: its behaviour, its HTTP and faults, its wire protocol
- `pytest_plugin`: the fixtures
- `readings`: what AWS does not document, as switches
- `catalog`: generation jobs and models
- `ministack`, `child`, `environment`, `interrupt`: the other services, and how processes begin and end
- `console`: what the command `cdk-cleanroomsml local` prints
- `lambda_runtime`: what MiniStack's Lambda functions load first, so that their log lines appear
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdk_cleanroomsml_local.assembly import NotDeployableError
    from cdk_cleanroomsml_local.catalog import Catalog, ConfiguredAudienceModel, GenerationJob
    from cdk_cleanroomsml_local.cloud import Cloud, SeenExport
    from cdk_cleanroomsml_local.deployment import DependencyFailedError, Deployment
    from cdk_cleanroomsml_local.emulator import Call, Fault, FaultKind
    from cdk_cleanroomsml_local.lifetime import running
    from cdk_cleanroomsml_local.readings import NamesAreUnique, Readings, Repeat

__all__ = [
    "Call",
    "Catalog",
    "Cloud",
    "ConfiguredAudienceModel",
    "DependencyFailedError",
    "Deployment",
    "Fault",
    "FaultKind",
    "GenerationJob",
    "NamesAreUnique",
    "NotDeployableError",
    "Readings",
    "Repeat",
    "SeenExport",
    "running",
]

# A name's module is imported when the name is first used: pytest imports this package for its plugin in every
# environment that has it, also without the extra.
if not TYPE_CHECKING:
    _MODULES = {
        "assembly": ("NotDeployableError",),
        "catalog": ("Catalog", "ConfiguredAudienceModel", "GenerationJob"),
        "cloud": ("Cloud", "SeenExport"),
        "deployment": ("DependencyFailedError", "Deployment"),
        "emulator": ("Call", "Fault", "FaultKind"),
        "lifetime": ("running",),
        "readings": ("NamesAreUnique", "Readings", "Repeat"),
    }

    def __getattr__(name: str) -> object:
        for module, names in _MODULES.items():
            if name in names:
                return getattr(import_module(f"{__name__}.{module}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
