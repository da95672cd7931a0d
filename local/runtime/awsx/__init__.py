"""The remote components of pulumi-awsx 3.x, expanded into the children that their plugin would register.

The plugin is a Node.js process of the engine. Without it the components would be empty shells, and neither the
policies nor the emulator would see a subnet. Names, types, parents, inputs and tags are those of awsx (repository
pulumi/pulumi-awsx, awsx/ec2/vpc.ts and awsx/ecr/repository.ts); what is not carried over is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.runtime.awsx import repository, vpc
from local.runtime.awsx.component import Component, Expansion, property_dependencies, read
from local.runtime.errors import UnsupportedError

__all__ = ["Component", "Expansion", "expand"]

_COMPONENTS: Mapping[str, Callable[[Component], dict[str, Any]]] = {
    "awsx:ec2:Vpc": vpc.expand,
    "awsx:ecr:Repository": repository.expand,
}


def expand(component: Component) -> Expansion:
    """Register the children of a remote component. Raises UnsupportedError for a component that is not known here."""
    expansion = _COMPONENTS.get(component.resource.type)
    if expansion is None:
        known = ", ".join(_COMPONENTS)
        raise UnsupportedError(
            f"{component.resource.urn}: a remote component that the local run cannot expand; it knows {known}"
        )
    outputs = expansion(component)
    return Expansion(
        outputs={key: read(value) for key, value in outputs.items() if value is not None},
        property_dependencies=property_dependencies(outputs),
    )
