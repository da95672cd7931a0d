"""AWS Glue Data Catalog: databases and tables."""

from __future__ import annotations

from local.adapter.table import ACCOUNT, Autoname, Call, ResourceType, Tagging, arn, text, value

_CATALOG = {"CatalogId": value("catalogId", None)}


def _input(member: str, keys: tuple[str, ...]) -> dict[str, str]:
    """Inputs that the API takes inside one object: `name` -> `DatabaseInput.Name`."""
    return {key: f"{member}.{key[0].upper()}{key[1:]}" for key in keys}


_DATABASE = (
    "createTableDefaultPermissions",
    "description",
    "federatedDatabase",
    "locationUri",
    "name",
    "parameters",
    "targetDatabase",
)

DATABASE = ResourceType(
    type="aws:glue/catalogDatabase:CatalogDatabase",
    service="glue",
    autoname=Autoname(lower=True, longest=255),
    create=(Call(operation="CreateDatabase"),),
    fields=_input("DatabaseInput", _DATABASE),
    update=(
        Call(
            operation="UpdateDatabase",
            takes=tuple(key for key in _DATABASE if key != "name"),
            given={"CatalogId": value("catalogId"), "Name": value("name"), "DatabaseInput.Name": value("name")},
        ),
    ),
    delete=(Call(operation="DeleteDatabase", given={"CatalogId": value("catalogId"), "Name": value("name")}),),
    replace=("catalogId", "name"),
    id=text("{account}:{name}"),
    outputs={"arn": arn("glue", "database/{name}"), "catalogId": value("catalogId", ACCOUNT)},
    tags=Tagging(
        tag="TagResource",
        untag="UntagResource",
        given={"ResourceArn": value("arn")},
        member="TagsToAdd",
        keys="TagsToRemove",
    ),
)

_TABLE = (
    "description",
    "name",
    "owner",
    "parameters",
    "partitionKeys",
    "retention",
    "storageDescriptor",
    "tableType",
    "targetTable",
    "viewDefinition",
    "viewExpandedText",
    "viewOriginalText",
)
_TABLE_NAME = {"CatalogId": value("catalogId"), "DatabaseName": value("databaseName")}

TABLE = ResourceType(
    type="aws:glue/catalogTable:CatalogTable",
    service="glue",
    autoname=Autoname(lower=True, longest=255),
    create=(Call(operation="CreateTable"),),
    fields={
        **_input("TableInput", _TABLE),
        "openTableFormatInput.icebergInput.icebergTableInput": "CreateIcebergTableInput",
        "openTableFormatInput.icebergInput.icebergTableInput.sortOrder": "WriteOrder",
        "partitionIndices": "PartitionIndexes",
        "partitionIndices.indexStatus": "",
    },
    update=(
        Call(
            operation="UpdateTable",
            takes=tuple(key for key in _TABLE if key != "name"),
            given={**_TABLE_NAME, "TableInput.Name": value("name")},
        ),
    ),
    delete=(Call(operation="DeleteTable", given={**_TABLE_NAME, "Name": value("name")}),),
    replace=("catalogId", "databaseName", "name", "openTableFormatInput", "partitionIndices"),
    id=text("{account}:{databaseName}:{name}"),
    outputs={"arn": arn("glue", "table/{databaseName}/{name}"), "catalogId": value("catalogId", ACCOUNT)},
)

TYPES = (DATABASE, TABLE)
