"""What an evaluation says as legal JSON (RFC 8259 knows no infinity and no NaN, and SageMaker's JsonGet reads it)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

#: Under which a document says where a number stood that JSON has not, and which.
KEY: Final = "not_finite"


def document(report: Mapping[str, Any]) -> dict[str, Any]:
    """`report` with null for each number that is not finite, and by its path what it is, where there is any."""
    notes = dict(_notes(report, ()))
    found: dict[str, Any] = _with_null(report)
    return {**found, KEY: notes} if notes else found


def _notes(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(value, float) and not math.isfinite(value):
        yield ".".join(path), "undefined" if math.isnan(value) else "infinite" if value > 0 else "infinite, below 0"
    for key, item in _items(value):
        yield from _notes(item, (*path, key))


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((str(key), item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        yield from ((str(index), item) for index, item in enumerate(value))


def _with_null(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_null(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_with_null(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
