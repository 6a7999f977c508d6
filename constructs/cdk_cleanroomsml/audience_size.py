"""How large an exported audience is: a percentage or a number of identifiers, never a bare number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from cdk_cleanroomsml.errors import InvalidArgumentError
from cdk_cleanroomsml.jsii_values import plain_number
from cdk_cleanroomsml.tokens import is_token
from cdk_cleanroomsml_contract import export_properties
from cdk_cleanroomsml_contract.api_limits import size_rule


@dataclass(frozen=True)
class AudienceSize(export_properties.AudienceSize):
    """Size of an audience; make one with `percentage` or `absolute`.

    It must be one of the sizes of the configured audience model (``audienceSizeConfig``). Only the service knows
    those, so a size that is not offered fails at deployment, and the reason lists those that are.
    """

    def __post_init__(self) -> None:
        """Refuse what the API would refuse; a token is checked by the handler."""
        kind: object = self.type
        if not isinstance(kind, str) or kind not in ("PERCENTAGE", "ABSOLUTE"):
            raise InvalidArgumentError("AudienceSize type", "must be PERCENTAGE or ABSOLUTE", kind)
        argument = f"AudienceSize.{self.type.lower()} value"
        number = plain_number(self.value)  # a number token is a finite float
        if number is None:
            raise InvalidArgumentError(argument, "must be a whole number", self.value)
        if not is_token(number) and (rule := size_rule(self.type, number)):
            raise InvalidArgumentError(argument, rule, self.value)
        object.__setattr__(self, "value", number)

    @classmethod
    def percentage(cls, value: int | float) -> AudienceSize:
        """Return a share of the audience.

        Args:
            value: percent, an int from 1 to 100, or a number token, which the CDK types as a float; any other float is
                refused. The range is from the API's documentation of ``AudienceSize``.

        Raises:
            InvalidArgumentError: the value is out of range or not a whole number.
        """
        return cls("PERCENTAGE", cast("int", value))

    @classmethod
    def absolute(cls, value: int | float) -> AudienceSize:
        """Return a number of identifiers.

        Args:
            value: identifiers, an int from 1 to 20,000,000, or a number token, which the CDK types as a float; any
                other float is refused. The range is from botocore's model of the service.

        Raises:
            InvalidArgumentError: the value is out of range or not a whole number.
        """
        return cls("ABSOLUTE", cast("int", value))
