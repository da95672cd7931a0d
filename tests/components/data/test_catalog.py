from __future__ import annotations

import functools
from typing import Any

import boto3

from components.data.catalog import Catalog, CatalogArgs
from local.adapter import Adapter
from tests.components.engine import ACCOUNT, REGION, Declared, Deployment, deploy, ground
from tests.components.engine import CHURN as NAMES

KEY = "arn:aws:kms:eu-west-1:123456789012:key/keys-{}"
RESULTS = "s3://123456789012-staging-ai-processed-data/query-results/churn/"


@functools.cache
def catalog() -> Deployment:
    return deploy(lambda: Catalog("churn-catalog", CatalogArgs(ground=ground(), names=NAMES)))


def parts() -> list[Declared]:
    return [catalog().one(f"churn-catalog-{part}") for part in ("encryption", "jobs", "queries")]


def test_the_catalog_of_the_account_is_encrypted_the_same_for_every_stack_and_stays_so() -> None:
    encryption = catalog().one("churn-catalog-encryption")
    assert encryption.inputs == {
        "dataCatalogEncryptionSettings": {
            "encryptionAtRest": {"catalogEncryptionMode": "SSE-KMS"},
            "connectionPasswordEncryption": {"returnConnectionPasswordEncrypted": True},
        }
    }
    assert encryption.retain_on_delete is True


def test_jobs_write_and_log_under_the_keys_of_the_stack() -> None:
    assert catalog().one("churn-catalog-jobs").inputs == {
        "name": "churn-staging-processing",
        "encryptionConfiguration": {
            "s3Encryption": {"s3EncryptionMode": "SSE-KMS", "kmsKeyArn": KEY.format("processed")},
            "cloudwatchEncryption": {"cloudwatchEncryptionMode": "SSE-KMS", "kmsKeyArn": KEY.format("logs")},
            "jobBookmarksEncryption": {"jobBookmarksEncryptionMode": "CSE-KMS", "kmsKeyArn": KEY.format("processed")},
        },
    }


def test_nobody_can_query_beyond_the_limit_or_to_another_place() -> None:
    assert catalog().one("churn-catalog-queries").inputs == {
        "name": "churn-staging-processing-queries",
        "description": "Queries on the data of churn",
        "forceDestroy": True,
        "configuration": {
            "enforceWorkgroupConfiguration": True,
            "publishCloudwatchMetricsEnabled": True,
            "bytesScannedCutoffPerQuery": 100_000_000_000,
            "resultConfiguration": {
                "outputLocation": RESULTS,
                "expectedBucketOwner": ACCOUNT,
                "encryptionConfiguration": {"encryptionOption": "SSE_KMS", "kmsKeyArn": KEY.format("processed")},
            },
        },
    }


def test_all_of_it_belongs_to_the_component() -> None:
    assert {part.parent for part in parts()} == {"churn-catalog"}
    assert catalog().outputs["churn-catalog"] == {
        "workgroup": "churn-staging-processing-queries",
        "securityConfiguration": "churn-staging-processing",
    }


def test_the_api_takes_it_as_it_is_declared(moto_url: str) -> None:
    """Made by the adapter in an emulated account, read back by boto3, and deleted; the catalog's encryption too."""
    adapter = Adapter(moto_url, ACCOUNT, REGION)
    made = {part.type: adapter.create(part.type, part.name, part.inputs) for part in parts()}
    assert [created.emulated for created in made.values()] == [True, True, True]
    assert [created.id for created in made.values()] == [
        ACCOUNT,
        "churn-staging-processing",
        "churn-staging-processing-queries",
    ]

    def client(service: str) -> Any:
        access = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, region_name=REGION, endpoint_url=moto_url, **access)

    glue, athena = client("glue"), client("athena")
    workgroup = athena.get_work_group(WorkGroup="churn-staging-processing-queries")["WorkGroup"]["Configuration"]
    assert workgroup["ResultConfiguration"] == {
        "OutputLocation": RESULTS,
        "ExpectedBucketOwner": ACCOUNT,
        "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": KEY.format("processed")},
    }
    jobs = glue.get_security_configuration(Name="churn-staging-processing")["SecurityConfiguration"]
    assert jobs["EncryptionConfiguration"]["S3Encryption"] == [
        {"S3EncryptionMode": "SSE-KMS", "KmsKeyArn": KEY.format("processed")}
    ]
    modes = [encryption(glue)]
    for part in parts():
        adapter.delete(part.type, made[part.type].id, part.inputs, made[part.type].outputs)
    modes.append(encryption(glue))
    assert modes == [("SSE-KMS", True), ("DISABLED", False)]
    assert [group["Name"] for group in athena.list_work_groups()["WorkGroups"]] == ["primary"]
    assert glue.get_security_configurations()["SecurityConfigurations"] == []


def encryption(glue: Any) -> tuple[str, bool]:
    found = glue.get_data_catalog_encryption_settings()["DataCatalogEncryptionSettings"]
    return (
        found["EncryptionAtRest"]["CatalogEncryptionMode"],
        found["ConnectionPasswordEncryption"]["ReturnConnectionPasswordEncrypted"],
    )
