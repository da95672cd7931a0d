"""The project's YAML files as people wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from automation.operations.errors import RefusedError


def read(path: Path) -> dict[str, Any]:
    """A `Pulumi*.yaml`, with its config where it has one. RefusedError for what the engine could not read either."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise RefusedError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error
    except yaml.YAMLError as error:
        raise RefusedError(f"{path} is not YAML: {error}") from error
    content: dict[str, Any] = {} if found is None else _mapping(found, f"{path}: ")
    _mapping(content.get("config") or {}, f"{path}: config: ")
    return content


def _mapping(found: Any, where: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise RefusedError(f"{where}found {type(found).__name__}; write a mapping")
    return found
