"""aws:iam/getPolicyDocument: statements in the provider's form as the JSON that it renders.

https://registry.terraform.io/providers/hashicorp/aws/latest/docs/data-sources/iam_policy_document
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn
from zlib import crc32

from local.adapter.errors import InvalidInput
from shapes.check import Fault

_TOKEN = "aws:iam/getPolicyDocument:getPolicyDocument"  # noqa: S105 - a type token
_VERSIONS = ("2012-10-17", "2008-10-17")
_LISTS = {
    "actions": "Action",
    "notActions": "NotAction",
    "notResources": "NotResource",
    "resources": "Resource",
}
_PRINCIPALS = {"notPrincipals": "NotPrincipal", "principals": "Principal"}


def rendered(args: Mapping[str, Any]) -> dict[str, Any]:
    """The answer of getPolicyDocument. Raises InvalidInput for an unknown version or a statement id that is used twice.

    Source documents come first, then the statements, then override documents; a statement takes the place of a former
    one with the same id.
    """
    version = args.get("version") or _VERSIONS[0]
    if version not in _VERSIONS:
        _refuse("version", version, f"must be one of {', '.join(_VERSIONS)}")
    own = [_statement(statement) for statement in args.get("statements") or []]
    _refuse_twice(own)
    merged: list[dict[str, Any]] = []
    for text in (*([args["sourceJson"]] if args.get("sourceJson") else ()), *(args.get("sourcePolicyDocuments") or ())):
        merged = _merged(merged, _statements(text))
    merged = _merged(merged, own)
    for text in (
        *(args.get("overridePolicyDocuments") or ()),
        *([args["overrideJson"]] if args.get("overrideJson") else ()),
    ):
        merged = _merged(merged, _statements(text))
    document: dict[str, Any] = {"Version": version}
    if args.get("policyId"):
        document["Id"] = args["policyId"]
    document["Statement"] = merged
    pretty = json.dumps(document, indent=2)
    return {
        **args,
        "id": str(crc32(pretty.encode())),
        "json": pretty,
        "minifiedJson": json.dumps(document, separators=(",", ":")),
        "version": version,
    }


def _statement(statement: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if statement.get("sid"):
        found["Sid"] = statement["sid"]
    found["Effect"] = statement.get("effect") or "Allow"
    for key, member in _LISTS.items():
        if statement.get(key):
            found[member] = _single_or_sorted([_variables(item) for item in statement[key]])
    for key, member in _PRINCIPALS.items():
        if statement.get(key):
            found[member] = _principals(statement[key])
    if statement.get("conditions"):
        found["Condition"] = _conditions(statement["conditions"])
    return found


def _principals(principals: list[Mapping[str, Any]]) -> Any:
    if any(principal["type"] == "*" and principal["identifiers"] == ["*"] for principal in principals):
        return "*"
    by_type: dict[str, list[str]] = {}
    for principal in principals:
        by_type.setdefault(principal["type"], []).extend(_variables(item) for item in principal["identifiers"])
    return {kind: _single_or_sorted(identifiers) for kind, identifiers in by_type.items()}


def _conditions(conditions: list[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for condition in conditions:
        values = [_variables(item) for item in condition["values"]]
        found.setdefault(condition["test"], {})[condition["variable"]] = values[0] if len(values) == 1 else values
    return found


def _single_or_sorted(items: list[str]) -> Any:
    """One item stands alone; several are in descending order, as the provider writes them."""
    return items[0] if len(items) == 1 else sorted(items, reverse=True)


def _variables(text: str) -> str:
    """Policy variables are written `&{...}`, since `${...}` would be the language's own."""
    return text.replace("&{", "${")


def _statements(text: str) -> list[dict[str, Any]]:
    try:
        statements = json.loads(text)["Statement"]
    except (json.JSONDecodeError, KeyError, TypeError):
        _refuse("sourcePolicyDocuments", text, "must be a policy document as JSON, with a Statement")
    return statements if isinstance(statements, list) else [statements]


def _merged(former: list[dict[str, Any]], latter: list[dict[str, Any]]) -> list[dict[str, Any]]:
    replaced = {statement["Sid"]: statement for statement in latter if statement.get("Sid")}
    kept = [replaced.pop(statement.get("Sid", ""), statement) for statement in former]
    placed = {id(statement) for statement in kept}
    return kept + [statement for statement in latter if id(statement) not in placed]


def _refuse_twice(statements: list[dict[str, Any]]) -> None:
    seen: set[str] = set()
    for index, statement in enumerate(statements):
        sid = statement.get("Sid")
        if sid in seen:
            _refuse(f"statements[{index}].sid", sid, "is used by another statement; ids must differ within a document")
        if sid:
            seen.add(sid)


def _refuse(path: str, value: Any, allowed: str) -> NoReturn:
    raise InvalidInput(_TOKEN, "policy document", [Fault(path=path, found=value, allowed=allowed)])
