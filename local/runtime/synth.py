"""`synth`: every resource of a stack as JSON, the input of tests, cost, diagram and policy reports.

The values that only AWS can give (ARNs, ids) are those of the sample cloud, so that a policy document can be read as
it will be. `propertyDependencies` says which properties they are. The same program gives the same bytes on every
machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from local import values
from local.runtime.engine import Engine
from local.runtime.registration import Registration, option_fields


def document(engine: Engine) -> dict[str, Any]:
    """The resources that a pass has seen, sorted by URN, and the stack's outputs; secrets are masked."""
    resources = [_resource(engine.registrations[urn]) for urn in sorted(engine.registrations)]
    target = engine.target
    outputs = values.masked(engine.stack_outputs)
    return {"project": target.project, "stack": target.stack, "resources": resources, "outputs": outputs}


def text(content: Mapping[str, Any]) -> str:
    """The document as a file: sorted keys, one indent, a line feed at the end."""
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def _resource(resource: Registration) -> dict[str, Any]:
    options = option_fields(resource.options)
    implicit = {urn for urns in resource.property_dependencies.values() for urn in urns}
    if explicit := [urn for urn in resource.dependencies if urn not in implicit]:
        options["dependsOn"] = explicit
    if resource.provider:
        options["provider"] = resource.provider.rpartition("::")[0]
    return {
        "urn": resource.urn,
        "type": resource.type,
        "name": resource.name,
        "parent": resource.parent,
        "inputs": values.masked(resource.inputs),
        "options": options,
        "dependencies": list(resource.dependencies),
        "propertyDependencies": {key: list(urns) for key, urns in resource.property_dependencies.items()},
    }
