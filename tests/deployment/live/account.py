"""An account of AWS, as the deployments see it: the credentials and the Region are the caller's."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from local_cloud import environment
from local_cloud.cdk_cli import CdkCli

# What the AWS SDKs and the CDK CLI need to find credentials, and a way out.
_PASSED_ON = ("HOME", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")


@dataclass(frozen=True)
class Account:
    """`folder` is for everything that a run writes; `region` is that of the generation job."""

    folder: Path
    region: str

    @property
    def cdk(self) -> CdkCli:
        given = {name: value for name, value in os.environ.items() if name.startswith("AWS_") or name in _PASSED_ON}
        region = {"AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        environ = environment.base(self.folder) | given | region
        return CdkCli(environ, output=self.folder / "cdk.out", log=self.folder / "cdk.log")

    def client(self, service: str) -> Any:
        session: Any = boto3.session.Session(region_name=self.region)
        return session.client(service)
