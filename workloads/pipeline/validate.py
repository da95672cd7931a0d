"""Refuses a pipeline definition that SageMaker would refuse, with no AWS call: botocore's model and our own rules.

    from workloads.pipeline import validate
    validate.require(json.loads(body))

The public JSON schema of pipeline definitions is of no use for this: it rejects what the service accepts (EnumValues,
Std:Join in URIs, PropertyFiles ...), being older than those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workloads.pipeline import links, rules, shapes
from workloads.pipeline.graph import steps_of


class InvalidDefinition(ValueError):  # noqa: N818  (reads as what it says: raise InvalidDefinition)
    """The definition has faults. The message lists them, one a line."""


def faults(definition: Mapping[str, Any]) -> list[str]:
    """Every fault of a rendered definition, each with the step, the member, what is found and what is allowed."""
    types = {parameter["Name"]: parameter["Type"] for parameter in definition.get("Parameters", [])}
    found = rules.check(definition) + links.check(definition)
    for step in steps_of(definition["Steps"]):
        found += shapes.check(step, types)
    return found


def require(definition: Mapping[str, Any]) -> None:
    """Raise InvalidDefinition if the definition has any fault."""
    if found := faults(definition):
        raise InvalidDefinition("the pipeline definition is invalid:\n" + "\n".join(found))
