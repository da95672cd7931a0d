"""The one IAM simulator of the tests: what a role of a synthesised stack may do.

As IAM evaluates a request within one account (IAM user guide, "Policy evaluation logic"): some statement of the role's
policies allows it, some statement of its boundary does too, and no statement of either denies it. Resource policies are
left out: where they deny, the role can do less than is said here.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.emulator.policy_statements import Request, applies, as_list

Statement = Mapping[str, Any]
#: What services say of themselves where roles ask for it: in the roles' favour, so that what is refused is refused.
FACTS: Mapping[str, str] = {"iam:PassedToService": "sagemaker.amazonaws.com", "kms:GrantIsForAWSResource": "true"}


@dataclass(frozen=True, kw_only=True)
class Role:
    """A role: the statements of its policies, and of its boundary where the stack makes it."""

    name: str
    statements: Sequence[Statement]
    boundary: Sequence[Statement] | None

    def may(self, action: str, resource: str, facts: Mapping[str, str] | None = None) -> bool:
        """Whether the role may do it; `facts` are condition keys and their values."""
        return allows(self.statements, self.boundary, action, resource, {**FACTS, **(facts or {})})

    def never(self, action: str, resource: str, facts: Mapping[str, str] | None = None) -> bool:
        """Whether it is denied to the role, whatever other policies it is given."""
        request = Request(action=action, resource=resource, facts={**FACTS, **(facts or {})})
        return "Deny" in _effects(self.statements, request)

    def actions_on(self, resource: str, facts: Mapping[str, str] | None = None) -> set[str]:
        """The actions that name a resource and that the role may do on it."""
        named = {a for s in self.statements if "*" not in s["Resource"] for a in s["Action"]}
        return {action for action in named if self.may(action, resource, facts)}


def allows(
    policy: Sequence[Statement],
    boundary: Sequence[Statement] | None,
    action: str,
    resource: str,
    facts: Mapping[str, str],
) -> bool:
    """Whether an identity policy and its boundary allow a request together."""
    request = Request(action=action, resource=resource, facts=facts)
    both = [policy] if boundary is None else [policy, boundary]
    return all(_effects(statements, request) == {"Allow"} for statements in both)


def roles(synth: Mapping[str, Any]) -> dict[str, Role]:
    """Name of every role of a synthesised stack -> the role."""
    inputs: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for resource in synth["resources"]:
        inputs[resource["type"]].append(resource["inputs"])
    managed = {each["name"]: statements(each["policy"]) for each in inputs["aws:iam/policy:Policy"]}
    policies: dict[str, list[Statement]] = defaultdict(list)
    for each in inputs["aws:iam/rolePolicy:RolePolicy"]:
        policies[each["role"]] += statements(each["policy"])
    for each in inputs["aws:iam/rolePolicyAttachment:RolePolicyAttachment"]:
        policies[each["role"]] += managed[each["policyArn"].rpartition("/")[2]]
    return {
        role["name"]: Role(
            name=role["name"],
            statements=policies[role["name"]],
            boundary=managed.get(role.get("permissionsBoundary", "").rpartition("/")[2]),
        )
        for role in inputs["aws:iam/role:Role"]
    }


def statements(document: str) -> list[Statement]:
    """The statements of an identity policy: they hold for whoever has it."""
    return [{**each, "Principal": "*"} for each in json.loads(document)["Statement"]]


def asked(statement: Statement) -> Iterator[tuple[str, str, Mapping[str, str]]]:
    """Requests that a statement speaks of: each action on each resource with each value that a condition asks for.

    A pattern's `*` is filled in.
    """
    conditions = [
        (key, str(value).replace("*", "x"))
        for operator, keys in statement.get("Condition", {}).items()
        if operator != "Null"
        for key, values in keys.items()
        for value in as_list(values)
    ]
    for action in statement["Action"]:
        for resource in statement["Resource"]:
            for key, value in conditions or [("", "")]:
                yield action, resource.replace("*", "x"), {**dict(conditions), key: value}


def _effects(listed: Sequence[Statement], request: Request) -> set[str]:
    return {statement["Effect"] for statement in listed if applies(statement, request)}
