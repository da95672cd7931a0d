"""The containers of an ECS task definition, which the provider takes as JSON text."""

from __future__ import annotations

from typing import Any, cast

from ..reading import Prop


def containers(definitions: Prop) -> list[Prop]:
    """Each container of `containerDefinitions`; raises like `Prop.parsed` when the text is unknown or no JSON."""
    parsed = definitions.parsed()
    items = cast(list[Any], parsed) if isinstance(parsed, list) else []
    return [Prop(definitions.owner, f"{definitions.path}[{index}]", item) for index, item in enumerate(items)]
