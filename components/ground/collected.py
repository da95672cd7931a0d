"""What the permissions boundary says, collected from the policies of every role that a stack can have.

    make boundary       # writes boundary.json beside this file

The roles are those of `every_role.yaml`, a stack with everything on, as `synth` writes them down. One rule makes the
document: what a statement allows on the resources of one workload, it allows on those of every workload of the stack.
So no workload makes it longer.

- In an ARN, a name with the stack's in it is a pattern of the stack, and what follows is `*`:
  `endpoint/churn-prod-live` becomes `endpoint/*-<stack>-*`. One of what others made is any of its type, for a stack
  names it later. An ARN without either stays.
- A condition that tells workloads apart is left out; of others the values are joined. What is allowed under a condition
  and, by another role's statement, without one is said once, without: IAM allows what any statement allows.
- Statements of one service under the same conditions become one, and patterns that differ in nothing but the type of
  resource one with `*` in its place: an action takes no other type than its own. So do the log groups of SageMaker's
  kinds of job.
"""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from components.ground.boundary import DOCUMENT, MAX_CHARACTERS, Bounded, key_token, longest, of_persona, tokens
from components.ground.keys import Domain
from contracts.names import PLATFORM, Names
from settings import Persona

CONFIG: Final = Path(__file__).with_name("every_role.yaml")
#: Names in that config, which occur in no other word.
STACK: Final = "thestack"
WORKLOAD: Final = "theworkload"
#: One that SageMaker's monitor, which the first has, is refused for, and that Step Functions trains.
UNMONITORED: Final = f"{WORKLOAD}two"
#: What somebody else made, whose name says nothing of the stack.
THEIRS: Final = "theirs"
#: Roles in it that have another boundary than jobs.
_ROLES: Final = {
    **{
        whose: frozenset(f"{PLATFORM}-{STACK}-{persona.job}" for persona in Persona if of_persona(persona) is whose)
        for whose in (Bounded.DATA, Bounded.PEOPLE)
    },
    Bounded.INGESTION: frozenset(
        {
            f"{UNMONITORED}-{STACK}-retraining",  # Step Functions trains there
            *(
                f"{workload}-{STACK}-{job}"
                for workload in (WORKLOAD, UNMONITORED)
                for job in (
                    "ingestion",
                    "ingestion-rule",
                    "preparation",
                    "spark",
                    "training-machine",
                    "tuning",
                    "validation",
                )
            ),
        }
    ),
    Bounded.SERVICES: frozenset(
        f"{UNMONITORED}-{STACK}-{endpoint}-{job}"
        for endpoint, jobs in (
            ("c", ("endpoint", "rollback")),
            ("f", ("endpoint", "rollback", "shifting")),
            ("t", ("balancing", "endpoint", "execution", "rollback")),
        )
        for job in jobs
    )
    | {f"{WORKLOAD}-{STACK}-crawler", f"{WORKLOAD}-{STACK}-pull-crm"},
    Bounded.TRACKING: frozenset({f"{UNMONITORED}-{STACK}-tracking"}),
}
#: Operators whose values can be joined: a request has to have one of them, or with IfExists may have none.
_ANY_OF: Final = frozenset({"ArnEquals", "ArnLike", "Bool", "StringEquals", "StringEqualsIfExists", "StringLike"})

#: One of those log groups, with what is in it.
_JOBS: Final = re.compile(r"/aws/sagemaker/[A-Z][a-z]+Jobs\*$")

#: Statement of the actions that take no resource and no condition.
WITHOUT: Final = "without resource"

Document = dict[str, Any]
_Group = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, kw_only=True)
class _Allowed:
    """One action on one pattern; `conditions` are operator, key and value."""

    action: str
    pattern: str
    conditions: frozenset[tuple[str, str, str]]

    @property
    def group(self) -> _Group:
        """What becomes one statement: the service, and what the conditions ask for; all that takes no resource."""
        asked = tuple(sorted({(operator, key) for operator, key, _ in self.conditions}))
        return (WITHOUT if self.pattern == "*" and not asked else self.action.partition(":")[0]), asked


def collect(synth: Mapping[str, Any]) -> dict[str, Document]:
    """The boundaries of the roles of a synthesised stack of `CONFIG`, with tokens for what differs between stacks.

    Raises ValueError where it has more characters than a managed policy may have, for the longest names.
    """
    inputs = [(r["type"], r["inputs"]) for r in synth["resources"]]
    put_in = _tokens(inputs)
    policies: dict[Bounded, list[Mapping[str, Any]]] = {whose: [] for whose in Bounded}
    for kind, each in inputs:
        if kind == "aws:iam/rolePolicy:RolePolicy":
            whose = next((whose for whose, roles in _ROLES.items() if each["role"] in roles), Bounded.JOBS)
            policies[whose].append(json.loads(put_in(each["policy"])))
    return {whose.value: _document(whose, found) for whose, found in policies.items() if found}


def text(documents: Mapping[str, Document]) -> str:
    """The documents as they are committed."""
    return json.dumps(documents, indent=2) + "\n"


def _document(whose: Bounded, policies: Iterable[Mapping[str, Any]]) -> Document:
    groups: dict[_Group, list[_Allowed]] = defaultdict(list)
    for each in _said_once({each for policy in policies for each in _allowed(policy)}):
        groups[each.group].append(each)
    statements = [_statement(group, groups[group]) for group in sorted(groups)]
    document = {"Version": "2012-10-17", "Statement": statements}
    if (size := longest(document)) > MAX_CHARACTERS:
        raise ValueError(
            f"permissions boundary of {whose}: found {size} characters with the longest names; "
            f"allowed: {MAX_CHARACTERS}; give what brings the new actions a boundary of its own"
        )
    return document


def _tokens(inputs: Iterable[tuple[str, Mapping[str, Any]]]) -> Callable[[str], str]:
    """Puts tokens in the place of what is the sample's own."""
    found = defaultdict[str, list[Mapping[str, Any]]](list)
    for kind, each in inputs:
        found[kind].append(each)
    _, partition, _, _, account, _ = found["aws:iam/role:Role"][0]["permissionsBoundary"].split(":", 5)
    (provider,) = found["pulumi:providers:aws"]
    names = Names(stack=STACK, account=account, region=provider["region"], partition=partition)
    keys = {each["name"].rpartition("-")[2]: each["targetKeyId"] for each in found["aws:kms/alias:Alias"]}
    places = {names.arn("kms", f"key/{keys[domain]}"): key_token(domain) for domain in Domain}
    places |= {value: token for token, value in tokens(names).items()}

    def put_in(text: str) -> str:
        for value, token in places.items():
            text = text.replace(value, token)
        return text

    return put_in


def _allowed(document: Mapping[str, Any]) -> Iterator[_Allowed]:
    for statement in document["Statement"]:
        if statement["Effect"] != "Allow":
            continue
        conditions = frozenset(_conditions(statement.get("Condition", {})))
        if any(WORKLOAD in value for _, _, value in conditions):
            conditions = frozenset()
        for action in statement["Action"]:
            for resource in statement["Resource"]:
                yield _Allowed(action=action, pattern=_pattern(resource), conditions=conditions)


def _conditions(written: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for operator, keys in written.items():
        for key, values in keys.items():
            for value in values if isinstance(values, list) else [values]:
                yield operator, key, value


def _pattern(resource: str) -> str:
    named = re.sub(rf"(?:{PLATFORM}|{UNMONITORED}|{WORKLOAD})([-_])<stack>", r"*\1<stack>", resource)
    named = re.sub(rf"/{THEIRS}$", "/*", named)
    return re.sub(r"(<account>-<stack>-ai-|<stack>[-_/:]).*", r"\1*", named)


def _said_once(found: Set[_Allowed]) -> Iterator[_Allowed]:
    """Without what is allowed under a condition and without one too."""
    anyway: dict[str, set[str]] = defaultdict(set)
    for each in found:
        if not each.conditions:
            anyway[each.action].add(each.pattern)
    for each in found:
        if not each.conditions or not any(fnmatchcase(each.pattern, other) for other in anyway[each.action]):
            yield each


def _statement(group: _Group, found: Iterable[_Allowed]) -> Document:
    actions, patterns, tested = set[str](), set[str](), defaultdict[tuple[str, str], set[str]](set)
    for each in found:
        actions.add(each.action)
        patterns.add(each.pattern)
        for operator, key, value in each.conditions:
            if operator not in _ANY_OF:
                raise ValueError(f"{each.action}: found a condition {operator}; allowed: {', '.join(sorted(_ANY_OF))}")
            tested[operator, key].add(value)
    service, asked = group
    words = " ".join([service, *(key.rpartition(":")[2] for _, key in asked)])
    body: Document = {
        "Sid": re.sub(r"(?:^|[ -])(.)", lambda first: first[1].upper(), words),
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": _without_types(_without_covered(_with_jobs(_with_parts(patterns)))),
    }
    if tested:
        body["Condition"] = conditions = defaultdict[str, dict[str, str | list[str]]](dict)
        for (operator, key), values in sorted(tested.items()):
            first, *others = sorted(values)  # analysers of policies want one text where there is one
            conditions[operator][key] = [first, *others] if others else first
    return body


def _with_parts(patterns: Iterable[str]) -> set[str]:
    """A log group and what is in it (`name`, `name:*`) are told by one pattern, which is shorter: `name*`."""
    every = set(patterns)
    both = {one for one in every if f"{one}:*" in every}
    return every - both - {f"{one}:*" for one in both} | {f"{one}*" for one in both}


def _with_jobs(patterns: set[str]) -> set[str]:
    """The log groups that SageMaker's kinds of job write to are told by one pattern."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for pattern in patterns:
        if (shared := _JOBS.sub("/aws/sagemaker/*Jobs*", pattern)) != pattern:
            kinds[shared].append(pattern)
    several = {shared: same for shared, same in kinds.items() if len(same) > 1}
    return patterns.difference(*several.values()) | several.keys()


def _without_covered(patterns: Iterable[str]) -> list[str]:
    """Without what another pattern covers."""
    every = sorted(patterns)
    return [one for one in every if not any(other != one and fnmatchcase(one, other) for other in every)]


def _without_types(patterns: Iterable[str]) -> list[str]:
    """One pattern for those of the same name and different types; a name that is all `*` is none."""
    kinds: dict[tuple[str, str], list[str]] = defaultdict(list)
    for pattern in patterns:
        kind, _, name = pattern.partition("/")
        kinds[kind.rpartition(":")[0], name].append(pattern)
    merged = {
        f"{service}:*/{name}" if len(same) > 1 and name.strip("*") else one
        for (service, name), same in kinds.items()
        for one in same
    }
    return _without_covered(merged)


if __name__ == "__main__":
    DOCUMENT.write_text(text(collect(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))), encoding="utf-8")
