"""The child of `awsx:ecr:Repository`: the repository. Its lifecycle policy is declared beside it."""

from __future__ import annotations

from typing import Any

from local.runtime.awsx.component import Component
from local.runtime.errors import ComponentInputError


def expand(component: Component) -> dict[str, Any]:
    """Register the child of a repository and give its outputs."""
    args, name = dict(component.args), component.name.lower()
    policy = args.pop("lifecyclePolicy", None) or {}
    if policy != {"skip": True}:
        fault = (
            f"lifecyclePolicy: found {policy}; the local run expands skip=True alone; declare an "
            "aws.ecr.LifecyclePolicy beside the repository"
        )
        raise ComponentInputError(component.name, [fault])
    repository = component.add("aws:ecr/repository:Repository", name, args, parent=component.resource.urn)
    return {"repository": repository.reference, "url": repository.output("repositoryUrl")}
