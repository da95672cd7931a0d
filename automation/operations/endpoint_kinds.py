"""Whether every endpoint of a stack is of the kind that it was deployed as (`contracts.kinds.changing`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from automation.operations.findings import Finding, Stack
from contracts.kinds import KINDS
from contracts.kinds.changing import refusal

#: GetParameters takes as many names (AWS Systems Manager API reference, read 2026-11-30).
_MOST: Final = 10


def endpoint_kinds(stack: Stack) -> Iterator[Finding]:
    """The signs of release records say the kinds: the program declares the new ones, the account has those deployed."""
    declared = {
        each["name"]: str(each.get("insecureValue", "")) for each in stack.inputs("aws:ssm/parameter:Parameter")
    }
    wanted = {name: kind for name, kind in declared.items() if kind in KINDS}
    names = sorted(wanted)
    for start in range(0, len(names), _MOST):
        answer = stack.client("ssm").get_parameters(Names=names[start : start + _MOST])
        for found in answer["Parameters"]:
            endpoint = found["Name"].rpartition("/")[0]
            refused = refusal(endpoint, found["Value"], wanted[found["Name"]])
            yield Finding(
                subject=f"kind of {endpoint}",
                holds=not refused,
                found=f"the stack has it as {found['Value']}, the config as {wanted[found['Name']]}",
                fix=refused,
            )
