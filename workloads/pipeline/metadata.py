"""What the package of a rendered definition says of itself beside what every one says."""

from __future__ import annotations

import json
from typing import Any

from workloads.pipeline.graph import walk


def put(document: Any, name: str, value: str) -> None:
    """Into the metadata of each package that the parsed definition registers."""
    for _, node in walk(document):
        if isinstance(node, dict) and "CustomerMetadataProperties" in node:
            node["CustomerMetadataProperties"][name] = value


def with_metadata(definition: str, name: str, value: str) -> str:
    """The definition with it, as `render` has them."""
    document = json.loads(definition)
    put(document, name, value)
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
