"""The children of `awsx:ecr:Repository`: the repository and its lifecycle policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.runtime.awsx.component import Component
from local.runtime.errors import ComponentInputError

#: Limit of a rule -> the API's type of count.
_COUNTS = {"maximumNumberOfImages": "imageCountMoreThan", "maximumAgeLimit": "sinceImagePushed"}


def expand(component: Component) -> dict[str, Any]:
    """Register the children of a repository and give its outputs."""
    args, name = dict(component.args), component.name.lower()
    policy = args.pop("lifecyclePolicy", None) or {}
    repository = component.add("aws:ecr/repository:Repository", name, args, parent=component.resource.urn)
    inputs = {"repository": repository.output("name"), "policy": _lifecycle(component, policy.get("rules") or [])}
    lifecycle = component.add("aws:ecr/lifecyclePolicy:LifecyclePolicy", name, inputs, parent=component.resource.urn)
    return {
        "repository": repository.reference,
        "url": repository.output("repositoryUrl"),
        "lifecyclePolicy": lifecycle.reference,
    }


def _lifecycle(component: Component, rules: list[Mapping[str, Any]]) -> str:
    """The lifecycle document; the rule for any image comes last, as ECR wants it (rule priority)."""
    ordered = sorted(rules, key=lambda rule: rule.get("tagStatus") == "any")
    statuses = [rule.get("tagStatus") for rule in ordered]
    if statuses not in (["untagged", "any"], ["untagged"], ["any"]):
        fault = f"lifecyclePolicy.rules: found {statuses}; the local run expands one rule for 'untagged', one for 'any'"
        raise ComponentInputError(component.name, [fault])
    document = [_rule(component, index, rule) for index, rule in enumerate(ordered)]
    return json.dumps({"rules": document}, sort_keys=True, separators=(",", ":"))


def _rule(component: Component, index: int, rule: Mapping[str, Any]) -> dict[str, Any]:
    limits = [key for key in _COUNTS if rule.get(key) is not None]
    if len(limits) != 1:
        fault = f"lifecyclePolicy.rules[{index}]: found {limits}; give one of {', '.join(_COUNTS)}"
        raise ComponentInputError(component.name, [fault])
    selection = {"tagStatus": rule["tagStatus"], "countType": _COUNTS[limits[0]], "countNumber": int(rule[limits[0]])}
    if limits[0] == "maximumAgeLimit":
        selection["countUnit"] = "days"
    described = {"description": rule["description"]} if rule.get("description") else {}
    return {"rulePriority": index + 1, "selection": selection, "action": {"type": "expire"}, **described}
