"""Bucket policies with their conditions.

moto asks a bucket's policy before it touches an object, but takes a Deny for unconditional whatever its Condition says.
Here the condition decides, with these facts: the caller is the account's administrator (no signature is checked), the
emulator stands for S3's TLS endpoint, and `s3:x-amz-*` keys are the request's headers. An operator that is not known
here denies, as a mistake in a policy should.

Source: IAM user guide, "IAM JSON policy elements: Condition operators" (absent keys, IfExists, negated operators).
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Mapping
from typing import Any

from flask import has_request_context, request
from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from local.emulator.extension import replace

_PREFIX = "s3:x-amz-"

_Operator = Callable[[str, str], bool]
_OPERATORS: Mapping[str, _Operator] = {
    "Bool": lambda found, wanted: found.lower() == wanted.lower(),
    "StringEquals": lambda found, wanted: found == wanted,
    "StringLike": lambda found, wanted: fnmatch.fnmatchcase(found, wanted),
    "ArnEquals": lambda found, wanted: fnmatch.fnmatchcase(found, wanted),
    "ArnLike": lambda found, wanted: fnmatch.fnmatchcase(found, wanted),
    "NumericLessThan": lambda found, wanted: float(found) < float(wanted),
}
_NEGATED = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike", "ArnNotLike": "ArnLike"}
_IF_EXISTS = "IfExists"


def install() -> None:
    """Correct the check."""
    replace(FakeBucket, "get_permission", _permission)


def _permission(self: FakeBucket, action: str, resource: str) -> PermissionResult:
    if self.policy is None:
        return PermissionResult.NEUTRAL
    facts = _facts(self.account_id, self.partition)
    statements = as_list(json.loads(self.policy)["Statement"])
    effects = {s["Effect"] for s in statements if _concerns(s, action, resource) and _applies(s, facts)}
    if "Deny" in effects:
        return PermissionResult.DENIED
    return PermissionResult.PERMITTED if "Allow" in effects else PermissionResult.NEUTRAL


def as_list(value: Any) -> list[Any]:
    """A policy element as a list: IAM lets a single value stand without one."""
    return value if isinstance(value, list) else [value]


def _facts(account: str, partition: str) -> dict[str, str]:
    facts = {
        "aws:SecureTransport": "true",
        "s3:TlsVersion": "1.3",
        "aws:PrincipalArn": f"arn:{partition}:iam::{account}:root",
        "aws:PrincipalAccount": account,
    }
    headers = request.headers if has_request_context() else {}
    return facts | {f"s3:{name.lower()}": value for name, value in headers.items() if _is_amz(name)}


def _is_amz(header: str) -> bool:
    return f"s3:{header.lower()}".startswith(_PREFIX)


def _concerns(statement: Mapping[str, Any], action: str, resource: str) -> bool:
    """Whether a statement is about the caller, the action and the resource; services are not the caller."""
    principal = statement.get("Principal")
    anyone = principal == "*" or (isinstance(principal, dict) and "*" in as_list(principal.get("AWS", [])))
    actions, resources = as_list(statement.get("Action", [])), as_list(statement.get("Resource", []))
    return (
        anyone
        and any(fnmatch.fnmatch(action.lower(), wanted.lower()) for wanted in actions)
        and any(fnmatch.fnmatchcase(resource, wanted) for wanted in resources)
    )


def _applies(statement: Mapping[str, Any], facts: Mapping[str, str]) -> bool:
    return all(
        _holds(
            operator, facts.get(key), [str(wanted) for wanted in as_list(wanted)], denies=statement["Effect"] == "Deny"
        )
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, found: str | None, wanted: list[str], *, denies: bool) -> bool:
    if operator == "Null":
        return (found is None) == (wanted == ["true"])
    plain = operator.removesuffix(_IF_EXISTS)
    negated = plain in _NEGATED
    compare = _OPERATORS.get(_NEGATED.get(plain, plain))
    if compare is None:
        return denies
    if found is None:
        return negated or operator.endswith(_IF_EXISTS)
    return any(compare(found, value) for value in wanted) != negated
