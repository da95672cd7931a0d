"""A YAML text as plain data, with the line of every key kept for error messages.

Stricter than YAML: a key that stands twice in one mapping, a key that is no text (YAML 1.1 reads a bare `on` or `no`
as a boolean) and anchors are faults. PyYAML takes the last of two equal keys without a word, which hides mistakes.
Only below `values` and `class_weights` is a key taken as it is written, because it can be meant as nothing but a text:
{Yes: 1, No: 0}.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, cast

import yaml

from contracts.faults import Path

_TEXT = "tag:yaml.org,2002:str"
_POWER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")


@dataclass(frozen=True, kw_only=True)
class Document:
    """`data` as plain Python; `lines` maps the path of a key or item to its line, from 1; `faults` as (path, sentence).

    `written` has the text of each scalar that its value does not show: a bare Yes is true, 12:30 is 750, 1e6 a text.
    """

    data: Any
    lines: dict[Path, int] = field(default_factory=dict)
    faults: tuple[tuple[Path, str], ...] = ()
    written: dict[Path, str] = field(default_factory=dict[Path, str])

    def line(self, path: Path) -> int:
        """The line of `path`, or of its nearest ancestor that stands in the text."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


def read(text: str) -> Document:
    """Parse `text`. A text that is no YAML at all gives a document with one fault and `data` None."""
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return Document(data=None, faults=(((), "the file is empty; write a contract"),))
        scan = _Scan()
        scan.walk(node, ())
        data = None if scan.anchored else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        return Document(data=None, faults=(((), f"not YAML: {error.problem or error.context}{where}"),))
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a forbidden character; a date like 2026-02-31
        return Document(data=None, faults=(((), f"not YAML: {str(error).splitlines()[0]}"),))
    return Document(data=data, lines=scan.lines, faults=tuple(scan.faults), written=scan.written)


class _Scan:
    """Walks the node tree once; sees each node's place in the text and what the constructor would swallow."""

    def __init__(self) -> None:
        self.lines: dict[Path, int] = {}
        self.faults: list[tuple[Path, str]] = []
        self.seen: set[int] = set()
        self.written: dict[Path, str] = {}
        self.anchored = False

    def walk(self, node: yaml.Node, path: Path) -> None:
        if id(node) in self.seen:
            self.anchored = True
            self.faults.append((path, "an alias (*name) is found; write the value out"))
            return
        self.seen.add(id(node))
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.SequenceNode):
            for index, item in enumerate(cast("list[yaml.Node]", node.value)):
                self.walk(item, (*path, index))
        elif isinstance(node, yaml.MappingNode):
            self._mapping(node, path)
        elif _is_surprising(node):
            self.written[path] = node.value

    def _mapping(self, node: yaml.MappingNode, path: Path) -> None:
        first: dict[str, int] = {}
        kept: list[tuple[yaml.Node, yaml.Node]] = []
        for key, value in cast("list[tuple[yaml.Node, yaml.Node]]", node.value):
            name, line = str(key.value), key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                self.faults.append((path, f"a key in line {line} is a list or a mapping; allowed is a text"))
                continue
            kept.append((key, value))
            if key.tag != _TEXT and not _is_values(path):
                self.faults.append((path, f"key {name} in line {line} is not text for YAML; put it in quotes"))
            key.tag = _TEXT
            if name in first:
                self.faults.append(((*path, name), f"stands twice, in lines {first[name]} and {line}; remove one"))
                continue
            first[name] = line
            self.lines[*path, name] = line
            self.walk(value, (*path, name))
        node.value = kept


def is_power(text: str) -> bool:
    """Whether a bare word is a number to readers and a text for YAML 1.1, which wants a point and a sign: 1.0e+6."""
    return _POWER.fullmatch(text) is not None


def _is_values(path: Path) -> bool:
    return path == ("class_weights",) or (len(path) == 3 and path[0] == "columns" and path[2] == "values")


def _is_surprising(node: yaml.Node) -> bool:
    """Whether YAML 1.1 makes something of a bare word that a reader takes for a text, or a text of a number."""
    kind, text = node.tag.rpartition(":")[2], str(node.value).lower()
    if kind == "str":
        return isinstance(node, yaml.ScalarNode) and node.style is None and is_power(text)
    digits = text.lstrip("+-")
    odd_number = ":" in digits or (len(digits) > 1 and digits[0] == "0" and digits.isdigit())
    return kind == "timestamp" or (kind == "bool" and text not in ("true", "false")) or (kind == "int" and odd_number)
