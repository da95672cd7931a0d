"""AWS Glue: the Data Catalog, how Glue encrypts, and Athena, which queries what the catalog describes."""

from __future__ import annotations

from local.adapter.conversions import by
from local.adapter.table import ACCOUNT, Autoname, Call, ResourceType, To, value

SERVICE = "glue"

_UNENCRYPTED = {
    "DataCatalogEncryptionSettings.EncryptionAtRest.CatalogEncryptionMode": "DISABLED",
    "DataCatalogEncryptionSettings.ConnectionPasswordEncryption.ReturnConnectionPasswordEncrypted": False,
}
#: What a crawler may look through: the provider's word -> the API's.
_CRAWLED = {
    "catalog": "Catalog",
    "delta": "Delta",
    "dynamodb": "DynamoDB",
    "hudi": "Hudi",
    "iceberg": "Iceberg",
    "jdbc": "Jdbc",
    "mongodb": "MongoDB",
    "s3": "S3",
}
_RESULTS = "configuration.resultConfiguration"
_LOGS = "configuration.monitoringConfiguration.cloudWatchLoggingConfiguration"

TYPES = (
    ResourceType(
        "aws:glue/catalogDatabase:CatalogDatabase",
        noun="Database",
        id="{account}:{name}",
        arn="database/{name}",
        autoname=Autoname(lower=True),
        inside="DatabaseInput",
        outputs={"catalogId": value("catalogId", ACCOUNT)},
    ),
    ResourceType(
        "aws:glue/catalogTable:CatalogTable",
        noun="Table",
        id="{account}:{databaseName}:{name}",
        arn="table/{databaseName}/{name}",
        autoname=Autoname(lower=True),
        inside="TableInput",
        fields={
            "name": "TableInput.Name",
            "openTableFormatInput.icebergInput.icebergTableInput": "CreateIcebergTableInput",
            "openTableFormatInput.icebergInput.icebergTableInput.sortOrder": "WriteOrder",
            "partitionIndices": "PartitionIndexes",
            "partitionIndices.indexStatus": "",
        },
        outputs={"catalogId": value("catalogId", ACCOUNT)},
    ),
    ResourceType(
        "aws:glue/connection:Connection",
        id="{account}:{name}",
        arn="connection/{name}",
        inside="ConnectionInput",
        create=(Call("CreateConnection", given={"ConnectionInput.ConnectionProperties": {}}),),
        outputs={"catalogId": value("catalogId", ACCOUNT)},
        lacking=("UpdateConnection", "DeleteConnection"),
    ),
    ResourceType(
        "aws:glue/crawler:Crawler",
        arn="crawler/{name}",
        fields={
            **{f"{of}Targets": f"Targets.{to}Targets" for of, to in _CRAWLED.items()},
            "securityConfiguration": "CrawlerSecurityConfiguration",
        },
        lacking=("UpdateCrawler",),
    ),
    ResourceType(
        "aws:glue/job:Job",
        arn="job/{name}",
        fields={"roleArn": "Role", "connections": "Connections.Connections"},
        lacking=("UpdateJob",),
    ),
    ResourceType(
        "aws:glue/dataCatalogEncryptionSettings:DataCatalogEncryptionSettings",
        id="{account}",
        delete=(Call("PutDataCatalogEncryptionSettings", given=_UNENCRYPTED),),
        replace=("catalogId",),
        outputs={"catalogId": value("catalogId", ACCOUNT)},
    ),
    ResourceType(
        "aws:glue/securityConfiguration:SecurityConfiguration",
        fields={"encryptionConfiguration.s3Encryption": "S3Encryption[]"},
    ),
    ResourceType(
        "aws:athena/workgroup:Workgroup",
        service="athena",
        noun="WorkGroup",
        arn="workgroup/{name}",
        create=(Call("CreateWorkGroup"), Call("UpdateWorkGroup", takes=("state",))),
        fields={
            f"{_RESULTS}.encryptionConfiguration.kmsKeyArn": "KmsKey",
            f"{_LOGS}.logTypes": To("LogTypes", by("key", "values")),
        },
        provider_only=("forceDestroy",),
        update=(Call("UpdateWorkGroup", fields={"configuration.identityCenterConfiguration": ""}),),  # as it was made
        delete=(Call("DeleteWorkGroup", given={"RecursiveDeleteOption": value("forceDestroy", False)}),),
        lacking=("UpdateWorkGroup",),
    ),
)
