"""The ways in which an app finds the bucket of its assets."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import (
    App,
    BootstraplessSynthesizer,
    CliCredentialsStackSynthesizer,
    DefaultStackSynthesizer,
    Environment,
    IStackSynthesizer,
    LegacyStackSynthesizer,
    Stack,
)
from aws_cdk.aws_s3 import Bucket
from aws_cdk.aws_servicecatalog import (
    CloudFormationProduct,
    CloudFormationProductVersion,
    CloudFormationTemplate,
    ProductStack,
)
from constructs import Construct

from tests.builders import templates
from tests.builders.arns import ACCOUNT
from tests.builders.stacks import EXPORT, declare
from tests.builders.templates import Template, only_one, templates_of, waits_for

HERE = Environment(account=ACCOUNT, region="us-east-1")
SYNTHESIZERS: dict[str, tuple[Callable[[], IStackSynthesizer], str]] = {
    "default": (DefaultStackSynthesizer, f"cdk-hnb659fds-assets-{ACCOUNT}-us-east-1"),
    "qualifier": (lambda: DefaultStackSynthesizer(qualifier="ads"), f"cdk-ads-assets-{ACCOUNT}-us-east-1"),
    "bucket": (lambda: DefaultStackSynthesizer(file_assets_bucket_name="ours"), "ours"),
    "CLI": (CliCredentialsStackSynthesizer, f"cdk-hnb659fds-assets-{ACCOUNT}-us-east-1"),
}


def codes(template: Template) -> list[Any]:
    functions = [one for one in template["Resources"].values() if one["Type"] == "AWS::Lambda::Function"]
    assert len(functions) == 2
    return [one["Properties"]["Code"] for one in functions]


@pytest.mark.parametrize(("make", "bucket"), SYNTHESIZERS.values(), ids=list(SYNTHESIZERS))
def test_the_handler_s_code_is_in_the_bucket_of_the_synthesizer(
    make: Callable[[], IStackSynthesizer], bucket: str
) -> None:
    app = App()
    declare(Stack(app, "Campaigns", env=HERE, synthesizer=make()))
    template = templates_of(app)["Campaigns"]
    templates.check(template)
    assert [one["S3Bucket"] for one in codes(template)] == [bucket] * 2


def test_the_legacy_synthesizer_passes_the_code_as_parameters() -> None:
    app = App()
    declare(Stack(app, "Campaigns", env=HERE, synthesizer=LegacyStackSynthesizer()))
    template = templates_of(app)["Campaigns"]
    templates.check(template)
    export_id, _ = only_one(template, EXPORT)
    assert waits_for(template, export_id) == set(template["Resources"]) - {export_id}
    assert {one["S3Bucket"]["Ref"] for one in codes(template)} <= set(template["Parameters"])


def test_without_bootstrapping_there_is_no_bucket_and_the_cdk_says_so() -> None:
    stack = Stack(App(), "Campaigns", synthesizer=BootstraplessSynthesizer())
    with pytest.raises(RuntimeError, match="Cannot add assets to a Stack that uses the BootstraplessSynthesizer"):
        declare(stack)


class Product(ProductStack):
    """A product of Service Catalog: a stack that users of other accounts make."""

    def __init__(self, scope: Construct, construct_id: str, **arguments: Any) -> None:
        super().__init__(scope, construct_id, **arguments)
        declare(self)


def test_a_product_of_service_catalog_takes_the_code_from_a_bucket_that_is_given(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    stack = Stack(app, "Catalog", env=HERE)
    product = Product(stack, "Export", asset_bucket=Bucket(stack, "Bucket", bucket_name="ours"))
    version = CloudFormationProductVersion(cloud_formation_template=CloudFormationTemplate.from_product_stack(product))
    CloudFormationProduct(stack, "Product", owner="ads", product_name="export", product_versions=[version])
    app.synth()
    [path] = tmp_path.glob("*.product.template.json")
    template = json.loads(path.read_text())
    templates.check(template)
    assert [one["S3Bucket"] for one in codes(template)] == ["ours"] * 2


def test_a_product_without_a_bucket_is_refused_by_the_cdk() -> None:
    with pytest.raises(RuntimeError, match="An Asset Bucket must be provided to use Assets"):
        Product(Stack(App(), "Catalog"), "Export")
