"""IAM policy documents, read into one normal form.

The grammar allows a string where a list may stand, names in any case and documents as text or objects
(IAM User Guide, "Grammar of the IAM JSON policy language"). `statements` gives every statement with lists throughout.

At a preview a part of a document may not be known yet. Each statement is then judged by itself, in the readings between
which the truth lies: what violates a policy in all of them is a violation, what does in some of them is undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from .finding import Finding, Findings, Malformed
from .partial import reaching_least, reaching_most
from .patterns import is_pattern, is_star, is_whole_kind, is_wild, matches
from .reading import UNKNOWN, Prop, first_unknown

# Operators that a value has to match; their negations match all others (IAM User Guide, "Condition operators").
_TESTS = frozenset(
    {"stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike", "bool", "ipaddress"}
)
# Keys whose values name one account, organisation, network or service: a pattern there names others as well.
_EXACT = frozenset(
    {
        "aws:principalaccount",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourceorgid",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "iam:passedtoservice",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
        "sts:externalid",
    }
)
# Keys that every request of an attacker can satisfy.
_NO_SCOPE = frozenset({"aws:securetransport", "aws:requestedregion"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Statement:
    """One statement of a policy document.

    Attributes:
        prop: the property that holds the document.
        label: how messages name it: its Sid, or `statement 2`.
        allows: whether its effect is Allow.
        actions: as written, such as `s3:GetObject` and `s3:*`.
        not_actions: the actions left out, where the statement has NotAction.
        resources: ARNs and patterns.
        not_resources: the resources left out, where it has NotResource.
        principals: pairs of kind (`AWS`, `Service`, `Federated`, `*`) and principal.
        not_principals: the principals left out, where it has NotPrincipal.
        conditions: operator, key in lower case, and values, one for each condition.
    """

    prop: Prop
    label: str
    allows: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    not_principals: tuple[tuple[str, str], ...]
    conditions: tuple[tuple[str, str, tuple[str, ...]], ...]

    def condition(self, key: str, *, if_exists: bool = False) -> tuple[str, ...]:
        """The values that a condition holds a key to, empty when no request has to pass a test of it.

        Negated operators hold it to everything else. In a statement that allows, `IfExists` and `ForAllValues` let
        pass a request that lacks the key (IAM User Guide, "IAM JSON policy elements: Condition operators"); the former
        counts all the same with `if_exists`.
        """
        return tuple(
            value
            for operator, name, values in self.conditions
            if name == key.lower() and self._must_pass(operator, if_exists=if_exists)
            for value in values
        )

    def _must_pass(self, operator: str, *, if_exists: bool) -> bool:
        quantifier, _, test = operator.lower().rpartition(":")
        name = test.removesuffix("ifexists")
        escapes = quantifier == "forallvalues" or (name != test and not if_exists)
        return name in _TESTS and not (self.allows and escapes)

    def narrows(self, key: str, *, if_exists: bool = False) -> bool:
        """Whether a condition holds a key to some values rather than to all; see `condition`."""
        values = self.condition(key, if_exists=if_exists)
        open_to_others = is_pattern if key.lower() in _EXACT else is_wild
        return bool(values) and not any(open_to_others(value) for value in values)

    @property
    def unconditional(self) -> bool:
        """Whether no condition narrows who may call, or on what: TLS and a region stop nobody."""
        return not any(key not in _NO_SCOPE and self.narrows(key) for _, key, _ in self.conditions)

    def grants(self, action: str) -> bool:
        """Whether it allows an action, wildcards and NotAction counted."""
        if not self.allows:
            return False
        if self.not_actions:
            return not any(matches(pattern, action) for pattern in self.not_actions)
        return any(matches(pattern, action) for pattern in self.actions)

    @property
    def everywhere(self) -> bool:
        """Whether it holds for every resource, or every resource but some."""
        return bool(self.not_resources) or any(is_star(resource) for resource in self.resources)

    def grants_throughout(self, action: str) -> bool:
        """Whether it allows an action on every resource, or on all of a kind that an account has of that service."""
        service = action.lower().partition(":")[0]
        kinds = {"sts": "iam"}.get(service, service)  # what sts:AssumeRole takes are roles of IAM
        whole = any(is_whole_kind(resource, kinds) for resource in self.resources)
        return self.grants(action) and (self.everywhere or whole)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A statement of which a part may not be known yet, in the readings between which the truth lies.

    Attributes:
        least: the statement if it reaches as little as it can: unknown actions, resources and principals are none.
        most: the statement if it reaches as much as it can: they are all of them, and unknown conditions test nothing.
        refusing: the same, where it may be a statement that denies.
        waiting: what is waited for, None where everything is known and all three are the same.
    """

    least: Statement
    most: Statement
    refusing: Statement
    waiting: Finding | None

    def judged(self, check: Callable[[Statement], Iterable[Finding]]) -> Findings:
        """The findings of a check that hold in every reading; undecided when they hold in some only."""
        yield from settled([self], lambda read: [each for one in read for each in check(one)])


def settled(readings: Sequence[Reading], check: Callable[[list[Statement]], Iterable[Finding]]) -> Findings:
    """The findings of a check of several statements together; see `Reading.judged`."""
    least = list(check([each.least for each in readings]))
    waiting = [each.waiting for each in readings if each.waiting is not None]
    found = [bool(least)]
    if waiting:
        found += [any(check([each.most for each in readings])), any(check([each.refusing for each in readings]))]
    if all(found):
        yield from least
    elif any(found):
        yield waiting[0]


def statements(prop: Prop) -> list[Reading]:
    """The statements of the document in a property; none when the property is not set.

    Raises:
        Undecided: the document, or its list of statements, is not known yet.
        Malformed: it is no JSON object with statements.
    """
    document = prop.parsed()
    if document is None:
        return []
    if not isinstance(document, dict):
        raise Malformed(prop.owner.violation(f"{prop.path} is no JSON object", "Build the document with json.dumps."))
    listed = Prop(prop.owner, f"{prop.path}.Statement", cast(dict[str, Any], document).get("Statement"))
    found = _list(listed.value)
    if not found or not all(isinstance(entry, Mapping) or entry is UNKNOWN for entry in found):
        raise Malformed(prop.owner.violation(f"{prop.path} has no list of statements", "Build it as IAM documents it."))
    return [_reading(prop, i, entry) for i, entry in enumerate(found, 1)]


def _reading(prop: Prop, position: int, entry: Any) -> Reading:
    path = first_unknown(entry, f"{prop.path}.Statement[{position - 1}]")
    if not path:
        known = _statement(prop, position, entry)
        return Reading(least=known, most=known, refusing=known, waiting=None)
    entries = (reaching_least(entry), reaching_most(entry, "Allow"), reaching_most(entry, "Deny"))
    least, most, refusing = (_statement(prop, position, each) for each in entries)
    return Reading(least=least, most=most, refusing=refusing, waiting=prop.owner.undecided(path))


def _statement(prop: Prop, position: int, entry: Mapping[str, Any]) -> Statement:
    return Statement(
        prop=prop,
        label=str(entry.get("Sid") or f"statement {position}"),
        allows=entry.get("Effect") != "Deny",  # what is misspelt is judged as if it allowed
        actions=_texts(entry.get("Action")),
        not_actions=_texts(entry.get("NotAction")),
        resources=_texts(entry.get("Resource")),
        not_resources=_texts(entry.get("NotResource")),
        principals=_principals(entry.get("Principal")),
        not_principals=_principals(entry.get("NotPrincipal")),
        conditions=_conditions(prop, entry.get("Condition") or {}),
    )


def _conditions(prop: Prop, value: Any) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    if not isinstance(value, Mapping) or not all(isinstance(tests, Mapping) for tests in value.values()):
        fix = "Write it as {operator: {key: values}}."
        raise Malformed(prop.owner.violation(f"{prop.path} has a Condition that is no object of objects", fix))
    operators = cast(Mapping[str, Mapping[str, Any]], value)
    return tuple(
        (operator, key.lower(), _texts(values))
        for operator, tests in operators.items()
        for key, values in tests.items()
    )


def _principals(value: Any) -> tuple[tuple[str, str], ...]:
    if isinstance(value, Mapping):
        kinds = cast(Mapping[str, Any], value)
        return tuple((kind, name) for kind, names in kinds.items() for name in _texts(names))
    return tuple(("*", name) for name in _texts(value))


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(item) for item in cast(Iterable[Any], _list(value)))


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(cast(Sequence[Any], value)) if isinstance(value, list | tuple) else [value]
