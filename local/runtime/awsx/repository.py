"""The children of `awsx:ecr:Repository`: the repository and its lifecycle policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local.runtime.awsx.component import Component
from local.runtime.errors import ComponentInputError


def expand(component: Component) -> dict[str, Any]:
    """Register the children of a repository and give its outputs."""
    args = dict(component.args)
    policy = args.pop("lifecyclePolicy", None) or {}
    name = component.name.lower()
    repository = component.add("aws:ecr/repository:Repository", name, args, parent=component.resource.urn)
    outputs: dict[str, Any] = {"repository": repository.reference, "url": repository.output("repositoryUrl")}
    if policy.get("skip"):
        return outputs
    inputs = {
        "repository": repository.output("name"),
        "policy": _lifecycle(component, policy),
        "region": args.get("region"),
    }
    lifecycle = component.add("aws:ecr/lifecyclePolicy:LifecyclePolicy", name, inputs, parent=component.resource.urn)
    return outputs | {"lifecyclePolicy": lifecycle.reference}


def _lifecycle(component: Component, policy: Mapping[str, Any]) -> str:
    """The lifecycle document; the rule for any image comes last, as ECR wants it (rule priority)."""
    default = {"description": "remove untagged images", "tagStatus": "untagged", "maximumNumberOfImages": 1}
    rules = policy.get("rules") or [default]
    ordered = [rule for rule in rules if rule.get("tagStatus") != "any"]
    for_any = [rule for rule in rules if rule.get("tagStatus") == "any"]
    if len(for_any) > 1:
        raise ComponentInputError(component.name, ["lifecyclePolicy.rules: found two for 'any' image; allowed: one"])
    document = [_lifecycle_rule(component, index, rule) for index, rule in enumerate([*ordered, *for_any])]
    return json.dumps({"rules": document}, sort_keys=True, separators=(",", ":"))


def _lifecycle_rule(component: Component, index: int, rule: Mapping[str, Any]) -> dict[str, Any]:
    where = f"lifecyclePolicy.rules[{index}]"
    selection: dict[str, Any] = {"tagStatus": rule.get("tagStatus")}
    if selection["tagStatus"] not in ("any", "untagged"):
        if not rule.get("tagPrefixList"):
            raise ComponentInputError(
                component.name, [f"{where}.tagPrefixList: empty; name the tags, or use tagStatus 'any'"]
            )
        selection = {"tagStatus": "tagged", "tagPrefixList": rule["tagPrefixList"]}
    if rule.get("maximumNumberOfImages") is not None:
        selection |= {"countType": "imageCountMoreThan", "countNumber": int(rule["maximumNumberOfImages"])}
    elif rule.get("maximumAgeLimit") is not None:
        selection |= {"countType": "sinceImagePushed", "countNumber": int(rule["maximumAgeLimit"]), "countUnit": "days"}
    else:
        raise ComponentInputError(component.name, [f"{where}: give maximumNumberOfImages or maximumAgeLimit"])
    described = {"description": rule["description"]} if rule.get("description") else {}
    return {"rulePriority": index + 1, "selection": selection, "action": {"type": "expire"}, **described}
