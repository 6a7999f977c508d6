"""AWS CDK constructs for AWS Clean Rooms ML: audience exports as part of a stack."""

from cdk_cleanroomsml.audience_export import AudienceExport
from cdk_cleanroomsml.audience_size import AudienceSize
from cdk_cleanroomsml.errors import (
    AttributeUnknownError,
    CleanRoomsMLError,
    HandlerCodeError,
    InvalidArgumentError,
)
from cdk_cleanroomsml.provider import AudienceExportProvider
from cdk_cleanroomsml.provider_settings import ProviderSettings
from cdk_cleanroomsml_contract.on_conflict import OnConflict

__all__ = [
    "AttributeUnknownError",
    "AudienceExport",
    "AudienceExportProvider",
    "AudienceSize",
    "CleanRoomsMLError",
    "HandlerCodeError",
    "InvalidArgumentError",
    "OnConflict",
    "ProviderSettings",
]

__version__ = "0.1.0"
