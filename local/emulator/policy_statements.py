"""Resource policies, as far as one machine can judge them: which statements apply to a request, and what they decide.

Source: IAM user guide, "IAM JSON policy elements: Principal" and "... Condition operators" (absent keys, IfExists,
negated operators). A condition operator that is not known here denies, as a mistake in a policy should.
"""

from __future__ import annotations

import fnmatch
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

_Operator = Callable[[str, str], bool]
_OPERATORS: Mapping[str, _Operator] = {
    "Bool": lambda found, wanted: found.lower() == wanted.lower(),
    "StringEquals": lambda found, wanted: found == wanted,
    "StringLike": lambda found, wanted: fnmatch.fnmatchcase(found, wanted),
    "ArnEquals": lambda found, wanted: fnmatch.fnmatchcase(found, wanted),
    "ArnLike": lambda found, wanted: fnmatch.fnmatchcase(found, wanted),
    "NumericLessThan": lambda found, wanted: float(found) < float(wanted),
}
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
}
_IF_EXISTS = "IfExists"
#: Holds of a key that is not there; each fact here has one value ("Set operators for multivalued context keys").
_FOR_ALL = "ForAllValues:"


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a policy is asked: `service` is the AWS service that acts, None for the account's own administrator.

    `facts` are condition keys and their values; keys are compared without regard to case.
    """

    action: str
    resource: str
    service: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


def effects(policy: str, request: Request) -> set[str]:
    """The effects (`Allow`, `Deny`) of the statements that apply; none of them decides by default."""
    statements = as_list(json.loads(policy).get("Statement", []))
    return {statement["Effect"] for statement in statements if applies(statement, request)}


def allows(policy: str | None, request: Request) -> bool:
    """Whether a policy allows a request by itself: some statement does, and none denies."""
    return policy is not None and effects(policy, request) == {"Allow"}


def as_list(value: Any) -> list[Any]:
    """A policy element as a list: IAM lets a single value stand without one."""
    return value if isinstance(value, list) else [value]


def applies(statement: Mapping[str, Any], request: Request) -> bool:
    """Whether one statement says anything about a request."""
    return (
        _is_principal(statement.get("Principal"), request.service)
        and any(fnmatch.fnmatch(request.action.lower(), wanted.lower()) for wanted in as_list(statement["Action"]))
        and any(fnmatch.fnmatchcase(request.resource, wanted) for wanted in as_list(statement.get("Resource", "*")))
        and _conditions_hold(statement, request)
    )


def _is_principal(principal: Any, service: str | None) -> bool:
    if principal == "*":
        return True
    named: Mapping[str, Any] = principal if isinstance(principal, dict) else {}
    if "*" in as_list(named.get("AWS", [])):
        return True
    return service is not None and service in as_list(named.get("Service", []))


def _conditions_hold(statement: Mapping[str, Any], request: Request) -> bool:
    facts = {key.lower(): value for key, value in request.facts.items()}
    return all(
        _holds(
            operator, facts.get(key.lower()), [str(w) for w in as_list(wanted)], denies=statement["Effect"] == "Deny"
        )
        for operator, keys in statement.get("Condition", {}).items()
        for key, wanted in keys.items()
    )


def _holds(operator: str, found: str | None, wanted: list[str], *, denies: bool) -> bool:
    if operator == "Null":
        return (found is None) == (wanted == ["true"])
    plain = operator.removesuffix(_IF_EXISTS).removeprefix(_FOR_ALL)
    negated = plain in _NEGATED
    compare = _OPERATORS.get(_NEGATED.get(plain, plain))
    if compare is None:
        return denies
    if found is None:
        return negated or operator.endswith(_IF_EXISTS) or operator.startswith(_FOR_ALL)
    return any(compare(found, value) for value in wanted) != negated
