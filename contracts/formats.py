"""The compiled form of a contract over the versions of this code: its number, and a reader of the one before.

A model package carries the contract it was trained under, so the champion's is as old as the champion. Whoever changes
the compiled form raises `CURRENT` and writes the step from the former one; older forms than that are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

CURRENT = 2

Document = dict[str, Any]


def upgraded(document: Any) -> Document:
    """A compiled contract in the present form, without its number. ValueError for a form that is not readable here."""
    if not isinstance(document, dict):
        raise ValueError(f"a {type(document).__name__} is found; allowed is an object")  # noqa: TRY004 - see from_json
    found = document.get("format", 1)  # the first form had no number
    if found == CURRENT:
        return {key: value for key, value in document.items() if key != "format"}
    if found not in _STEPS:
        raise ValueError(
            f"format {found!r} is found; this code reads {', '.join(map(str, (*_STEPS, CURRENT)))}; run the code that "
            "wrote it, or train the model again"
        )
    return _STEPS[found](document)


def _from_1(document: Document) -> Document:
    """Missing values were the empty text, and `null` and `nan` where no text was wanted; bounds had fixed names."""
    columns = [
        {**column, "missing": [] if column["type"] == "string" else ["null", "nan"]} for column in document["columns"]
    ]
    return {**document, "columns": columns, "quality": _bounds(document["quality"])}


def _bounds(quality: Document) -> list[Document]:
    """`min_auc: x` as the bounds of `auc`."""
    found: list[Document] = []
    for key, value in quality.items():
        end, _, metric = key.partition("_")
        found.append({"metric": metric, end: value})
    return found


_STEPS: dict[int, Callable[[Document], Document]] = {1: _from_1}
