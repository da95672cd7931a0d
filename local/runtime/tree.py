"""A preview for people: one line a component with what is made in it, and each resource that changes by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local.judge.model import Violation
from local.runtime.model import Op, Preview
from local.runtime.registration import STACK_TYPE, qualified_type, urn_name

MARKS: Mapping[Op, str] = {Op.CREATE: "+", Op.UPDATE: "~", Op.REPLACE: "+-", Op.DELETE: "-"}


def told(preview: Preview) -> list[str]:
    """The whole preview: what changes, and what the policies said of it."""
    told = lines(preview)
    policies, resources = preview.judged_by
    told.append(f"{counted(preview.changes) or 'nothing to change'}; {len(preview.changes[Op.SAME])} stay the same")
    told.append(f"{policies} policies judged {resources} resources: no mandatory violation")
    told += _findings(preview.advisories)
    if preview.undecided:
        waiting = sorted({found.policy for found in preview.undecided})
        told.append(
            f"  decided in the update only, of {len(preview.undecided)} values that are not known yet: "
            + ", ".join(waiting)
        )
    return told


def lines(preview: Preview) -> list[str]:
    """Components in the order of their names: counts by operation, what is created by type, what changes by input."""
    groups: dict[str, dict[Op, list[str]]] = {}
    for op in MARKS:
        for urn in preview.changes[op]:
            groups.setdefault(_top(urn, preview.parents), {}).setdefault(op, []).append(urn)
    width = max((len(urn_name(top)) for top in groups), default=0)
    told: list[str] = []
    for top, changes in sorted(groups.items(), key=lambda group: urn_name(group[0])):
        mark = MARKS[next(iter(changes))] if len(changes) == 1 else ""
        made = _by_type(changes.get(Op.CREATE, ()))
        told.append(f"  {mark:2} {urn_name(top):{width}}  {counted(changes)}" + (f": {made}" if made else ""))
        told += [f"     {line}" for op in MARKS if op is not Op.CREATE for line in _changed(op, changes, preview)]
    return told


def document(preview: Preview) -> dict[str, Any]:
    """The preview for programs: every step with the inputs that differ, counts by operation, what is advised, and what
    a refresh found before it.
    """
    return {
        "steps": [
            {"op": op, "urn": urn, "type": _type(urn), "keys": list(preview.changed.get(urn, ()))}
            for op in MARKS
            for urn in preview.changes[op]
        ],
        "counts": {op: len(urns) for op, urns in preview.changes.items() if urns},
        "advisories": [
            {"policy": found.policy, "level": found.level, "message": found.message, "urn": found.urn}
            for found in preview.advisories
        ],
        "refreshed": list(preview.refreshed),
    }


def counted(changes: Mapping[Op, Sequence[str]]) -> str:
    """`31 to create, 2 to update`, empty where nothing changes."""
    return ", ".join(f"{len(changes[op])} to {op}" for op in MARKS if changes.get(op))


def _changed(op: Op, changes: Mapping[Op, Sequence[str]], preview: Preview) -> Iterable[str]:
    for urn in changes.get(op, ()):
        inputs = ", ".join(preview.changed.get(urn, ()))
        yield f"{MARKS[op]:2} {urn_name(urn)} ({_kind(urn)})" + (f": {inputs}" if inputs else "")


def _top(urn: str, parents: Mapping[str, str]) -> str:
    """The component right under the stack that a resource belongs to; itself where it belongs to none."""
    parent = parents.get(urn, "")
    while parent and qualified_type(parent) != STACK_TYPE:
        urn, parent = parent, parents.get(parent, "")
    return urn


def _by_type(urns: Sequence[str]) -> str:
    """`3 Subnet, Vpc`, most first."""
    counts = Counter(map(_kind, urns))
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count} {kind}" if count > 1 else kind for kind, count in ordered)


def _kind(urn: str) -> str:
    return _type(urn).split(":")[-1]


def _type(urn: str) -> str:
    return qualified_type(urn).split("$")[-1]


def _findings(advisories: Sequence[Violation]) -> list[str]:
    """One line a policy: what it says of the first resource, and how many more there are."""
    by_policy: dict[str, list[Violation]] = {}
    for found in advisories:
        by_policy.setdefault(found.policy, []).append(found)
    return [
        f"  advisory: {policy}: {first.message}" + (f" (and {len(others)} more)" if others else "")
        for policy, (first, *others) in by_policy.items()
    ]
