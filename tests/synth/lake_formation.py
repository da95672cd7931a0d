"""Who reads which columns of a guarded stack, asked of its rendered grants: no emulator enforces them.

As Lake Formation evaluates them (developer guide, "Lake Formation tag-based access control"): a column has the tags of
its table, which has those of its database, unless it has a value of its own; who is granted a permission on a value has
it on every column with that value, and on no other. Files are read by who IAM lets read them, whatever is granted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from contracts.names import Names
from local.runtime import Stack
from local.runtime.answers import ACCOUNT
from settings import Persona
from tests import iam

STACK: Final = "prod"
NAMES: Final = Names(stack=STACK, account=ACCOUNT, region="eu-west-1")
SSO: Final = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_"
CONTRACT: Final = "tests/synth/persons.yaml"
_GLUE: Final = "aws:glue/catalogTable:CatalogTable"
_TAGS: Final = "aws:lakeformation/resourceLfTags:ResourceLfTags"
_GRANTS: Final = "aws:lakeformation/permissions:Permissions"


@cache
def guarded() -> dict[str, Any]:
    """The synth document of a stack that Lake Formation guards and where everybody is named; do not change it."""
    config = {
        "access": {"personas": {each.name.lower(): [f"{SSO}{each}_*"] for each in Persona}},
        "catalog": {"tables": True},
        "lake_formation": {"administrators": [f"arn:aws:iam::{ACCOUNT}:role/lake-administrator"]},
        "workloads": {"churn": {"contract": CONTRACT}},
    }
    return Stack(STACK, config_overrides=config).synth()


def _inputs(document: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    return [each["inputs"] for each in document["resources"] if each["type"] == kind]


def values(document: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """Table and column -> the value of the stack's tag that it has."""
    found: dict[tuple[str, str], str] = {}
    for table in _inputs(document, _GLUE):
        columns = [*table["storageDescriptor"]["columns"], *table.get("partitionKeys", [])]
        for column in columns:
            found[table["name"], column["name"]] = _value(document, table, column["name"])
    return found


def _value(document: Mapping[str, Any], table: Mapping[str, Any], column: str) -> str:
    own, inherited = "", ""
    for each in _inputs(document, _TAGS):
        ((_, value),) = ((tag["key"], tag["value"]) for tag in each["lfTags"])
        columns = each.get("tableWithColumns", {})
        if each.get("database", {}).get("name") == table["databaseName"]:
            inherited = value
        if (columns.get("databaseName"), columns.get("name")) == (table["databaseName"], table["name"]):
            own = value if column in columns["columnNames"] else own
    return own or inherited


def selected(document: Mapping[str, Any], principal: str) -> set[str]:
    """Values of the tag of which a principal may select columns."""
    policies = [each for each in _inputs(document, _GRANTS) if each["principal"] == principal]
    return {
        value
        for each in policies
        if "SELECT" in each["permissions"] and each.get("lfTagPolicy", {}).get("resourceType") == "TABLE"
        for expression in each["lfTagPolicy"]["expressions"]
        for value in expression["values"]
    }


def readings(persona: Persona) -> Iterator[tuple[str, str, str]]:
    """Table, column, and how a persona reads it: `files`, `queries`, or not at all."""
    document = guarded()
    role = iam.roles(document)[NAMES.resource(persona.job)]
    arn = NAMES.admin_role_arn(persona.job)
    granted = selected(document, arn) if role.may("lakeformation:GetDataAccess", "*") else set[str]()
    places = {table["name"]: table["storageDescriptor"]["location"] for table in _inputs(document, _GLUE)}
    for (table, column), value in values(document).items():
        file = f"{places[table].replace('s3://', 'arn:aws:s3:::')}file"
        queried = "queries" if value in granted else ""
        yield table, column, "files" if role.may("s3:GetObject", file) else queried


def columns(persona: Persona) -> dict[str, dict[str, str]]:
    """Table -> column -> how a persona reads it."""
    found: dict[str, dict[str, str]] = {}
    for table, column, how in readings(persona):
        found.setdefault(table, {})[column] = how
    return found
