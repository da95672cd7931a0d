"""How inputs change form on their way to the API. Each raises ValueError with what is allowed."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from local.adapter.values import UNKNOWN, known_items

_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def as_text(value: Any) -> str:
    """A number or truth value as the text that attribute maps hold: 30.0 -> "30", true -> "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def as_number(value: Any) -> float | int:
    """A number that the provider's schema keeps as text."""
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise ValueError("must be a number, written as a text") from error
    return int(number) if number.is_integer() else number


def switch(on: str, off: str) -> Callable[[Any], str]:
    """A truth value as one of two words."""
    return lambda value: on if value else off


def one(value: Any) -> list[Any]:
    """The API has a list where the provider has a single object."""
    return [value]


def only(value: Any) -> Any:
    """The API has a single object where the provider has a list."""
    if not isinstance(value, list):
        return value
    items = cast("list[Any]", value)
    if len(items) != 1:
        raise ValueError(f"must have exactly one item, has {len(items)}")
    return items[0]


def by(key: str, content: str) -> Callable[[Any], Any]:
    """The API has a map where the provider has a list of names with what belongs to each."""
    return lambda entries: {entry[key]: entry[content] for entry in known_items(entries)}


def one_of(*allowed: Any) -> Callable[[Any], Any]:
    """A value out of a set that the API's model does not state."""

    def check(value: Any) -> Any:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(as_text(item) for item in allowed)}")
        return value

    return check


def between(low: int, high: int) -> Callable[[Any], str]:
    """A number in a range, as the text that attribute maps hold."""

    def check(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"must be {low} to {high}")
        return as_text(value)

    return check


def json_text(value: Any) -> str:
    """A text that must be JSON, sent as it is."""
    json_object(value)
    return cast("str", value)


def json_object(value: Any) -> Any:
    """A JSON text as the object that the API takes."""
    try:
        return json.loads(value)
    except (TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"must be JSON ({error})") from error


def decoded(value: Any) -> bytes:
    """The bytes of a base64 text."""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError) as error:
        raise ValueError(f"must be base64 ({error})") from error


def encoded(value: Any) -> bytes:
    """The bytes of a text."""
    return str(value).encode()


def network(value: Any) -> str:
    """An IPv4 or IPv6 network without host bits, as EC2 asks for."""
    try:
        return str(ipaddress.ip_network(value))
    except ValueError as error:
        raise ValueError(f"must be a network such as 10.0.0.0/16 ({error})") from error


def bucket_name(value: Any) -> str:
    """A name by the rules for general purpose buckets.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
    """
    if not _BUCKET_NAME.fullmatch(value) or ".." in value or value.startswith(("xn--", "sthree-")):
        raise ValueError(
            "must be 3 to 63 lower-case letters, digits, dots and hyphens that begin and end with a letter or digit"
        )
    return cast("str", value)


def identity_policy(value: Any) -> str:
    """A policy that is attached to an identity: statements have a resource and no principal."""
    _policy(value, principal=False)
    return cast("str", value)


def resource_policy(value: Any) -> str:
    """A policy that is attached to a resource: statements name a principal."""
    _policy(value, principal=True)
    return cast("str", value)


def default_policy(action: str, resource: str, *, account: str, partition: str) -> str:
    """A policy that leaves a resource to its account."""
    statement = {
        "Sid": "AccountOnly",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:{partition}:iam::{account}:root"},
        "Action": action,
        "Resource": resource,
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def trust_policy(value: Any) -> str:
    """A role's trust policy: statements name a principal and no resource, which is the role itself."""
    _policy(value, principal=True)
    statements = json.loads(value)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        if "Resource" in statement or "NotResource" in statement:
            raise ValueError("is no valid policy document: a trust policy has no Resource, it speaks of its role")
    return cast("str", value)


_POLICY_KEYS = frozenset({"Version", "Id", "Statement"})
_POLICY_VERSIONS = ("2012-10-17", "2008-10-17")
_STATEMENT_KEYS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)


def _policy(value: Any, *, principal: bool) -> None:
    """Check the grammar that IAM refuses a document by (IAM user guide, "Grammar of the IAM JSON policy language")."""
    document = json_object(value)
    if not isinstance(document, Mapping):
        raise ValueError("must be a policy document, an object with Version and Statement")  # noqa: TRY004
    found = list(_policy_faults(cast("Mapping[str, Any]", document), principal))
    if found:
        raise ValueError("is no valid policy document: " + "; ".join(found))


def _policy_faults(document: Mapping[str, Any], principal: bool) -> Iterable[str]:
    for key in sorted(set(document) - _POLICY_KEYS):
        yield f"{key} is none of {', '.join(sorted(_POLICY_KEYS))}"
    if "Version" in document and document["Version"] not in _POLICY_VERSIONS:
        yield f"Version {document['Version']!r} is none of {', '.join(_POLICY_VERSIONS)}"
    statements = document.get("Statement")
    if isinstance(statements, Mapping):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        yield "Statement must be a list with at least one statement"
        return
    for index, statement in enumerate(cast("list[Any]", statements)):
        if isinstance(statement, Mapping):
            for fault in _statement_faults(cast("Mapping[str, Any]", statement), principal):
                yield f"Statement[{index}] {fault}"
        else:
            yield f"Statement[{index}] must be an object"


def _statement_faults(statement: Mapping[str, Any], principal: bool) -> Iterable[str]:
    unknown = sorted(set(statement) - _STATEMENT_KEYS)
    if unknown:
        yield f"has {', '.join(unknown)}; a statement knows {', '.join(sorted(_STATEMENT_KEYS))}"
    if statement.get("Effect") not in ("Allow", "Deny"):
        yield f"Effect must be Allow or Deny, is {statement.get('Effect')!r}"
    if not _exactly_one(statement, "Action"):
        yield "must have Action or NotAction"
    if principal and not _exactly_one(statement, "Principal"):
        yield "must have a Principal: the policy is attached to a resource"
    if not principal and not _exactly_one(statement, "Resource"):
        yield "must have Resource or NotResource"
    if not principal and ("Principal" in statement or "NotPrincipal" in statement):
        yield "must have no Principal: the policy is attached to an identity"
    for name in ("Action", "NotAction"):
        for action in _texts(statement.get(name)):
            if action != "*" and ":" not in action and action != UNKNOWN:
                yield f"{name} {action!r} must be <service>:<action> or *"


def _exactly_one(statement: Mapping[str, Any], name: str) -> bool:
    return (name in statement) != (f"Not{name}" in statement)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [item for item in cast("list[Any]", value) if isinstance(item, str)] if isinstance(value, list) else []
