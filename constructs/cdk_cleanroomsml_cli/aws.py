"""Makes the clients: boto3's standard chain of credentials, a profile and a Region if they are given."""

from __future__ import annotations

import os
from functools import cache
from typing import Any, Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

# Reads only, so botocore may repeat them: what is throttled is tried again, more and more slowly.
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 5}, connect_timeout=10, read_timeout=30)


class NoAwsError(Exception):
    """AWS cannot be asked: no credentials, no such profile, or no Region."""


class Clients(Protocol):
    """What the commands need of AWS."""

    @property
    def region(self) -> str:
        """The Region for stacks that name none."""

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client."""


class Session:
    """The clients of one profile."""

    def __init__(self, profile: str | None, region: str | None) -> None:
        try:
            self._session = boto3.session.Session(profile_name=profile, region_name=region or _region())
            if self._session.get_credentials() is None:
                raise NoAwsError("No AWS credentials were found. Set them up, or name a profile with --profile")
        except BotoCoreError as error:
            raise NoAwsError(str(error)) from error
        if self._session.region_name is None:
            raise NoAwsError("No AWS Region is set. Name one with --region, or set AWS_REGION")
        self._client = cache(self._make)

    @property
    def region(self) -> str:
        """The Region for stacks that name none."""
        return str(self._session.region_name)

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a boto3 client; one for each service and Region."""
        return self._client(service, region or self.region)

    def _make(self, service: str, region: str) -> Any:
        session: Any = self._session
        return session.client(service, region_name=region, config=_CONFIG)


def _region() -> str | None:
    """AWS_REGION, which the AWS CLI and the CDK read and boto3 does not."""
    return os.environ.get("AWS_REGION") or None
