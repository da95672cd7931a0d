"""AWS Glue Data Catalog: databases and tables."""

from __future__ import annotations

from local.adapter.table import ACCOUNT, Autoname, ResourceType, value

SERVICE = "glue"

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
)
