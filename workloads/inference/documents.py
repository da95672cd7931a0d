"""The rows of a JSON body one by one, for bodies that the typed decoder has refused, in bounded memory.

A body of 6 MB can stand for millions of small lists: decoded as a whole it would take a hundred times its size. So a
large one is only checked for being JSON, and its rows are then cut out of it one at a time, until the reader has seen
enough. Rows are objects of plain values; what is anything else ends the search, as nothing after it can be cut out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from workloads.inference.errors import Fault, invalid, malformed, show

INSTANCES = "instances"
WHOLE_BYTES = 256 * 1024  # a body or a row of more than this is not decoded as a whole
ROW = "a row as an object"
_EXPECTED = 'a row as an object, a list of rows, or {"instances": [...]}'
_SPACE = rb"[ \t\r\n]*+"
INSTANCES_FIRST = re.compile(rb'\s*\{\s*"instances"\s*:')
_FIRST = re.compile(_SPACE + rb'(?:\{%b"%b"%b:%b)?\[' % (_SPACE, INSTANCES.encode(), _SPACE, _SPACE))
# An object without lists and objects in it, and what stands after it. Possessive: nothing is ever tried again.
_FLAT = re.compile(
    _SPACE + rb'(\{[^"{}\[\]]*+(?:"[^"\\]*+(?:\\.[^"\\]*+)*+"[^"{}\[\]]*+)*+\})' + _SPACE + rb"([,\]])", re.DOTALL
)
_END = re.compile(_SPACE + rb"\]")
_SHOWN_BYTES = 57


def rows_of(body: bytes) -> tuple[Iterator[Any], bool]:
    """The decoded rows of a body, and whether it is one row by itself.

    A Fault in place of a row says why that one, and none after it, is not read. Raises Refused: 400 for what is not
    JSON, 422 for JSON that has no rows.
    """
    if len(body) <= WHOLE_BYTES:
        return _whole(_decoded(body))
    _decoded(body, msgspec.Raw)
    start = _FIRST.match(body)
    if start is None:
        allowed = f"at most {WHOLE_BYTES} where a value is not of its column's type"
        raise invalid([Fault(found=f"one row of {len(body)} bytes", allowed=allowed)])
    return _cut(body, start.end()), False


def _decoded(body: bytes, kind: Any = Any) -> Any:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise malformed(f"the body is not JSON: {fault}" if body.strip() else "the body is empty; send a row") from None


def _whole(document: Any) -> tuple[Iterator[Any], bool]:
    if isinstance(document, dict):
        if INSTANCES not in document:
            return iter([document]), True
        for key in document.keys() - {INSTANCES}:
            raise invalid([Fault(field=key, found="an unknown field", allowed=f"{INSTANCES!r} alone")])
        document = document[INSTANCES]
    if not isinstance(document, list):
        raise invalid([Fault(found=show(document), allowed=_EXPECTED)])
    return iter(document), False


def _cut(body: bytes, position: int) -> Iterator[Any]:
    while match := _FLAT.match(body, position):
        row, after = match.groups()
        if len(row) > WHOLE_BYTES:
            allowed = f"at most {WHOLE_BYTES} where a value is not of its column's type"
            yield Fault(found=f"a row of {len(row)} bytes", allowed=allowed)
            return
        try:
            yield msgspec.json.decode(row)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise malformed(f"the body is not JSON: {error}") from None
        position = match.end()
        if after == b"]":
            break
    else:
        if not _END.match(body, position):  # it is no empty list
            shown = body[position : position + _SHOWN_BYTES].strip().decode(errors="replace")
            yield Fault(found=f"{shown}...", allowed=f"{ROW} of plain values")
            return
    if body[position:].strip(b" \t\r\n]}"):
        yield Fault(found=f"more than {INSTANCES!r}", allowed=f"{INSTANCES!r} alone")
