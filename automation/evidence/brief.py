"""What an approval should know of a stack in a line: what would change, what it costs, what the policies say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from automation.evidence.comment import OPS

_NOT_THERE: Final = "not known"
Found = Mapping[str, Any]


def brief(before: float | None, *, preview: Found | None, cost: Found | None, policies: Found | None) -> str:
    """One line, without quotes or line breaks. `before` is what a month costs as the stack is (USD), None if nobody
    wrote it down; what is None of the rest was not to be had, and the line says so."""
    return f"Changes: {_changes(preview)}. Price: {_price(before, cost)}. Policies: {_verdict(policies)}."


def _changes(preview: Found | None) -> str:
    if preview is None:
        return _NOT_THERE
    ops = [step["op"] for step in preview["steps"]]
    return ", ".join(f"{ops.count(op)} {op}" for op in OPS if op in ops) or "none"


def _price(before: float | None, cost: Found | None) -> str:
    if cost is None:
        return _NOT_THERE
    total = cost["total"]["usd"]
    change = f", {total - before:+.2f} by this" if before is not None else ""
    return f"{total:.2f} USD a month{change}"


def _verdict(policies: Found | None) -> str:
    if policies is None:
        return _NOT_THERE
    return "some stop it" if policies["stops"] else "none stops it"
