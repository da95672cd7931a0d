"""Whether the account's Glue Data Catalog is encrypted with a key that a stack would replace."""

from __future__ import annotations

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from automation.operations.data_catalog import data_catalog
from automation.operations.findings import Finding, Stack

OWN = "arn:aws:kms:eu-west-1:123456789012:key/0f2e"
DECLARED = {"type": "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings", "inputs": {}}


def found(at_rest: dict[str, Any], passwords: dict[str, Any]) -> list[Finding]:
    access = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    client: Any = boto3.client("glue", region_name="eu-west-1", **access)
    settings = {
        "EncryptionAtRest": {"CatalogEncryptionMode": "SSE-KMS", **at_rest},
        "ConnectionPasswordEncryption": {"ReturnConnectionPasswordEncrypted": True, **passwords},
    }
    with Stubber(client) as stubs:
        stubs.add_response("get_data_catalog_encryption_settings", {"DataCatalogEncryptionSettings": settings})
        return list(data_catalog(Stack(resources=[DECLARED], region="eu-west-1", client=lambda _: client)))


@pytest.mark.parametrize("key", [None, "alias/aws/glue", "arn:aws:kms:eu-west-1:123456789012:alias/aws/glue"])
def test_a_catalog_without_a_key_of_the_accounts_is_free(key: str | None) -> None:
    (finding,) = found({"SseAwsKmsKeyId": key} if key else {}, {})
    assert (finding.holds, finding.found) == (True, "no key of the account's would be replaced")


@pytest.mark.parametrize(("at_rest", "passwords"), [({"SseAwsKmsKeyId": OWN}, {}), ({}, {"AwsKmsKeyId": OWN})])
def test_a_key_of_the_accounts_is_named_with_the_switch(at_rest: dict[str, str], passwords: dict[str, str]) -> None:
    (finding,) = found(at_rest, passwords)
    assert finding == Finding(
        subject="Glue Data Catalog",
        holds=False,
        found=f"it is encrypted with {OWN}, which the stack would replace by Glue's key",
        fix="catalog.account_encryption: false",
    )


def test_a_stack_that_leaves_the_catalog_alone_asks_nothing() -> None:
    assert list(data_catalog(Stack(resources=[], region="eu-west-1", client=lambda _: None))) == []
