"""AWS Lake Formation. moto keeps settings, tags and grants, and nobody is refused by them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from local.adapter.table import ACCOUNT, EVERYTHING, Call, ResourceType, Scope, To, value

SERVICE = "lakeformation"

_WHO = "DataLakePrincipalIdentifier"


def _digest(scope: Scope) -> str:
    """A tag on something and a grant have no id but what they are."""
    return hashlib.sha256(json.dumps(scope.inputs, sort_keys=True, default=str).encode()).hexdigest()[:16]


def _named(principals: Any) -> list[dict[str, Any]]:
    """The API has objects with one member where the provider has ARNs."""
    return [{_WHO: each} for each in principals]


_SETTINGS = {
    "admins": To("DataLakeSettings.DataLakeAdmins", _named),
    "readOnlyAdmins": To("DataLakeSettings.ReadOnlyAdmins", _named),
    "externalDataFilteringAllowLists": To("DataLakeSettings.ExternalDataFilteringAllowList", _named),
    **{f"create{what}DefaultPermissions.principal": f"Principal.{_WHO}" for what in ("Database", "Table")},
}
#: What is taken away is told as it was given.
_TAGGED = ("catalogId", "database", "lfTags", "table", "tableWithColumns")
_GRANTED = (
    *("catalogId", "catalogResource", "dataCellsFilter", "dataLocation", "database", "lfTag", "lfTagPolicy"),
    *("permissions", "permissionsWithGrantOptions", "principal", "table", "tableWithColumns"),
)
_COLUMNS = {
    "tableWithColumns.excludedColumnNames": "ColumnWildcard.ExcludedColumnNames",
    "tableWithColumns.wildcard": To("ColumnWildcard", lambda _: {}),
    "table.wildcard": To("TableWildcard", lambda _: {}),
}

TYPES = (
    ResourceType(
        "aws:lakeformation/dataLakeSettings:DataLakeSettings",
        id="{account}",
        inside="DataLakeSettings",
        fields=_SETTINGS,
        replace=("catalogId",),
        # As the provider leaves it: nobody administers, and IAM alone decides about nothing new.
        delete=(Call("PutDataLakeSettings", given={"DataLakeSettings": {}}),),
    ),
    ResourceType(
        "aws:lakeformation/resource:Resource",
        id="{arn}",
        fields={"arn": "ResourceArn"},
        replace=EVERYTHING,
        outputs={"lastModified": value("lastModified", "2026-01-01T00:00:00Z")},
    ),
    ResourceType(
        "aws:lakeformation/lfTag:LfTag",
        noun="LFTag",
        id="{account}:{key}",
        fields={"key": "TagKey", "values": "TagValues"},
        update=(),
        outputs={"catalogId": value("catalogId", ACCOUNT)},
    ),
    ResourceType(
        "aws:lakeformation/resourceLfTags:ResourceLfTags",
        id=_digest,
        inside="Resource",
        create=(Call("AddLFTagsToResource", failures="Failures[].Error.ErrorMessage"),),
        fields={
            "lfTags": "LFTags",
            "lfTags.key": "TagKey",
            "lfTags.value": To("TagValues", lambda one: [one]),
            **_COLUMNS,
        },
        replace=EVERYTHING,
        delete=(Call("RemoveLFTagsFromResource", takes=_TAGGED, failures="Failures[].Error.ErrorMessage"),),
        outputs={"catalogId": value("catalogId", ACCOUNT)},
    ),
    ResourceType(
        "aws:lakeformation/permissions:Permissions",
        id=_digest,
        inside="Resource",
        create=(Call("GrantPermissions"),),
        fields={
            "principal": f"Principal.{_WHO}",
            "permissionsWithGrantOptions": "PermissionsWithGrantOption",
            "catalogResource": To("Resource.Catalog", lambda _: {}),
            "dataLocation.arn": "ResourceArn",
            "lfTag": "Resource.LFTag",
            "lfTag.key": "TagKey",
            "lfTag.values": "TagValues",
            "lfTagPolicy": "Resource.LFTagPolicy",
            "lfTagPolicy.expressions": "Expression",
            "lfTagPolicy.expressions.key": "TagKey",
            "lfTagPolicy.expressions.values": "TagValues",
            **_COLUMNS,
        },
        replace=EVERYTHING,
        delete=(Call("RevokePermissions", takes=_GRANTED),),
        outputs={"catalogId": value("catalogId", ACCOUNT)},
    ),
)
