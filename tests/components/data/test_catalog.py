from __future__ import annotations

import dataclasses
import functools
from typing import Any

import boto3

from components.data.catalog import Catalog, CatalogArgs
from contracts import loader
from contracts.schema import Column, ColumnType, Contract
from contracts.tables import tables
from local.adapter import Adapter
from tests.components.engine import ACCOUNT, REGION, Declared, Deployment, deploy, ground
from tests.components.engine import CHURN as NAMES

KEY = "arn:aws:kms:eu-west-1:123456789012:key/keys-{}"
CONTRACT = loader.load("contracts/churn.yaml")
RESULTS = "s3://123456789012-staging-ai-processed-data/query-results/churn/"


@functools.cache
def catalog() -> Deployment:
    return deploy(lambda: Catalog("churn-catalog", CatalogArgs(ground=ground(), names=NAMES)))


def parts() -> list[Declared]:
    return [catalog().one(f"churn-catalog-{part}") for part in ("encryption", "jobs", "queries")]


def test_a_catalog_that_the_account_encrypts_itself_is_left_alone() -> None:
    left = deploy(lambda: Catalog("churn-catalog", CatalogArgs(ground=ground(), names=NAMES, account_encryption=False)))
    assert {each.name for each in catalog().resources} - {each.name for each in left.resources} == {
        "churn-catalog-encryption"
    }


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


def with_tables(contract: Contract = CONTRACT) -> list[Declared]:
    """The database and its tables, as they are declared for a contract."""
    known = tables(contract, NAMES.layout, ["churn-staging-live"])
    declared = deploy(lambda: Catalog("churn-catalog", CatalogArgs(ground=ground(), names=NAMES, tables=known)))
    return [each for each in declared.resources if each.type.startswith("aws:glue/catalog")]


def test_without_tables_there_is_no_database() -> None:
    assert [each.name for each in catalog().resources if each.type.startswith("aws:glue/catalog")] == []


def test_the_database_is_called_as_athena_can_name_it() -> None:
    database, *found = with_tables()
    assert database.inputs == {"name": "churn_staging", "description": "Data of churn"}
    assert [(table.name, table.inputs["name"]) for table in found] == [
        ("churn-catalog-accepted", "accepted"),
        ("churn-catalog-quarantine", "quarantine"),
        ("churn-catalog-data-sets", "data_sets"),
        ("churn-catalog-captures", "captures"),
    ]
    assert {each.parent for each in (database, *found)} == {"churn-catalog"}


def test_a_table_says_where_the_files_are_and_how_they_are_read() -> None:
    accepted, captures = (
        next(each.inputs for each in with_tables() if each.inputs["name"] == name) for name in ("accepted", "captures")
    )
    assert accepted == {
        "databaseName": "churn_staging",
        "name": "accepted",
        "description": "Rows that validation accepted",
        "tableType": "EXTERNAL_TABLE",
        "parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
        "partitionKeys": [],
        "storageDescriptor": {
            "location": "s3://123456789012-staging-ai-processed-data/accepted/churn/",
            "inputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
            "outputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
            "serDeInfo": {
                "name": "parquet",
                "serializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
            },
            "columns": [
                {"name": "customer_id", "type": "string", "comment": "Stable customer key"},
                {"name": "event_time", "type": "timestamp", "comment": "When the row was observed (UTC)"},
                {"name": "user_tenure_months", "type": "bigint", "comment": "Months since sign-up"},
                {"name": "transaction_volume", "type": "double", "comment": "Spend of the last 30 days in EUR"},
                {"name": "support_tickets", "type": "bigint", "comment": "Tickets opened in the last 90 days"},
                {"name": "churn_label", "type": "bigint", "comment": "1 if the customer left within 30 days"},
                {"name": "delivered_", "type": "timestamp", "comment": "When the file came in"},
            ],
        },
    }
    assert captures["storageDescriptor"]["serDeInfo"]["serializationLibrary"] == "org.openx.data.jsonserde.JsonSerDe"
    assert captures["partitionKeys"] == [
        {"name": "endpoint", "type": "string"},
        {"name": "variant", "type": "string"},
        {"name": "hour", "type": "string", "comment": "yyyy/MM/dd/HH, UTC"},
    ]


def test_another_column_changes_the_tables_of_rows_in_place_and_no_other(moto_url: str) -> None:
    adapter = Adapter(moto_url, ACCOUNT, REGION)
    before = {each.name: each for each in with_tables()}
    made = {name: adapter.create(each.type, name, each.inputs) for name, each in before.items()}
    city = Column(name="city", type=ColumnType.STRING, nullable=True)
    after = {each.name: each for each in with_tables(dataclasses.replace(CONTRACT, columns=(*CONTRACT.columns, city)))}
    changed = [name for name in before if before[name].inputs != after[name].inputs]
    assert changed == ["churn-catalog-accepted", "churn-catalog-quarantine", "churn-catalog-data-sets"]
    for name in changed:
        kind, old, new = before[name].type, before[name].inputs, after[name].inputs
        assert adapter.replaces(kind, old, new) == []
        adapter.update(kind, made[name].id, old, new, made[name].outputs)
    access = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    glue: Any = boto3.client("glue", region_name=REGION, endpoint_url=moto_url, **access)
    table = glue.get_table(DatabaseName="churn_staging", Name="accepted")["Table"]
    assert table["StorageDescriptor"]["Columns"][-2:] == [
        {"Name": "city", "Type": "string"},
        {"Name": "delivered_", "Type": "timestamp", "Comment": "When the file came in"},
    ]
    for name in reversed(before):
        adapter.delete(before[name].type, made[name].id, after[name].inputs, made[name].outputs)
    assert glue.get_databases()["DatabaseList"] == []
