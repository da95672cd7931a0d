"""What the resource policy of something that the account has already lets in, as far as the policy alone tells.

Evaluation follows the IAM user guide, "Policy evaluation logic": some statement allows and none denies. A statement
whose condition asks for something that cannot be known here counts for nothing, so what is refused may be more than
AWS would refuse, and never less, but for denials under such conditions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Final

_LIKE: Final = frozenset({"ArnEquals", "ArnLike", "StringLike"})
_EQUAL: Final = frozenset({"Bool", "StringEquals"})


@dataclass(frozen=True, kw_only=True)
class Call:
    """Who wants to do what: `kind` and `principal` as a policy names them (`Service`, `AWS`), and what is known of it.

    `facts` are condition keys and their values.
    """

    kind: str
    principal: str
    action: str
    resource: str = "*"
    facts: Mapping[str, str] = field(default_factory=dict[str, str])


def permitted(policy: Mapping[str, Any], call: Call) -> bool:
    """Whether the policy lets the call in by itself."""
    return {s["Effect"] for s in _listed(policy.get("Statement", [])) if _applies(s, call)} == {"Allow"}


def _applies(statement: Mapping[str, Any], call: Call) -> bool:
    return (
        _principal(statement.get("Principal"), call)
        and _any(statement.get("Action", ()), call.action.lower(), lower=True)
        and _any(statement.get("Resource", "*"), call.resource)
        and all(
            _holds(operator, call.facts.get(key), _listed(wanted))
            for operator, keys in statement.get("Condition", {}).items()
            for key, wanted in keys.items()
        )
    )


def _principal(named: Any, call: Call) -> bool:
    if named == "*":
        return True
    found = _listed(named.get(call.kind, ())) if isinstance(named, Mapping) else []
    return "*" in found or call.principal in found


def _any(patterns: Any, value: str, *, lower: bool = False) -> bool:
    return any(fnmatchcase(value, pattern.lower() if lower else pattern) for pattern in _listed(patterns))


def _holds(operator: str, found: str | None, wanted: Iterable[str]) -> bool:
    plain = operator.removesuffix("IfExists")
    if found is None:
        return operator.endswith("IfExists")
    if plain in _LIKE:
        return any(fnmatchcase(found, str(value)) for value in wanted)
    return plain in _EQUAL and found in [str(value) for value in wanted]


def _listed(value: Any) -> list[Any]:
    """A policy element as a list: IAM lets a single value stand without one."""
    return list(value) if isinstance(value, list | tuple) else [value]
