"""The architecture as a Mermaid diagram, drawn from a synth: what there is and what depends on what."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

#: What every other component stands on; drawn as one box, because an arrow to each of the others says nothing.
GROUND = ("network", "keys", "access")
#: How many kinds of resource a box names.
MOST_KINDS = 6
#: What components stand in without belonging to each other.
_FRAMES = ("pulumi:pulumi:Stack", "mlplatform:workload:Workload")
#: Parts of a resource that its own box already implies.
_DETAILS = re.compile(
    r"aws:(iam/|s3/bucket[A-Z]|kms/alias|vpc/|cloudwatch/logGroup|cloudwatch/eventTarget|lambda/permission|"
    r"sns/topicPolicy|sns/topicSubscription|sqs/queuePolicy|ec2/route|ecr/lifecycle|"
    r"ec2/defaultSecurityGroup|ec2/internetGateway)"
)


def mermaid(synth: Mapping[str, Any]) -> str:
    """A Mermaid flowchart of the components in a synth document, arrows in the direction of the data dependencies."""
    resources = {r["urn"]: r for r in synth["resources"]}
    owner = {urn: _component(resource, resources) for urn, resource in resources.items()}
    kinds: dict[str, Counter[str]] = {}
    for urn, resource in resources.items():
        if owner[urn] and resource["type"].startswith("aws:"):
            kinds.setdefault(owner[urn], Counter()).update([resource["type"]])
    arrows = sorted({(owner[a], owner[b]) for a, b in _dependencies(resources) if _worth_drawing(owner[a], owner[b])})
    lines = ["flowchart LR", "  subgraph ground [every component stands on]", "    direction TB"]
    lines += [f"    {_box(name, kinds[name])}" for name in GROUND if name in kinds]
    lines += ["  end"]
    lines += [f"  {_box(name, kinds[name])}" for name in sorted(kinds) if name not in GROUND]
    lines += [f"  {source} --> {target}" for source, target in arrows]
    return "\n".join(lines)


def _component(resource: Mapping[str, Any], resources: Mapping[str, Any]) -> str:
    """Name of the topmost component that a resource belongs to, "" for the stack itself and its provider.

    A workload is no box: its components are.
    """
    while (parent := resources.get(resource.get("parent") or "")) and parent["type"] not in _FRAMES:
        resource = parent
    return resource["name"] if resource["type"].startswith("mlplatform:") else ""


def _dependencies(resources: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for urn, resource in resources.items():
        for dependency in resource.get("dependencies") or ():
            if dependency in resources:
                yield dependency, urn


def _worth_drawing(source: str, target: str) -> bool:
    return bool(source and target) and source != target and source not in GROUND and target not in GROUND


def _box(name: str, kinds: Counter[str]) -> str:
    telling = [(kind, count) for kind, count in kinds.most_common() if not _DETAILS.match(kind)]
    shown = telling[:MOST_KINDS] or kinds.most_common(MOST_KINDS)
    return f'{name}["<b>{name}</b><br/>{"<br/>".join(_labels(shown))}"]'


def _labels(kinds: Sequence[tuple[str, int]]) -> Iterator[str]:
    for kind, count in kinds:
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind.rpartition(":")[2])
        yield f"{count} {words}" if count > 1 else words
