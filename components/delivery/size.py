"""How the statements of who delivers fit: into one boundary, by fewer and shorter words, and into policies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import filter as matching
from fnmatch import fnmatchcase
from typing import Final

from components.access import Statement
from components.ground.boundary import MAX_CHARACTERS
from contracts.names import ADMIN, PLATFORM, Names

#: Beginnings of actions that all take no resource (Service Authorization Reference; read 2026-11-29).
UNSCOPED: Final = (
    "application-autoscaling:Describe",
    "ec2:DescribeA",
    "ec2:DescribeN",
    "ec2:DescribeP",
    "ec2:DescribeR",
    "elasticloadbalancing:Describe",
    "lakeformation:D",
    "lakeformation:G",
    "lakeformation:L",
    "lakeformation:R",
)


def bounding(names: Names, statements: Iterable[Statement]) -> list[Statement]:
    """A boundary of these statements, by one rule.

    A boundary is one policy, and the exact ones would not fit: actions become their first letters or a word that
    several have (`sagemaker:D*`, `sqs:*Queue*`; of keys their first words), on the resources of all of them, in
    whatever partition, region and account, and of whatever kind where the stack names them. What takes no resource
    stays as it is unless all that begins alike takes none (`UNSCOPED`); so do the conditions of IAM, what uses one key
    and what is denied. What reads IAM alone is apart, or the verbs that change roles would be on boundaries too.
    What is covered beside, the boundary gives to nobody: a role has what it and its policies both name. No statement
    has an id, which IAM does not ask for.
    """
    given = list(statements)
    kept = [s for s in given if s.effect == "Deny" or "kms:Decrypt" in s.actions or _conditional(s)]
    rest = [s for s in given if s not in kept]
    anywhere = [action for s in rest if s.resources == ("*",) for action in s.actions]
    look = [s for s in rest if all(action.startswith(("iam:Get", "iam:List")) for action in s.actions)]
    own = [s for s in rest if s.resources != ("*",) and s not in look]
    alike = _alike(action for s in own for action in s.actions)
    where = [_anywhere_of_its_name(str(resource), names.stack) for s in own for resource in s.resources]
    found = [
        Statement(sid="", effect="Allow", actions=tuple(alike), resources=tuple(_without_covered(where))),
        *_looks(look),
        Statement(sid="", effect="Allow", actions=tuple(_begun(anywhere)), resources=("*",)),
        *_by_key(kept),
    ]
    return [_anywhere(statement) for statement in found]


def _anywhere(statement: Statement) -> Statement:
    """It without an id, in whatever partition, and of services with the same last words as one."""
    resources = (
        re.sub("^arn:[^:]+:", "arn:*:", resource) if isinstance(resource, str) else resource
        for resource in statement.resources
    )
    found = replace(statement, sid="", resources=tuple(resources))
    asked = statement.conditions.get("StringEquals", {}).get("iam:AWSServiceName")
    if not isinstance(asked, Sequence):
        return found
    alike = {re.sub(r"^[^.]+(?=\.[^.]+\.amazonaws\.com$)", "*", str(each)) for each in asked}
    return replace(found, conditions={"StringLike": {"iam:AWSServiceName": sorted(alike)}})


def _looks(statements: Iterable[Statement]) -> list[Statement]:
    """Those that read IAM, as one, in whatever account, and of every stack: that is shorter."""
    actions = _alike(action for s in statements for action in s.actions)
    named = (re.sub(r"::\d+:", "::*:", str(resource)) for s in statements for resource in s.resources)
    where = dict.fromkeys(re.sub(rf"/{ADMIN}/.*", f"/{ADMIN}/*", resource) for resource in named)
    return [Statement(sid="", effect="Allow", actions=tuple(actions), resources=tuple(where))] if actions else []


def _begun(actions: Iterable[str]) -> list[str]:
    """Those that begin alike as one where no action that takes a resource begins so."""
    return sorted({next((f"{each}*" for each in UNSCOPED if action.startswith(each)), action) for action in actions})


def _by_key(statements: Iterable[Statement]) -> list[Statement]:
    """Those of one key, under one condition, as one."""
    merged: list[Statement] = []
    for each in statements:
        same = [
            s
            for s in merged
            if s.effect == "Allow" and (s.resources, s.conditions) == (each.resources, each.conditions)
        ]
        if same and each.actions[0].startswith("kms:"):
            merged[merged.index(same[0])] = replace(same[0], actions=(*same[0].actions, *each.actions))
        else:
            merged.append(each)
    return merged


def _anywhere_of_its_name(resource: str, stack: str) -> str:
    """The ARN in every region, and in every account where it has a name, which may go on: that is shorter.

    A key has none, and one of the account is covered by the pattern of all that are.
    """
    parts = resource.split(":", 5)
    region = "*" if parts[3] else ""
    own = f"/{stack}/*"  # a parameter below the stack's path
    unnamed = (
        not parts[4]
        or (parts[5].endswith("/*") and parts[2] != "glue" and not parts[5].endswith(own))
        or parts[5].startswith("key/")
    )
    account = parts[4] if unnamed else "*"
    found = ":".join([*parts[:3], region, account, parts[5]])
    database = stack.replace("-", "_")
    ends = rf"(-{stack}(-\*)?|_{database}(/\*)?|/ml-platform/{stack}[./]\*)$"
    found = re.sub(ends, lambda each: each[0].rstrip("*./-") + "*", found)
    kinds = rf"^(arn:[^:]+:(?!kms)[^:]+):(?!::)\*?:\*:.*(\*|{PLATFORM})-{stack}\*$"
    return re.sub(kinds, rf"\1:*:*:*-{stack}*", found)


def _without_covered(patterns: Iterable[str]) -> list[str]:
    every = list(dict.fromkeys(patterns))
    return [one for one in every if not any(other != one and fnmatchcase(one, other) for other in every)]


def _alike(actions: Iterable[str]) -> list[str]:
    """Few and short patterns that cover all actions: by the first letter of verbs, or a word that several have."""
    by_service: dict[str, set[str]] = {}
    for action in actions:
        service, _, verb = action.partition(":")
        by_service.setdefault(service, set()).add(verb)
    return sorted(f"{service}:{each}" for service, verbs in by_service.items() for each in _covering(service, verbs))


def _covering(service: str, verbs: set[str]) -> Iterable[str]:
    if service == "kms":  # a pattern of DeleteAlias is none of Decrypt
        return {re.sub(r"(?<!^)[A-Z].*", "*", verb) if verb[0] == "D" else f"{verb[0]}*" for verb in verbs}
    if service == "iam":  # what a role may be given is conditional, and a pattern of DeleteRole unbounds it
        return {verb if verb[0] == "D" else f"{verb[0]}*" for verb in verbs}
    patterns = {f"{verb[0]}*" for verb in verbs}
    patterns |= {f"*{word}*" for verb in verbs for word in re.findall("[A-Z][a-z0-9]{2,}", verb)}
    found, left = list[str](), set(verbs)
    while left:
        best = max(sorted(patterns), key=lambda each: len(matching(left, each)) / len(f'"{service}:{each}",'))
        found.append(best)
        left.difference_update(matching(left, best))
    return found


def fitting(names: Names, statements: Iterable[Statement]) -> list[list[Statement]]:
    """The statements in their order, in as few policies as each can hold: `MAX_CHARACTERS`. One that none can hold is
    parted by its actions."""
    policies: list[list[Statement]] = [[]]
    for statement in (part for whole in statements for part in _parts(names, whole)):
        if policies[-1] and characters(names, [*policies[-1], statement]) > MAX_CHARACTERS:
            policies.append([])
        policies[-1].append(statement)
    return policies


def _parts(names: Names, statement: Statement) -> list[Statement]:
    middle = len(statement.actions) // 2
    if characters(names, [statement]) <= MAX_CHARACTERS or not middle:
        return [statement]
    halves = (statement.actions[:middle], statement.actions[middle:])
    return [part for half in halves for part in _parts(names, replace(statement, actions=half))]


def characters(names: Names, statements: Iterable[Statement]) -> int:
    """How long a policy of these statements is. What is not known yet counts as ingestion's boundary does."""
    longest = names.admin_arn("policy", names.resource("ingestion-boundary"))
    written = {"Version": "2012-10-17", "Statement": [statement.to_dict() for statement in statements]}
    return len(json.dumps(written, separators=(",", ":"), default=lambda _: longest))


def _conditional(statement: Statement) -> bool:
    """In IAM, or in the use of one key."""
    return bool(statement.conditions) and statement.actions[0].startswith(("iam:", "kms:GenerateDataKey"))
