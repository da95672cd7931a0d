"""The project's YAML files as people wrote them: read, and changed in one line with all others left as they are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

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


def put(path: Path, keys: Sequence[str], value: str) -> str:
    """Write the value of a key, below mappings that stand in the file already; returns what the file said before.

    RefusedError, with what to write by hand, where the file names none of these mappings or has them as text.
    """
    before = path.read_text(encoding="utf-8")
    changed = _with(before, keys, value)
    if changed is None:
        *place, key = keys
        raise RefusedError(f"{path} does not write {'.'.join(place[1:])} out; write it there, with `{key}: {value}`")
    path.write_text(changed, encoding="utf-8")
    return before


def _with(text: str, keys: Sequence[str], value: str) -> str | None:
    """`text` with the value; None where it has no place, or would say something else too."""
    *place, key = keys
    node = yaml.compose(text, yaml.SafeLoader)
    for each in place:
        node = below(node, each)
    if not isinstance(node, yaml.MappingNode) or not node.value:
        return None
    changed = _inserted(text, node, key, value)
    # An anchor's mapping would change wherever it is named.
    return changed if yaml.safe_load(changed) == _changed(yaml.safe_load(text), keys, value) else None


def _changed(found: Any, keys: Sequence[str], value: str) -> dict[str, Any]:
    key, *rest = keys
    return {**found, key: _changed(found[key], rest, value) if rest else value}


def _inserted(text: str, node: yaml.MappingNode, key: str, value: str) -> str:
    known = below(node, key)
    if known is not None:
        return f"{text[: known.start_mark.index]}{value}{text[known.end_mark.index :]}"
    if node.flow_style:
        at = node.value[-1][1].end_mark.index
        return f"{text[:at]}, {key}: {value}{text[at:]}"
    old, at = text.splitlines(keepends=True), last_line(node) + 1
    if old[at - 1][-1] != "\n":
        old[at - 1] += "\n"
    return "".join([*old[:at], f"{' ' * node.value[0][0].start_mark.column}{key}: {value}\n", *old[at:]])


def below(node: yaml.Node | None, key: str) -> yaml.Node | None:
    """The value of a key, where there is one."""
    if not isinstance(node, yaml.MappingNode):
        return None
    pairs = cast("list[tuple[yaml.Node, yaml.Node]]", node.value)
    return next((value for name, value in pairs if name.value == key), None)


def last_line(node: yaml.Node) -> int:
    """The line, from 0, in which the last part of a node ends (a block itself ends after blank lines)."""
    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last: Any = node.value[-1]
        return last_line(last[1] if isinstance(last, tuple) else last)
    return node.end_mark.line - (node.end_mark.column == 0)


def _mapping(found: Any, where: str) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise RefusedError(f"{where}found {type(found).__name__}; write a mapping")
    return found
